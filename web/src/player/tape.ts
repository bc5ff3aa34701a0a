/*
 * tape.ts - a window into the recording, wherever the index says that there
 * is one: groups are fetched as they are needed and kept in a ring.
 */
import { now } from '../model/clock';
import type { Span } from '../model/ledger';
import { SETTLING_US, type Days, type Place } from './days';
import type { Quality } from './messages';
import type { Ranges } from './ranges';
import { Ring } from './ring';
import type { CameraKeys, Unit } from './track';

const GAP_US = 1_000_000;
const SETTLED_US = 120_000_000; /* younger may still be on its way to the disk */
const WINDOW_US = 60_000_000;
const KEYS_AT_ONCE = 12; /* listed groups, when only key frames are wanted */
const PARTS_MAX = 64;
const AGAIN_MS = 5000; /* before a place is asked for again of which there was nothing */

/* A picture of one place, for which somebody waits. */
interface Wanted {
  place: string;
  time: number;
  came(): void; /* one more at or before that time */
  there(): void; /* one behind it: the picture itself is here */
}

export class Tape {
  ring = new Ring();
  fast = false; /* key frames alone */
  private readonly missed = new Map<string, Span>(); /* indexed, and not given */
  private readonly have = new Map<string, Promise<boolean>>();
  private readonly coming = new Set<string>(); /* places that were asked for, and are not all here */
  private readonly refused = new Map<string, number>(); /* ms, when the server had nothing of it */
  private parts: Span[] = []; /* all that was recorded from there to there is in the ring */
  private wanted: Wanted | null = null;
  private grouping: { at: string; job: Promise<void> } | null = null; /* one group of a place, under way */
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
    this.coming.clear();
    this.refused.clear();
    this.parts = [];
    this.wanted = this.grouping = null;
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

  /* The pictures of one answer, in order. */
  private taker(places: string[]): (u: Unit) => void {
    const ring = this.ring;
    let part: Span | null = null;
    return (u) => {
      ring.add(u);
      if (ring !== this.ring) return;
      if (!part) this.parts = [...this.parts.slice(-PARTS_MAX), part = { from: u.time, to: u.time }];
      part.to = Math.max(part.to, u.time);
      const w = this.wanted;
      if (!w || !places.includes(w.place)) return;
      if (u.time > w.time) w.there();
      else w.came();
    };
  }

  private async fetch(asked: Place[]): Promise<boolean> {
    const ring = this.ring;
    const names = asked.map((a) => this.name(a));
    let reached = 0;
    const p = asked[0]!;
    const until = asked[asked.length - 1]!.until;
    const signed = new Set<string>();
    const broken = this.ranges.broken;
    const ok = await this.ranges.get(
      this.keys, this.stream,
      { run: p.run, index: p.index, until, about: p.time, keys: this.fast },
      {
        unit: this.taker(names),
        sound: (u) => ring.sounds.add(u),
        verified: (run, first, last) => {
          ring.verify(run, first, last);
          for (const a of asked) if (a.run === run && a.index >= first && a.index <= last) signed.add(this.name(a));
        },
        trouble: () => {},
        reached: (index) => { reached = index; },
      });
    if (this.ranges.broken === broken) this.miss(asked, signed, reached);
    if (ring !== this.ring) return ok;
    for (const n of names) {
      this.coming.delete(n);
      if (ok) continue;
      this.have.delete(n);
      this.refused.set(n, performance.now());
    }
    return ok;
  }

  /*
   * The one group of a place that a picture should be in, by how far into the
   * place it is: a listed place has two or more of them, and they come and
   * open one after the other.
   */
  private async group(p: Place, time: number): Promise<boolean> {
    const part = p.end > p.time ? Math.max(0, (time - p.time) / (p.end - p.time)) : 0;
    const index = Math.min(p.until - 1, p.index + Math.floor(part * (p.until - p.index)));
    /* who plays comes to it again before it is here: it is asked for once */
    const at = `${this.name(p)}:${index}`;
    if (this.grouping?.at !== at) {
      const mine = this.grouping = { at, job: this.groupFetch(p, index) };
      const over = () => { if (this.grouping === mine) this.grouping = null; };
      mine.job.then(over, over);
    }
    await this.grouping.job;
    return this.has(time);
  }

  private async groupFetch(p: Place, index: number): Promise<void> {
    const ring = this.ring;
    await this.ranges.get(
      this.keys, this.stream, { run: p.run, index, within: true, until: index + 1, about: p.time },
      {
        unit: this.taker([this.name(p)]),
        sound: (u) => ring.sounds.add(u),
        verified: (run, first, last) => ring.verify(run, first, last),
        trouble: () => {},
      });
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
    const asked = all.slice(i, last + 1);
    for (const a of asked) this.coming.add(this.name(a));
    const job = this.fetch(asked);
    for (const a of asked) this.have.set(this.name(a), job);
    return job;
  }

  private placeOf(time: number): Place | undefined {
    return this.days.places(this.as)[this.days.at(this.as, time)];
  }

  /* Or there is no more of it, for now. */
  private whole(p: Place): boolean {
    const n = this.name(p);
    if (performance.now() - (this.refused.get(n) ?? -Infinity) < AGAIN_MS) return true;
    return this.have.has(n) && !this.coming.has(n);
  }

  /* What is not here yet of the place that this time is in; null: all is. */
  rest(time: number): Promise<boolean> | null {
    const p = this.placeOf(time);
    return p && !this.whole(p) ? this.load(this.days.at(this.as, time)) : null;
  }

  /* Whether the picture of that time is here, if there is one, and not only one before it. */
  has(time: number): boolean {
    const p = this.placeOf(time);
    return !p || time > p.end || this.whole(p) || this.parts.some((x) => x.from <= time && time < x.to);
  }

  /* No longer than until what was recorded at that time, and one behind it, is here. */
  private async until(
    p: Place, time: number, came: () => void, ask: () => Promise<boolean>,
  ): Promise<boolean> {
    const there = new Promise<boolean>((go) => {
      this.wanted = { place: this.name(p), time, came, there: () => go(true) };
    });
    const mine = this.wanted;
    const ok = await Promise.race([ask(), there]);
    if (this.wanted === mine) this.wanted = null;
    return ok;
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
   * the window is theirs. What comes behind it goes on coming. came: there is
   * more in the ring of what leads to it.
   */
  async around(time: number, came: () => void = () => {}): Promise<boolean> {
    const n = ++this.asked;
    if (!this.days.lists(this.as, time)) await this.days.cover(time, time);
    if (n !== this.asked) return false;
    const i = this.days.at(this.as, time);
    const p = this.days.places(this.as)[i];
    if (!p || time > p.end + GAP_US) return false;
    if (!this.near(time)) this.clear();
    const known = this.fast || this.have.has(this.name(p));
    if (!known && (await this.until(p, time, came, () => this.group(p, time)))) return true;
    if (n !== this.asked) return false;
    if (!(await this.until(p, time, came, () => this.load(i)))) return false;
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
