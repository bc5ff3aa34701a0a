/*
 * h265.ts - access units of H.265 to what WebCodecs takes: the same form with
 * the parameter sets beside it (ISO 14496-15, hvcC), and the codec's name
 * (annex E there).
 */
import { Fault } from '../base/fault';
import { join, u16, u8, type Octets } from '../base/octets';
import { units, type Picture, type Setup } from './h264';
import { Bits } from './sps';

const VPS = 32;
const SPS = 33;
const PPS = 34;
const DELIMITER = 35;
const HEADER_OCTETS = 2; /* of a NAL unit */
const PROFILE_OCTETS = 12; /* from its space to its level */

interface Said {
  profile: number[]; /* as hvcC has it */
  layers: number;
  nested: number;
  chroma: number;
  luma: number; /* bits over 8 */
  colour: number;
}

function layersSkip(b: Bits, more: number): void {
  const present = Array.from({ length: more }, () => [b.u(1), b.u(1)]);
  for (let i = more; more > 0 && i < 8; i++) b.u(2);
  for (const [profile, level] of present) {
    for (let i = 0; profile && i < 11; i++) b.u(8);
    if (level) b.u(8);
  }
}

/* ITU-T H.265 section 7.3.2.2. Throws SYNTAX. */
function spsRead(sps: Uint8Array): Said {
  const b = new Bits(sps, HEADER_OCTETS);
  b.u(4);
  const more = b.u(3);
  const nested = b.u(1);
  const profile = Array.from({ length: PROFILE_OCTETS }, () => b.u(8));
  layersSkip(b, more);
  b.ue();
  const chroma = b.ue();
  if (chroma > 3) throw new Fault('SYNTAX', 'sps');
  if (chroma === 3) b.u(1);
  b.ue();
  b.ue();
  if (b.u(1)) for (let i = 0; i < 4; i++) b.ue();
  return { profile, layers: more + 1, nested, chroma, luma: b.ue() & 7, colour: b.ue() & 7 };
}

/* "hvc1.1.6.L93.B0" */
export function codecName(profile: number[]): string {
  const first = profile[0]!;
  let compatible = 0;
  for (let i = 0; i < 32; i++)
    if ((profile[1 + (i >> 3)]! >> (7 - (i & 7))) & 1) compatible += 2 ** i;
  const limits = profile.slice(5, 11);
  while (limits.length > 0 && limits[limits.length - 1] === 0) limits.pop();
  const hex = (n: number) => n.toString(16).toUpperCase();
  return ['hvc1', `${['', 'A', 'B', 'C'][first >> 6]}${first & 31}`, hex(compatible),
    `${first & 32 ? 'H' : 'L'}${profile[11]}`, ...limits.map(hex)].join('.');
}

function setupOf(sets: Map<number, Uint8Array[]>): Setup | null {
  const sps = sets.get(SPS)?.[0];
  if (!sps || !sets.has(VPS) || !sets.has(PPS)) return null;
  const s = spsRead(sps);
  const lists = [VPS, SPS, PPS].map((type) => {
    const all = sets.get(type)!;
    return join(u8(0x80 | type), u16(all.length), ...all.flatMap((n) => [u16(n.length), n]));
  });
  return {
    codec: codecName(s.profile),
    description: join(
      u8(1), Uint8Array.from(s.profile), u16(0xf000), u8(0xfc), u8(0xfc | s.chroma), u8(0xf8 | s.luma),
      u8(0xf8 | s.colour), u16(0), u8((s.layers << 3) | (s.nested << 2) | 3), u8(3), ...lists),
  };
}

/* Throws SYNTAX. */
export function picture265(sample: Octets): Picture {
  const sets = new Map<number, Uint8Array[]>();
  const slices: Uint8Array[] = [];
  let aside = false;
  for (const [from, to] of units(sample)) {
    const type = (sample[from]! >> 1) & 63;
    if (type >= VPS && type <= PPS) sets.set(type, [...(sets.get(type) ?? []), sample.subarray(from, to)]);
    if (type >= VPS && type <= DELIMITER) aside = true;
    else slices.push(sample.subarray(from - 4, to));
  }
  return { data: aside ? join(...slices) : sample, setup: setupOf(sets) };
}
