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
import type { Sounds } from './sounds';
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
const EMPTY_US = 1_000_000;
const FAST_HOLE_US = 12_000_000; /* between two key frames */
const FAST = 4; /* from here on only key frames */
const LATE_US = 3_000_000; /* so near to the present it is live */

/* What was fed of a group to get to a picture of it, since the decoder forgot all else. */
interface Leading {
  key: Unit;
  last: Unit;
}

export class Deck {
  private target: Unit | null = null;
  private cursor: Unit | null = null; /* last one fed */
  private keyDrawn = false;
  private settled = false; /* what was sought is drawn */
  private newest: Unit | null = null; /* that was drawn */
  private way: Leading | null = null;
  private wish: number | null = null; /* µs: wanted, being fetched */
  private number = 0; /* of the newest seek */
  private base = { time: 0, at: 0 };
  private timer: ReturnType<typeof setTimeout> | undefined;
  private ring: Ring;
  private flows = false; /* pictures follow each other in time */
  playing = false;
  private plays = false; /* once what is sought is here */
  private seeking: Promise<void> = Promise.resolve();
  private stepping: Promise<void> = Promise.resolve();
  speed = 1;
  gap = false; /* nothing is recorded at this time */
  private floor = 0; /* µs: what comes before it is decoded only to get there */
  private ledTime: number | null = null; /* µs: of the clock that leads it */
  private nothing: { from: number; to: number; next: number } | null = null; /* known to be empty */
  private asked: Promise<void> | null = null;

  constructor(
    private readonly liveRing: Ring, private readonly past: Past, readonly tape: Tape,
    private readonly decoder: Decoder, private readonly events: DeckEvents,
  ) {
    this.ring = liveRing;
  }

  get loading(): boolean {
    return (this.wish !== null && !this.gap) || this.asked !== null;
  }

  /* µs: where it stands; null: nowhere yet. */
  get time(): number | null {
    return this.wish ?? this.ledTime ?? this.target?.time ?? null;
  }

  /* Whether it plays, or will once what is sought is here. */
  get goes(): boolean {
    return this.playing || this.plays;
  }

  /* By which sound goes; null: not at its own speed, or nothing moves. */
  get clock(): { time: number; at: number } | null {
    if (!this.playing || this.speed !== 1 || this.gap || this.wish !== null || !this.flows) return null;
    return { time: this.base.time, at: performance.timeOrigin + this.base.at };
  }

  get sounds(): Sounds {
    return this.ring.sounds;
  }

  get shown(): Unit | null {
    return this.target;
  }

  end(): void {
    this.pause();
    this.plays = false;
    this.number++;
    this.target = this.cursor = this.way = null;
    this.wish = this.ledTime = this.nothing = null;
    this.gap = false;
  }

  /* Whether that picture is one to draw. */
  wants(u: Unit): boolean {
    const firstKey = u.key && !this.keyDrawn;
    this.keyDrawn ||= firstKey;
    return u === this.target || firstKey || (this.playing && u.time >= this.floor);
  }

  isTarget(u: Unit): boolean {
    return u === this.target;
  }

