/*
 * deck.ts - plays what was: a time is sought, its picture shown at once from
 * the group's key frame, then exactly; on from there at a speed, or a picture
 * at a time. Where nothing is recorded it says so, or goes on behind.
 *
 *   here --seek--> fetching --> here | gap
 *   here --play--> playing --end of what is recorded--> live
 */
import { now } from '../model/clock';
import type { Decoder } from './decoder';
import type { Past } from './past';
import type { Ring } from './ring';
import type { Tape } from './tape';
import type { Unit } from './track';

export interface DeckEvents {
  changed(): void;
  live(): void; /* it reached the present */
}

const JUMP_US = 1_500_000; /* a hole this long is jumped over */
const AHEAD_US = 6_000_000;
const MINUTE_US = 60_000_000;
const WAIT_MS = 80;
const FAST = 4; /* from here on only key frames */
const LATE_US = 3_000_000; /* so near to the present it is live */

export class Deck {
  private target: Unit | null = null;
  private cursor: Unit | null = null; /* last one fed */
  private keyDrawn = false;
  private wish: number | null = null; /* µs: wanted, being fetched */
  private number = 0; /* of the newest seek */
  private base = { time: 0, at: 0 };
  private timer: ReturnType<typeof setTimeout> | undefined;
  private ring: Ring;
  playing = false;
  private plays = false; /* once what is sought is here */
  speed = 1;
  gap = false; /* nothing is recorded at this time */

  constructor(
    private readonly liveRing: Ring, private readonly past: Past, readonly tape: Tape,
    private readonly decoder: Decoder, private readonly events: DeckEvents,
  ) {
    this.ring = liveRing;
  }

  get loading(): boolean {
    return this.wish !== null && !this.gap;
  }

  /* µs: where it stands; null: nowhere yet. */
  get time(): number | null {
    return this.wish ?? this.target?.time ?? null;
  }

  get shown(): Unit | null {
    return this.target;
  }

  end(): void {
    this.pause();
    this.plays = false;
    this.number++;
    this.target = this.cursor = null;
    this.wish = null;
    this.gap = false;
  }

  /* Whether that picture is one to draw. */
  wants(u: Unit): boolean {
    if (this.playing) return u.time >= (this.target?.time ?? 0) || u === this.target;
    const firstKey = u.key && !this.keyDrawn;
    this.keyDrawn ||= firstKey;
    return u === this.target || firstKey;
  }

  isTarget(u: Unit): boolean {
    return u === this.target;
  }

  /* --- seeking --- */

  private covers(ring: Ring, time: number): boolean {
    const { first, last } = ring;
    if (!first || !last || time < first.time || time > last.time + JUMP_US) return false;
    const u = ring.at(ring.find(time))!;
    return time - u.time < JUMP_US;
  }

  private ringAt(time: number): Ring | null {
    if (!this.fast && this.covers(this.liveRing, time)) return this.liveRing;
    return this.covers(this.tape.ring, time) ? this.tape.ring : null;
  }

  private get fast(): boolean {
    return this.playing && this.speed > FAST;
  }

  async seek(time: number): Promise<void> {
    const n = ++this.number;
    this.plays ||= this.playing;
    this.pause();
    this.gap = false;
    if (!this.ringAt(time)) {
      this.wish = time;
      this.events.changed();
      await this.fetch(time);
      if (n !== this.number) return;
    }
    const ring = this.ringAt(time);
    this.wish = null;
    if (ring) this.show(ring, ring.find(time));
    else {
      this.gap = true;
      this.wish = time;
    }
    this.events.changed();
    if (this.plays) this.play(true, this.speed);
  }

  private async fetch(time: number): Promise<void> {
    /* what is younger than the index's newest row is found without it */
    if (time > now() - 2 * MINUTE_US) await this.past.fill();
    if (!this.ringAt(time)) await this.tape.around(time);
  }

  private show(ring: Ring, i: number, exact = false): void {
    const from = ring.keyOf(i);
    const target = ring.at(i);
    if (from < 0 || !target) return;
    this.ring = ring;
    this.decoder.reset();
    this.target = this.cursor = target;
    this.keyDrawn = exact || i - from < 4; /* near: only the picture itself */
    for (let k = from; k <= i; k++) this.decoder.feed(ring.at(k)!, true);
  }

