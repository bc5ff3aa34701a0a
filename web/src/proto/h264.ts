/*
 * h264.ts - access units as they travel (each NAL unit behind a u32 length)
 * to what WebCodecs takes: Annex-B, and the codec's name from the SPS.
 */
import { Fault } from '../base/fault';
import type { Octets } from '../base/octets';

const SPS = 7;

/* The start and end of each NAL unit. Throws SYNTAX. */
function* units(sample: Uint8Array): Generator<[number, number]> {
  const view = new DataView(sample.buffer, sample.byteOffset, sample.byteLength);
  let at = 0;
  while (at < sample.length) {
    if (sample.length - at < 5) throw new Fault('SYNTAX', 'access unit');
    const n = view.getUint32(at);
    if (n === 0 || n > sample.length - at - 4) throw new Fault('SYNTAX', 'access unit');
    yield [at + 4, at + 4 + n];
    at += 4 + n;
  }
}

/* In place: a start code is as long as the length. */
export function annexB(sample: Octets): Octets {
  for (const [from] of units(sample)) {
    sample.fill(0, from - 4, from);
    sample[from - 1] = 1;
  }
  return sample;
}

/* "avc1.64001f", or null when there is no SPS. Before annexB(). */
export function codecName(sample: Uint8Array): string | null {
  for (const [from, to] of units(sample)) {
    if ((sample[from]! & 31) !== SPS || to - from < 4) continue;
    const profile = [...sample.subarray(from + 1, from + 4)];
    return `avc1.${profile.map((o) => o.toString(16).padStart(2, '0')).join('')}`;
  }
  return null;
}
