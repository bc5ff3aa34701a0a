/*
 * tape.ts - a window into the recording, wherever the index says that there
 * is one: groups are fetched as they are needed and kept in a ring.
 */
import { now } from '../model/clock';
import type { Span } from '../model/ledger';
import type { Days, Place } from './days';
import type { Quality } from './messages';
import type { Ranges } from './ranges';
import { Ring } from './ring';
import type { CameraKeys } from './track';

const GAP_US = 1_000_000;
const SETTLED_US = 120_000_000; /* younger may still be on its way to the disk */
const WINDOW_US = 60_000_000;
const KEYS_AT_ONCE = 12; /* listed groups, when only key frames are wanted */
const SETTLING_US = 10_000_000; /* what is newer may not be on the server's disk yet */

export class Tape {
  ring = new Ring();
  fast = false; /* key frames alone */
  private readonly missed = new Map<string, Span>(); /* indexed, and not given */
  private readonly have = new Map<string, Promise<boolean>>();
  private asked = 0;

  constructor(
    private readonly ranges: Ranges, private readonly keys: CameraKeys, readonly days: Days,
    private readonly as: Quality,
  ) {}

  private get stream(): string {
    return this.as === 'sub' ? this.keys.camera.sub : this.keys.camera.stream;
  }

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

  /* Of the groups that were asked for, those whose mark came; of the last one, all. */
  private miss(asked: Place[], signed: Set<string>, reached: number): void {
    for (const p of asked) {
      if (signed.has(this.name(p))) this.missed.delete(this.name(p));
      else if (p.time < now() - SETTLING_US)
        this.missed.set(this.name(p), { from: p.time, to: p.end });
    }
    const p = asked[asked.length - 1]!;
    if (this.fast || this.missed.has(this.name(p)) || reached >= p.until - 1 || p.end > now() - SETTLED_US) return;
    this.missed.set(this.name(p), { from: Math.max(p.time, this.ring.at(this.ring.find(p.end))?.time ?? 0), to: p.end });
  }

  private async fetch(asked: Place[]): Promise<boolean> {
    const ring = this.ring;
    let reached = 0;
    const p = asked[0]!;
    const until = asked[asked.length - 1]!.until;
    const signed = new Set<string>();
    const broken = this.ranges.broken;
    const ok = await this.ranges.get(
      this.keys, this.stream,
      { run: p.run, index: p.index, until, about: p.time, keys: this.fast },
      {
        unit: (u) => ring.add(u),
        sound: (u) => ring.sounds.add(u),
        verified: (run, first, last) => {
          ring.verify(run, first, last);
          for (const a of asked) if (a.run === run && a.index >= first && a.index <= last) signed.add(this.name(a));
        },
        trouble: () => {},
        reached: (index) => { reached = index; },
      });
    if (this.ranges.broken === broken) this.miss(asked, signed, reached);
    if (!ok && ring === this.ring) for (const a of asked) this.have.delete(this.name(a));
    return ok;
  }

  /* The group at i, and with it those behind that one question can bring. */
  load(i: number): Promise<boolean> {
    const all = this.days.places(this.as);
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
   * server does not give it out; or somebody asked for another time since, and
   * the window is theirs.
   */
  async around(time: number): Promise<boolean> {
    const n = ++this.asked;
    await this.days.cover(time, time);
    if (n !== this.asked) return false;
    const i = this.days.at(this.as, time);
    const p = this.days.places(this.as)[i];
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
    const i = this.days.at(this.as, time) + 1;
    const place = this.days.places(this.as)[i];
    return place ? { i, place } : null;
  }

  before(time: number): number {
    return this.days.at(this.as, time) - 1;
  }
}
