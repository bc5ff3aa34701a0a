/*
 * ring.ts - the last minute and a little, as units in order of time: what was
 * watched live and what was fetched of the time before.
 */
import { Recent } from './recent';
import { Sounds } from './sounds';
import type { Unit } from './track';

export const MINUTE_US = 60_000_000;
const KEEP_US = 80_000_000;
const OCTETS_MAX = 96 << 20;

export class Ring extends Recent<Unit> {
  readonly sounds: Sounds; /* beside these pictures */

  constructor(private readonly keep_us = KEEP_US, private readonly octetsMax = OCTETS_MAX) {
    super();
    this.sounds = new Sounds(keep_us);
  }

  get first(): Unit | undefined {
    return this.units[0];
  }

  get last(): Unit | undefined {
    return this.units[this.units.length - 1];
  }

  at(i: number): Unit | undefined {
    return this.units[i];
  }

  override clear(): void {
    super.clear();
    this.sounds.clear();
  }

  protected size(u: Unit): number {
    return u.data.length;
  }

  /* Whole groups go, the oldest first. */
  protected trim(): void {
    const last = this.units[this.units.length - 1]!;
    for (;;) {
      let next = 1;
      while (next < this.units.length && !this.units[next]!.key) next++;
      const second = this.units[next];
      if (!second) return;
      if (second.time > last.time - this.keep_us && this.octets <= this.octetsMax) return;
      this.drop(next);
    }
  }

  verify(run: string, first: number, last: number): void {
    for (let i = this.units.length - 1; i >= 0; i--) {
      const u = this.units[i]!;
      if (u.run === run && u.index >= first && u.index <= last) u.verified = true;
      if (u.run === run && u.index < first) return;
    }
  }

  /* The newest unit at or before that time; else the oldest. */
  find(time: number): number {
    let low = 0;
    let high = this.units.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.units[middle]!.time <= time) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  /* The key frame that the unit at i builds on; -1: it is not here. */
  keyOf(i: number): number {
    while (i >= 0 && !this.units[i]!.key) i--;
    return i;
  }

  /* Where a unit is now; -1: it is gone. */
  indexOf(u: Unit): number {
    const i = this.find(u.time);
    return this.units[i] === u ? i : this.units.indexOf(u);
  }

  /* The newest unit that a mark verified, or -1. */
  lastVerified(): number {
    let i = this.units.length - 1;
    while (i >= 0 && !this.units[i]!.verified) i--;
    return i;
  }
}
