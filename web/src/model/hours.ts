/*
 * hours.ts - which hour's private key opens a run. A header names its hour by
 * a short id that looks random, so the reader derives ids until one fits:
 * first those around now, then the 90 days before, then the spare.
 */
import { hex } from '../base/codec';
import type { KxPair } from '../crypto/kx';
import { HOUR_SPARE, hourId, hourPair } from '../crypto/names';

const NEAR_HOURS = 3;
export const LIST_HOURS = 2160; /* 90 days: what a hub is handed */

export function hourOf(time_us: number): number {
  return Math.floor(time_us / 3_600_000_000);
}

export class HourKeys {
  private readonly hours = new Map<string, number>();
  private readonly named = new Set<number>();
  private readonly pairs = new Map<number, Promise<KxPair>>();

  constructor(private readonly thing: CryptoKey) {}

  private async name(hour: number): Promise<void> {
    if (this.named.has(hour)) return;
    this.named.add(hour);
    this.hours.set(hex(await hourId(this.thing, hour)), hour);
  }

  private async find(id: string, now: number): Promise<number | undefined> {
    for (let h = now + NEAR_HOURS; h >= now - NEAR_HOURS && !this.hours.has(id); h--)
      await this.name(h);
    if (!this.hours.has(id)) await this.name(HOUR_SPARE);
    for (let h = now; h > now - LIST_HOURS && !this.hours.has(id); h--) await this.name(h);
    return this.hours.get(id);
  }

  /* The pair of that hour id, and whether it is the spare; null: none fits. */
  async get(id: Uint8Array, now_us: number): Promise<{ pair: KxPair; spare: boolean } | null> {
    const hour = await this.find(hex(id), hourOf(now_us));
    if (hour === undefined) return null;
    let pair = this.pairs.get(hour);
    if (!pair) this.pairs.set(hour, (pair = hourPair(this.thing, hour)));
    return { pair: await pair, spare: hour === HOUR_SPARE };
  }
}
