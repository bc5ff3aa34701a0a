/*
 * index.ts - what a row of a camera's index carries: docs/FORMATS.md section
 * 3. Octets in, fields out; times become µs since 1970.
 */
import { Reader, hex } from '../base/codec';
import { Fault } from '../base/fault';
import { TRACKS, type TrackKind } from './people';
import type { Octets } from '../base/octets';

export const HOUR_US = 3_600_000_000;
const STEP_US = 1_000_000 / 16;
const STEP_MAX = 255;

/* What goes on with a camera: 0 it runs, a reason of its own, or one of these. */
export const SERVER_AWAY = 64;
export const UPLINK_SLOW = 65;
export const SERVER_DISK = 66; /* it had no room, or its disk was too slow */

export interface IndexGroup {
  time: number;
  index: number;
  motion: number; /* 0 to 1 */
}
export interface IndexRun {
  as: TrackKind | null;
  run: string; /* hex */
  first: number;
  last: number;
  lastIndex: number;
  groups: IndexGroup[];
}
/* The row before: it must be there, too. */
export interface IndexBefore {
  run: string;
  index: number;
  hour: number;
  to: number;
}
export interface IndexHour {
  hour: number; /* UTC, since 1970 */
  from: number;
  to: number; /* what this row knows about */
  before: IndexBefore | null;
  states: { time: number; state: number }[];
  runs: IndexRun[];
}

function groups(r: Reader, count: number, base: number): IndexGroup[] {
  const all: IndexGroup[] = [];
  let time = base - STEP_US;
  let index = 0;
  for (let i = 0; i < count; i++) {
    const step = r.u8();
    const motion = r.u8() / 255;
    const records = r.u16();
    time += (step || STEP_MAX) * STEP_US;
    if (step === 0) continue;
    index += records;
    all.push({ time, index, motion });
  }
  return all;
}

/* Throws SYNTAX, UNSUPPORTED. */
export function indexParse(octets: Octets): IndexHour {
  const r = new Reader(octets);
  if (r.u8() !== 1) throw new Fault('UNSUPPORTED', 'index');
  const hour = r.u32();
  const at = (n: number) => hour * HOUR_US + n * STEP_US;
  const [from, to] = [at(r.u16()), at(r.u16())];
  const run = hex(r.octets(8));
  const b = { run, index: r.u32(), hour: r.u32(), to: 0 };
  b.to = b.hour * HOUR_US + r.u16() * STEP_US;
  const states = Array.from({ length: r.u16() }, () => ({ time: at(r.u16()), state: r.u8() }));
  const runs = Array.from({ length: r.u16() }, () => {
    const as = TRACKS[r.u8() - 1] ?? null;
    const id = hex(r.octets(8));
    const [first, last] = [at(r.u16()), at(r.u16())];
    const lastIndex = r.u32();
    return { as, run: id, first, last, lastIndex, groups: groups(r, r.u16(), first) };
  });
  r.end();
  return { hour, from, to, before: b.index ? b : null, states, runs };
}

/* The three records of a row, before its padding. Throws SYNTAX. */
export function rowParse(sealed: Octets): Octets[] {
  const r = new Reader(sealed);
  if (r.u8() !== 1 || r.u8() !== 1) throw new Fault('UNSUPPORTED', 'row');
  const records: Octets[] = [];
  for (let n = r.u32(); n > 0; n = r.u32()) records.push(r.octets(n));
  if (records.length !== 3) throw new Fault('SYNTAX', 'row');
  return records;
}
