/*
 * sounds.ts - the sound beside a ring's pictures: records in order of time,
 * of the last minute and a little.
 */
import type { Sound } from '../proto/sound';
import { soundScale } from '../proto/sound';

/* One record, ready for a decoder. */
export interface SoundUnit {
  run: string;
  index: number;
  time: number; /* µs, the hub's, of its first sample */
  sound: Sound;
}

const KEEP_US = 80_000_000;
const OCTETS_MAX = 8 << 20;

export function lengthUs(u: SoundUnit): number {
  return (u.sound.length * 1e6) / soundScale(u.sound);
}

export class Sounds {
  private units: SoundUnit[] = [];
  private readonly known = new Set<string>();
  private octets = 0;

  constructor(private readonly keep_us = KEEP_US) {}

  get length(): number {
    return this.units.length;
  }

  add(u: SoundUnit): void {
    const name = `${u.run}:${u.index}`;
    if (this.known.has(name)) return;
    this.known.add(name);
    this.octets += u.sound.media.length;
    let i = this.units.length;
    while (i > 0 && this.units[i - 1]!.time > u.time) i--;
    this.units.splice(i, 0, u);
    this.trim();
  }

  private trim(): void {
    const last = this.units[this.units.length - 1]!;
    while (this.units[0]!.time < last.time - this.keep_us || this.octets > OCTETS_MAX) {
      const u = this.units.shift()!;
      this.octets -= u.sound.media.length;
      this.known.delete(`${u.run}:${u.index}`);
    }
  }

  clear(): void {
    this.units = [];
    this.known.clear();
    this.octets = 0;
  }

  /* What is heard from one time (µs) to another, in order. */
  between(from: number, to: number): SoundUnit[] {
    return this.units.filter((u) => u.time < to && u.time + lengthUs(u) > from);
  }
}
