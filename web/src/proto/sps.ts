/*
 * sps.ts - the size of the pictures, out of a sequence parameter set (ITU-T
 * H.264 section 7.3.2.1.1). The same as src/proto/avc.c.
 */
import { Fault } from '../base/fault';

const WITH_CHROMA = [100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135];
const SIDE_MAX = 16384;
const REFERENCES_MAX = 255; /* in a cycle of picture order count type 1 */

export interface Size {
  width: number;
  height: number;
}

/* Throws SYNTAX. */
export function sizeOf(width: number, height: number): Size {
  if (width < 1 || width > SIDE_MAX || height < 1 || height > SIDE_MAX)
    throw new Fault('SYNTAX', 'sps');
  return { width, height };
}

/* Reads bits; emulation prevention octets (00 00 03) are left out. */
export class Bits {
  private bit = 0;
  private readonly from: number[] = [];

  constructor(nal: Uint8Array, header = 1) {
    let zeros = 0;
    for (const o of nal.subarray(header)) {
      if (zeros >= 2 && o === 3) {
        zeros = 0;
        continue;
      }
      zeros = o === 0 ? zeros + 1 : 0;
      this.from.push(o);
    }
  }

  u(n: number): number {
    let v = 0;
    for (; n > 0; n--) {
      const o = this.from[this.bit >> 3];
      if (o === undefined) throw new Fault('SYNTAX', 'sps');
      v = v * 2 + ((o >> (7 - (this.bit & 7))) & 1);
      this.bit++;
    }
    return v;
  }

  /* Exp-Golomb; the signed ones are as long. */
  ue(): number {
    let zeros = 0;
    while (this.u(1) === 0) if (++zeros > 31) throw new Fault('SYNTAX', 'sps');
    return 2 ** zeros - 1 + this.u(zeros);
  }

  se(): number {
    const v = this.ue();
    return v % 2 ? (v + 1) / 2 : -v / 2;
  }
}

function listSkip(b: Bits, n: number): void {
  let last = 8;
  let next = 8;
  for (let i = 0; i < n; i++) {
    if (next !== 0) next = (last + (b.se() % 256) + 256) % 256;
    last = next === 0 ? last : next;
  }
}

/* The chroma format: 0 none, 1 4:2:0, 2 4:2:2, 3 4:4:4. */
function chroma(b: Bits): number {
  const format = b.ue();
  if (format > 3) throw new Fault('SYNTAX', 'sps');
  if (format === 3) b.u(1);
  b.ue();
  b.ue();
  b.u(1);
  if (b.u(1))
    for (let i = 0; i < (format === 3 ? 12 : 8); i++) if (b.u(1)) listSkip(b, i < 6 ? 16 : 64);
  return format;
}

function orderSkip(b: Bits): void {
  const type = b.ue();
  if (type === 0) b.ue();
  if (type !== 1) return;
  b.u(1);
  b.ue();
  b.ue();
  const n = b.ue();
  if (n > REFERENCES_MAX) throw new Fault('SYNTAX', 'sps');
  for (let i = 0; i < n; i++) b.ue();
}

/* Throws SYNTAX. */
export function spsSize(sps: Uint8Array): Size {
  const b = new Bits(sps);
  const profile = b.u(8);
  b.u(16);
  b.ue();
  const format = WITH_CHROMA.includes(profile) ? chroma(b) : 1;
  b.ue();
  orderSkip(b);
  b.ue();
  b.u(1);
  const across = b.ue() + 1;
  const down = b.ue() + 1;
  const frames = b.u(1);
  if (!frames) b.u(1);
  b.u(1);
  const crop = b.u(1) ? [b.ue(), b.ue(), b.ue(), b.ue()] : [0, 0, 0, 0];
  const x = format === 1 || format === 2 ? 2 : 1;
  const y = (format === 1 ? 2 : 1) * (2 - frames);
  const width = across * 16 - x * (crop[0]! + crop[1]!);
  const height = down * 16 * (2 - frames) - y * (crop[2]! + crop[3]!);
  return sizeOf(width, height);
}

/* Of an avcC: its first set. */
export function avccSize(avcc: Uint8Array): Size {
  return spsSize(avcc.subarray(8, 8 + ((avcc[6]! << 8) | avcc[7]!)));
}
