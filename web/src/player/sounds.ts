/*
 * sounds.ts - the sound beside a ring's pictures: records in order of time,
 * of the last minute and a little.
 */
import type { Sound } from '../proto/sound';
import { soundScale } from '../proto/sound';
import { Recent } from './recent';

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

export class Sounds extends Recent<SoundUnit> {
  constructor(private readonly keep_us = KEEP_US) {
    super();
  }

  protected size(u: SoundUnit): number {
    return u.sound.media.length;
  }

  protected trim(): void {
    const last = this.units[this.units.length - 1]!;
    while (this.units[0]!.time < last.time - this.keep_us || this.octets > OCTETS_MAX) this.drop(1);
  }

  /* What is heard from one time (µs) to another, in order. */
  between(from: number, to: number): SoundUnit[] {
    return this.units.filter((u) => u.time < to && u.time + lengthUs(u) > from);
  }
}
