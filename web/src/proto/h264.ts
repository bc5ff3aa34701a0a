/*
 * h264.ts - access units as they travel (each NAL unit behind a u32 length)
 * to what WebCodecs takes. That is the same form, with the parameter sets
 * beside it (ISO 14496-15, avcC): WebKit decodes no Annex-B.
 */
import { Fault } from '../base/fault';
import { join, u16, u8, type Octets } from '../base/octets';

const SPS = 7;
const PPS = 8;
const DELIMITER = 9;
const SETS_MAX = 31; /* of each kind: avcC counts no further; as src/proto/avc.c */
const HIGH = [100, 110, 122, 144];

/* The start and end of each NAL unit. Throws SYNTAX. */
export function* units(sample: Uint8Array): Generator<[number, number]> {
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

/* What a decoder must know before the first picture. */
export interface Setup {
  codec: string; /* "avc1.64001f" */
  description: Octets; /* avcC */
}

const listed = (sets: Uint8Array[]) => join(...sets.flatMap((s) => [u16(s.length), s]));

function setupOf(sps: Uint8Array[], pps: Uint8Array[]): Setup | null {
  const first = sps[0];
  if (!first || first.length < 4 || pps.length === 0) return null;
  const profile = first.subarray(1, 4);
  const high = HIGH.includes(profile[0]!) ? [0xfd, 0xf8, 0xf8, 0] : []; /* 4:2:0, 8 bits */
  return {
    codec: `avc1.${[...profile].map((o) => o.toString(16).padStart(2, '0')).join('')}`,
    description: join(
      u8(1), profile, u8(0xff), u8(0xe0 | sps.length), listed(sps), u8(pps.length), listed(pps),
      Uint8Array.from(high)),
  };
}

export interface Picture {
  data: Octets; /* without parameter sets */
  setup: Setup | null; /* null when there are none inside */
}

/* Throws SYNTAX, LIMIT: more or longer sets than there may be. */
export function pictureOf(sample: Octets): Picture {
  const sps: Uint8Array[] = [];
  const pps: Uint8Array[] = [];
  const slices: Uint8Array[] = [];
  let aside = false;
  for (const [from, to] of units(sample)) {
    const type = sample[from]! & 31;
    if (type === SPS || type === PPS) {
      const n = (type === SPS ? sps : pps).push(sample.subarray(from, to));
      if (n > SETS_MAX || to - from > 0xffff) throw new Fault('LIMIT', 'sets');
    }
    if (type === SPS || type === PPS || type === DELIMITER) aside = true;
    else slices.push(sample.subarray(from - 4, to));
  }
  return { data: aside ? join(...slices) : sample, setup: setupOf(sps, pps) };
}
