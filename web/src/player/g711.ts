/*
 * g711.ts - µ-law and A-law (ITU-T G.711) to samples from -1 to 1.
 */
import { PCMU } from '../proto/sound';

function mulaw(o: number): number {
  const v = ~o & 255;
  const size = ((((v & 15) << 3) + 132) << ((v >> 4) & 7)) - 132;
  return v & 128 ? -size : size;
}

function alaw(o: number): number {
  const v = o ^ 0x55;
  const e = (v >> 4) & 7;
  const size = e === 0 ? ((v & 15) << 4) + 8 : (((v & 15) << 4) + 264) << (e - 1);
  return v & 128 ? size : -size;
}

const table = (of: (o: number) => number) => Float32Array.from({ length: 256 }, (_, o) => of(o) / 32768);
const MU = table(mulaw);
const A = table(alaw);

/* One plane for each channel. */
export function g711(codec: number, channels: number, octets: Uint8Array): Float32Array<ArrayBuffer>[] {
  const values = codec === PCMU ? MU : A;
  const n = Math.floor(octets.length / channels);
  return Array.from({ length: channels }, (_, c) =>
    Float32Array.from({ length: n }, (_v, i) => values[octets[i * channels + c]!]!));
}
