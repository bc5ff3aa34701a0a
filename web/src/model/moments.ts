/*
 * moments.ts - when something moved, from what the index tells of each group.
 * Pure.
 */
export interface Moved {
  time: number; /* µs */
  motion: number; /* 0 to 1 */
}
export interface Moment {
  from: number;
  to: number;
  most: number;
}

const LEAST = 0.2;
const JOIN_US = 20_000_000;
const GROUP_US = 2_500_000; /* what is listed lasts so long at least */

/* Movements in order; moved in order of time, too. */
export function moments(moved: Moved[]): Moment[] {
  const all: Moment[] = [];
  for (const m of moved) {
    if (m.motion < LEAST) continue;
    const last = all[all.length - 1];
    if (last && m.time - last.to <= JOIN_US) {
      last.to = m.time + GROUP_US;
      last.most = Math.max(last.most, m.motion);
    } else all.push({ from: m.time, to: m.time + GROUP_US, most: m.motion });
  }
  return all;
}
