/*
 * tape.ts - a window into the recording, wherever the index says that there
 * is one: groups are fetched as they are needed and kept in a ring.
 */
import type { Span } from '../model/ledger';
import type { Days, Place } from './days';
import type { Ranges } from './ranges';
import { Ring } from './ring';
import type { CameraKeys } from './track';

const GAP_US = 1_000_000;
const WINDOW_US = 60_000_000;
const KEYS_AT_ONCE = 12; /* listed groups, when only key frames are wanted */

export class Tape {
  ring = new Ring();
  fast = false; /* key frames alone */
  readonly lost: Span[] = []; /* indexed, but the server did not have it */
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

  private async fetch(p: Place, until: number): Promise<boolean> {
    const ring = this.ring;
    const ok = await this.ranges.get(
      this.keys, this.keys.camera.stream,
      { run: p.run, index: p.index, until, about: p.time, keys: this.fast },
      {
        unit: (u) => ring.add(u),
        verified: (run, first, last) => ring.verify(run, first, last),
        trouble: () => {},
      });
    if (!ok && ring === this.ring) this.have.delete(this.name(p));
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
