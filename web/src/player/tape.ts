/*
 * tape.ts - a window into the recording, wherever the index says that there
 * is one: groups are fetched as they are needed and kept in a ring.
 */
import { now } from '../model/clock';
import type { Span } from '../model/ledger';
import type { Days, Place } from './days';
import type { Ranges } from './ranges';
import { Ring } from './ring';
import type { CameraKeys } from './track';

const GAP_US = 1_000_000;
const WINDOW_US = 60_000_000;
const KEYS_AT_ONCE = 12; /* listed groups, when only key frames are wanted */
const SETTLING_US = 10_000_000; /* what is newer may not be on the server's disk yet */

export class Tape {
  ring = new Ring();
  fast = false; /* key frames alone */
  private readonly missed = new Map<string, Span>(); /* indexed, and not given */
  private readonly have = new Map<string, Promise<boolean>>();

  constructor(
    private readonly ranges: Ranges, private readonly keys: CameraKeys, readonly days: Days,
  ) {}

  clear(): void {
    this.ring = new Ring();
    this.have.clear();
  }

  private name(p: Place): string {
    return `${p.run}:${p.index}`;
  }

  /* What the index lists, and the server did not give when it was asked. */
  get lost(): Span[] {
    return [...this.missed.values()];
  }

  /* Of the groups that were asked for, those whose mark came. */
  private miss(asked: Place[], signed: Set<string>): void {
    for (const p of asked) {
      if (signed.has(this.name(p))) this.missed.delete(this.name(p));
      else if (p.time < now() - SETTLING_US)
        this.missed.set(this.name(p), { from: p.time, to: p.end });
    }
  }

  private async fetch(asked: Place[]): Promise<boolean> {
    const ring = this.ring;
    const p = asked[0]!;
    const until = asked[asked.length - 1]!.until;
    const signed = new Set<string>();
    const broken = this.ranges.broken;
    const ok = await this.ranges.get(
      this.keys, this.keys.camera.stream,
      { run: p.run, index: p.index, until, about: p.time, keys: this.fast },
      {
        unit: (u) => ring.add(u),
        verified: (run, first, last) => {
          ring.verify(run, first, last);
          for (const a of asked) if (a.run === run && a.index >= first && a.index <= last) signed.add(this.name(a));
        },
        trouble: () => {},
      });
    if (this.ranges.broken === broken) this.miss(asked, signed);
    if (!ok && ring === this.ring) for (const a of asked) this.have.delete(this.name(a));
    return ok;
  }

  /* The group at i, and with it those behind that one question can bring. */
  load(i: number): Promise<boolean> {
    const all = this.days.places('main');
    const p = all[i];
    if (!p) return Promise.resolve(false);
    const known = this.have.get(this.name(p));
    if (known) return known;
    let last = i;
    while (this.fast && last < i + KEYS_AT_ONCE && all[last + 1]?.run === p.run) last++;
    const job = this.fetch(all.slice(i, last + 1));
    for (let k = i; k <= last; k++) this.have.set(this.name(all[k]!), job);
    return job;
  }

  /* Far from what is here: the window begins anew. */
  private near(time: number): boolean {
    const { first, last } = this.ring;
    return !!first && !!last && time > first.time - WINDOW_US / 4 && time < last.time + WINDOW_US / 4 &&
      last.time - time < WINDOW_US;
  }

  /*
   * What was recorded at that time, into the ring. False: nothing was, or the
   * server does not give it out.
   */
  async around(time: number): Promise<boolean> {
    await this.days.cover(time, time);
    const i = this.days.at('main', time);
    const p = this.days.places('main')[i];
    if (!p || time > p.end + GAP_US) return false;
    if (!this.near(time)) this.clear();
    if (!(await this.load(i))) return false;
    /* the index rounds down: the picture may be the last of the group before */
    const first = this.ring.at(this.ring.find(time));
    if (first && first.time > time && i > 0) await this.load(i - 1);
    return true;
  }

  /* The place after the one that the time is in. */
  next(time: number): { i: number; place: Place } | null {
    const i = this.days.at('main', time) + 1;
    const place = this.days.places('main')[i];
    return place ? { i, place } : null;
  }

  before(time: number): number {
    return this.days.at('main', time) - 1;
  }
}
