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

export class Tape {
  ring = new Ring();
  fast = false; /* key frames alone */
  readonly lost: Span[] = []; /* indexed, but the server did not have it */
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

  private async fetch(p: Place, until: number): Promise<boolean> {
    const ring = this.ring;
    let reached = 0;
    const ok = await this.ranges.get(
      this.keys, this.stream,
      { run: p.run, index: p.index, until, about: p.time, keys: this.fast },
      {
        unit: (u) => ring.add(u),
        sound: (u) => ring.sounds.add(u),
        verified: (run, first, last) => ring.verify(run, first, last),
        trouble: () => {},
        reached: (index) => { reached = index; },
      });
    /* the hub's index says how far it goes */
    if (ok && !this.fast && reached < until - 1 && p.end < now() - SETTLED_US)
      this.lost.push({ from: Math.max(p.time, ring.at(ring.find(p.end))?.time ?? 0), to: p.end });
    if (!ok && ring === this.ring) this.have.delete(this.name(p));
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
    const job = this.fetch(p, all[last]!.until).then((ok) => {
      /* it may come later: a hub sends what it said while the server was away */
      const at = this.lost.findIndex((l) => l.from === p.time);
      if (at >= 0) this.lost.splice(at, 1);
      if (!ok) this.lost.push({ from: p.time, to: all[last]!.end });
      return ok;
    });
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