  /* A picture on or back. */
  async step(by: 1 | -1): Promise<void> {
    this.pause();
    this.plays = false;
    const at = this.cursor;
    if (!at) return;
    let i = this.ring.indexOf(at) + by;
    if (i < 0) {
      await this.tape.load(this.tape.before(at.time));
      if (this.ring === this.liveRing && this.tape.ring.length > 0) this.ring = this.tape.ring;
      i = this.ring.find(at.time - 1);
    }
    if (!this.ring.at(i)) {
      const next = this.tape.next(at.time);
      if (next) await this.tape.load(next.i);
    }
    const u = this.ring.at(i);
    if (!u || u === at) return;
    if (by > 0 && !u.key) {
      this.target = this.cursor = u;
      this.keyDrawn = true;
      this.decoder.feed(u, true);
    } else this.show(this.ring, i, true);
    this.events.changed();
  }

  /* --- playing --- */

  play(on: boolean, speed: number): void {
    this.plays = false;
    this.pause();
    this.speed = speed;
    if (!on) return this.events.changed();
    this.playing = true;
    this.tapeMode(speed > FAST);
    const time = this.time ?? 0;
    this.base = { time, at: performance.now() };
    if (this.gap || !this.cursor) void this.jump(time, ++this.number);
    else if (this.wish === null) this.tick();
    this.events.changed();
  }

  pause(): void {
    clearTimeout(this.timer);
    if (this.playing) this.events.changed();
    this.playing = false;
  }

  private tapeMode(fast: boolean): void {
    if (this.tape.fast === fast) return;
    this.tape.fast = fast;
    this.tape.clear();
    if (!this.cursor) return;
    /* what is played from goes: begin at the same time in the new window */
    const { time } = this.cursor;
    const n = ++this.number;
    this.wish = time;
    void this.fetch(time).then(() => {
      if (n !== this.number) return;
      this.wish = null;
      const ring = this.ringAt(time);
      if (ring) this.show(ring, ring.find(time));
      this.base = { time, at: performance.now() };
      if (this.playing) this.tick();
    });
  }

  private after(ms: number): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.tick(), ms);
  }

  /* The next one, if it is here. */
  private following(): Unit | null {
    const at = this.cursor!;
    const next = this.ring.at(this.ring.indexOf(at) + 1);
    if (next && (this.fast || next.time - at.time < JUMP_US)) return next;
    return null;
  }

  private tick(): void {
    if (!this.playing || !this.cursor) return;
    this.ahead();
    const next = this.following();
    if (!next) {
      void this.jump(this.cursor.time, this.number);
      return;
    }
    const t = performance.now();
    const due = (next.time - this.base.time) / 1000 / this.speed - (t - this.base.at);
    if (due > 1) return this.after(Math.min(due, 500));
    if (due < -500) this.base = { time: next.time, at: t }; /* too slow: no race after it */
    this.cursor = this.target = next;
    this.decoder.feed(next, this.fast);
    this.after(0);
  }

  /* What comes next is fetched before it is due. */
  private ahead(): void {
    const last = this.tape.ring.last;
    const at = this.cursor!.time;
    if (this.ring !== this.tape.ring || !last || last.time - at > AHEAD_US * this.speed) return;
    const next = this.tape.next(last.time);
    if (next && next.place.time - last.time < JUMP_US * 4) void this.tape.load(next.i);
    else if (!next) void this.tape.days.cover(at, at + AHEAD_US);
  }

  /* Nothing follows in this ring: the other one, behind the hole, or live. */
  private async jump(time: number, n: number): Promise<void> {
    const live = this.liveRing;
    if (!this.fast && live.first && live.last && time >= live.first.time && time < live.last.time) {
      const i = live.find(time) + 1;
      return this.resume(live, i);
    }
    const next = this.tape.next(time);
    if (next && (await this.tape.load(next.i))) {
      if (n !== this.number || !this.playing) return;
      const i = this.tape.ring.find(next.place.time + 200_000);
      const key = this.tape.ring.keyOf(i);
      if (key >= 0 && this.tape.ring.at(key)!.time > time) return this.resume(this.tape.ring, key);
    }
    if (n !== this.number || !this.playing) return;
    if (live.last && live.last.time - time < LATE_US) return this.events.live();
    if (!next && live.first && live.first.time > time) return this.resume(live, 0);
    await this.tape.days.cover(time, now());
    this.base = { time, at: performance.now() };
    this.after(WAIT_MS);
  }

  private resume(ring: Ring, i: number): void {
    const key = ring.keyOf(i);
    const u = ring.at(i);
    if (!u || key < 0) return this.after(WAIT_MS);
    const far = !this.cursor || u.time - this.cursor.time > JUMP_US;
    this.gap = false;
    this.wish = null;
    this.ring = ring;
    if (far || !u.key) this.show(ring, i);
    else {
      this.cursor = this.target = u;
      this.decoder.feed(u, true);
    }
    this.base = { time: u.time, at: performance.now() };
    this.events.changed();
    this.after(0);
  }
}