  /* It was drawn. Now there is time for what lies around it. */
  drawn(u: Unit): void {
    this.newest = u;
    this.settled ||= u.time >= this.floor;
    if (this.settled && this.cursor && this.ring === this.tape.ring) void this.tape.rest(this.cursor.time);
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

  /* And is the very picture, not only one before it. */
  private isHere(time: number): boolean {
    const ring = this.ringAt(time);
    return ring === this.liveRing || (ring !== null && this.tape.has(time));
  }

  private get fast(): boolean {
    return this.playing && this.speed > FAST;
  }

  seek(time: number): Promise<void> {
    this.seeking = this.sought(time, ++this.number);
    return this.seeking;
  }

  /* The page hears of it when the picture is drawn: to tell it before would only delay that. */
  private async sought(time: number, n: number): Promise<void> {
    this.plays ||= this.playing;
    this.stand();
    this.gap = false;
    this.way = null;
    if (!this.isHere(time)) {
      this.wish = time;
      await this.fetch(time, () => { if (n === this.number) this.leadTo(this.tape.ring, time); });
      if (n !== this.number) return;
    }
    const ring = this.ringAt(time);
    this.wish = null;
    if (ring) this.show(ring, ring.find(time));
    else {
      this.gap = true;
      this.wish = time;
    }
    if (!ring || this.settled) this.events.changed();
    if (this.plays) this.start(true, this.speed);
  }

  /* came: more is here of what leads to it. */
  private async fetch(time: number, came: () => void = () => {}): Promise<void> {
    /* what is younger than the index's newest row is found without it */
    if (time > now() - 2 * MINUTE_US) await this.past.fill();
    if (!this.isHere(time)) await this.tape.around(time, came);
  }

  /*
   * While it comes: the key frame is shown, the rest of the way decoded. The
   * newest may be the picture itself, and waits until that is known.
   */
  private leadTo(ring: Ring, time: number): void {
    const i = ring.find(time);
    const from = ring.keyOf(i);
    if (from >= 0) this.feedTo(ring, from, Math.max(from, i - 1), false);
  }

  /* From a key frame on, but for what was fed already. exact: that one alone is drawn. */
  private feedTo(ring: Ring, from: number, to: number, exact: boolean): void {
    const key = ring.at(from)!;
    let k = from;
    if (this.way?.key === key) k = ring.indexOf(this.way.last) + 1;
    else {
      this.decoder.reset(true);
      this.keyDrawn = exact;
      this.way = { key, last: key };
    }
    for (; k <= to; k++) {
      this.way.last = ring.at(k)!;
      this.decoder.feed(this.way.last, true);
    }
  }

  private feed(u: Unit, patient: boolean): void {
    this.way = null;
    this.decoder.feed(u, patient);
  }

  private show(ring: Ring, i: number, exact = false): void {
    const from = ring.keyOf(i);
    const target = ring.at(i);
    if (from < 0 || !target) return;
    this.ring = ring;
    this.target = this.cursor = target;
    this.floor = target.time;
    if (this.way?.key !== ring.at(from)) this.newest = null;
    this.feedTo(ring, from, i, exact || i - from < 4); /* near: only the picture itself */
    this.settled = this.way?.last === target && this.newest === target; /* it led here itself */
    this.way = null;
  }

  /* A picture on or back: each from the one before, once what is sought is here. */
  step(by: 1 | -1): Promise<void> {
    this.pause();
    this.plays = false;
    this.stepping = this.stepping.then(() => this.seeking).then(() => this.stepped(by)).catch(() => undefined);
    return this.stepping;
  }

  private async stepped(by: 1 | -1): Promise<void> {
    const n = this.number;
    const at = this.cursor;
    if (!at || this.goes) return;
    const known = this.ring === this.liveRing || !this.tape.rest(at.time) ? this.beyond(at, by) : undefined;
    const near = known && Math.abs(known.time - at.time) < JUMP_US;
    const u = near ? known : await this.beyondFetch(at, by);
    if (n !== this.number || this.goes || !u || u === at) return;
    if (by > 0 && !u.key) {
      this.target = this.cursor = u;
      this.keyDrawn = true;
      this.feed(u, true);
    } else this.show(this.ring, this.ring.indexOf(u), true);
    this.events.changed();
  }

  private beyond(at: Unit, by: 1 | -1): Unit | undefined {
    return this.ring.at(this.ring.indexOf(at) + by);
  }

  private async beyondFetch(at: Unit, by: 1 | -1): Promise<Unit | undefined> {
    await this.tape.rest(at.time);
    const u = this.beyond(at, by);
    if (u && Math.abs(u.time - at.time) < JUMP_US) return u;
    if (by > 0) {
      const next = this.tape.next(at.time);
      if (next) await this.tape.load(next.i);
      return this.beyond(at, by);
    }
    await this.tape.load(this.tape.before(at.time));
    if (this.ring === this.liveRing && this.tape.ring.length > 0) this.ring = this.tape.ring;
    const before = this.ring.at(this.ring.find(at.time - 1));
    return before && before.time < at.time ? before : undefined;
  }

  /* --- playing --- */

  play(on: boolean, speed: number): void {
    this.start(on, speed);
    this.events.changed();
  }

  private start(on: boolean, speed: number): void {
    this.plays = false;
    this.stand();
    this.speed = speed;
    if (!on) return;
    this.playing = true;
    this.tapeMode(speed > FAST);
    const time = this.time ?? 0;
    this.base = { time, at: performance.now() };
    if (this.gap || !this.cursor) void this.jump(time, ++this.number);
    else if (this.wish === null) this.tick();
  }

  pause(): void {
    const was = this.playing;
    this.stand();
    if (was) this.events.changed();
  }

  private stand(): void {
    clearTimeout(this.timer);
    this.flows = false;
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
    this.flows = next !== null;
    if (!next) {
      void this.jump(this.cursor.time, this.number);
      return;
    }
    const t = performance.now();
    const due = (next.time - this.base.time) / 1000 / this.speed - (t - this.base.at);
    if (due > 1) return this.after(Math.min(due, 500));
    if (due < -500) this.base = { time: next.time, at: t }; /* too slow: no race after it */
    this.cursor = this.target = next;
    this.feed(next, this.fast);
    this.after(0);
  }

  /* What comes next is fetched before it is due. */
  private ahead(): void {
    const last = this.tape.ring.last;
    const at = this.cursor!.time;
    if (!this.settled || this.ring !== this.tape.ring || !last || last.time - at > AHEAD_US * this.speed) return;
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
    /* the rest of this group is still on its way */
    const rest = this.ring === this.tape.ring && this.cursor?.time === time && this.tape.rest(time);
    if (rest) {
      await rest;
      if (n === this.number && this.playing) this.tick();
      return;
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
      this.feed(u, true);
    }
    this.base = { time: u.time, at: performance.now() };
    this.events.changed();
    this.after(0);
  }

  /* --- led by together.ts --- */

  private ledRing(time: number): Ring | null {
    const hole = this.tape.fast ? FAST_HOLE_US : JUMP_US;
    for (const ring of this.tape.fast ? [this.tape.ring] : [this.liveRing, this.tape.ring]) {
      const u = ring.at(ring.find(time));
      if (u && u.time <= time && time - u.time < hole && ring.keyOf(ring.find(time)) >= 0) return ring;
    }
    return null;
  }

  ledPlay(on: boolean, speed: number): void {
    this.pause();
    this.playing = on;
    this.speed = speed;
    const fast = on && speed > FAST;
    if (this.tape.fast !== fast) this.tape.clear();
    this.tape.fast = fast;
    this.nothing = null;
  }

  /* Whether that time can be shown now. What it takes is fetched, and came() called then. */
  ready(time: number, came: () => void): 'here' | 'gap' | 'wait' {
    const led = this.ledRing(time);
    if (led && (led === this.liveRing || this.tape.has(time))) return 'here';
    if (this.nothing && time >= this.nothing.from && time < this.nothing.to) return 'gap';
    this.asked ??= this.fetch(time).catch(() => undefined).then(() => {
      this.asked = null;
      if (!this.ledRing(time)) {
        const next = this.tape.next(time)?.place.time ?? 0;
        this.nothing = { from: time, to: Math.max(next, time + EMPTY_US), next };
      }
      came();
    });
    return 'wait';
  }

  /* µs: when there is something again; 0: not known. */
  get nothingUntil(): number {
    return this.nothing?.next ?? 0;
  }

  /* Shows what there was at that time, or that there was nothing. */
  lead(time: number): void {
    this.ledTime = time;
    const ring = this.ledRing(time);
    if (this.gap !== !ring) {
      this.gap = !ring;
      this.events.changed();
    }
    if (!ring) return;
    const i = ring.find(time);
    const u = ring.at(i)!;
    if (u === this.cursor && ring === this.ring) return;
    const from = ring === this.ring && this.cursor ? ring.indexOf(this.cursor) : -1;
    if (from >= 0 && i > from && (this.tape.fast || ring.keyOf(i) <= from + 1)) {
      this.cursor = this.target = u;
      this.keyDrawn = true;
      for (let k = from + 1; k <= i; k++) this.feed(ring.at(k)!, true);
    } else this.show(ring, i, true);
    if (this.playing) this.ahead();
  }

  /* µs: the picture before or behind that time; null: it is not there. */
  async beside(time: number, by: 1 | -1): Promise<number | null> {
    const find = () => {
      const ring = this.ledRing(time);
      if (!ring) return null;
      const u = ring.at(ring.find(time) + by);
      return u && Math.abs(u.time - time) < JUMP_US ? u.time : null;
    };
    await this.tape.rest(time);
    const known = find();
    if (known !== null) return known;
    const wanted = by > 0 ? this.tape.next(time)?.i : this.tape.before(time);
    if (wanted !== undefined) await this.tape.load(wanted);
    return find();
  }
}
