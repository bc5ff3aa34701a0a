/*
 * h265.ts - access units of H.265 to what WebCodecs and films take: the same
 * form with the parameter sets beside it (ISO 14496-15, hvcC), and the codec's
 * name (annex E there). The box and the size are those of src/proto/hevc.c.
 */
import { Fault } from '../base/fault';
import { join, u16, u8, type Octets } from '../base/octets';
import { units, type Picture, type Setup } from './h264';
import { Bits, sizeOf, type Size } from './sps';

const VPS = 32;
const SPS = 33;
const PPS = 34;
const DELIMITER = 35;
const HEADER_OCTETS = 2; /* of a NAL unit */
const PROFILE_OCTETS = 12; /* from its space to its level */
const LAYERS_MORE = 6; /* of time, over the first */
const DEPTH_MORE = 7; /* bits over 8 */
const SETS_MAX = 64; /* of each kind */

interface Said {
  profile: number[]; /* as hvcC has it */
  layers: number;
  nested: number;
  chroma: number;
  luma: number; /* bits over 8 */
  colour: number;
  size: Size;
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
  if (more > LAYERS_MORE) throw new Fault('SYNTAX', 'sps');
  const profile = Array.from({ length: PROFILE_OCTETS }, () => b.u(8));
  layersSkip(b, more);
  b.ue();
  const chroma = b.ue();
  if (chroma > 3) throw new Fault('SYNTAX', 'sps');
  if (chroma === 3) b.u(1);
  const across = b.ue();
  const down = b.ue();
  const crop = b.u(1) ? [b.ue(), b.ue(), b.ue(), b.ue()] : [0, 0, 0, 0];
  const size = sizeOf(
    across - (chroma === 1 || chroma === 2 ? 2 : 1) * (crop[0]! + crop[1]!),
    down - (chroma === 1 ? 2 : 1) * (crop[2]! + crop[3]!));
  const luma = b.ue();
  const colour = b.ue();
  if (luma > DEPTH_MORE || colour > DEPTH_MORE) throw new Fault('SYNTAX', 'sps');
  return { profile, layers: more + 1, nested, chroma, luma, colour, size };
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

/* What a film needs, too. */
export interface Setup265 extends Setup {
  size: Size;
}

interface Picture265 extends Picture {
  setup: Setup265 | null;
}

function setupOf(sets: Map<number, Uint8Array[]>): Setup265 | null {
  const sps = sets.get(SPS)?.[0];
  if (!sps || !sets.has(VPS) || !sets.has(PPS)) return null;
  const s = spsRead(sps);
  const lists = [VPS, SPS, PPS].map((type) => {
    const all = sets.get(type)!;
    return join(u8(0x80 | type), u16(all.length), ...all.flatMap((n) => [u16(n.length), n]));
  });
  return {
    codec: codecName(s.profile),
    size: s.size,
    description: join(
      u8(1), Uint8Array.from(s.profile), u16(0xf000), u8(0xfc), u8(0xfc | s.chroma), u8(0xf8 | s.luma),
      u8(0xf8 | s.colour), u16(0), u8((s.layers << 3) | (s.nested << 2) | 3), u8(3), ...lists),
  };
}

/* Throws SYNTAX, LIMIT: more or longer sets than there may be. */
export function picture265(sample: Octets): Picture265 {
  const sets = new Map<number, Uint8Array[]>();
  const slices: Uint8Array[] = [];
  let aside = false;
  for (const [from, to] of units(sample)) {
    const type = (sample[from]! >> 1) & 63;
    if (type >= VPS && type <= PPS) {
      const list = sets.get(type) ?? [];
      if (list.push(sample.subarray(from, to)) > SETS_MAX || to - from > 0xffff) throw new Fault('LIMIT', 'sets');
      sets.set(type, list);
    }
    if (type >= VPS && type <= DELIMITER) aside = true;
    else slices.push(sample.subarray(from - 4, to));
  }
  return { data: aside ? join(...slices) : sample, setup: setupOf(sets) };
}
