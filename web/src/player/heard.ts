/*
 * heard.ts - the sound of one camera, in step with its pictures. Samples go to
 * the page, each with the moment (ms, wall()) in which it shall be heard.
 *
 *   off --hear--> on, silent --samples--> live: pictures wait for their sound
 *   live --no sound for a second, a fault, the past--> silent
 *   past: sound follows the deck, at its own speed alone
 *
 * Live, sound is the slower one: a record of it is not sent before its last
 * sample was taken. So `offset`, from a media time to its moment, is as small
 * as sound permits, and pictures are held until then. It grows when samples,
 * or pictures, come too late, and shrinks when nearly all have been early.
 */
import { soundScale } from '../proto/sound';
import type { SoundState } from './messages';
import { canHear, Ear, type Samples } from './ear';
import { wall } from './hold';
import { lengthUs, type Sounds, type SoundUnit } from './sounds';

export interface HeardEvents {
  samples(s: Samples & { at: number }): void; /* at: ms, wall() */
  hush(): void; /* what was said to be heard is not */
}

/* Where a deck stands: media time = time + (wall() - at) * 1000. */
export interface DeckClock {
  time: number; /* µs */
  at: number; /* ms, wall() */
}

const LEAD_MS = 70; /* to begin with: from here to the loudspeaker */
const SLACK_LEAST_MS = 5;
const SLACK_MS = 30;
const SLACK_MOST_MS = 60;
const LOOK_MS = 2000; /* so long before it shrinks */
const FEW = 20; /* one in so many may come late: a moment's stall is no reason */
const STEP_MS = 50; /* it grows or shrinks by at most that */
const QUIET_MS = 1000; /* without samples: pictures wait no longer */
const DELAY_MAX_MS = 1000; /* later than that is lost, not late */
const SETTLE_MS = 300;
const PICTURES = 5;
const AHEAD_US = 700_000;
const LEAP_MS = 25; /* the deck goes on elsewhere */
const LAG_MS = 40; /* pictures are so far from their sound */
const DRAW_MS = 2; /* from the deck's clock to the canvas */
const KNOWN_MS = 5000; /* a stream has sound if some came in that time */

export class Heard {
  private on = false;
  private can = true;
  private broken = false; /* it does not decode what it said it could */
  rate = 48000; /* of the newest sound */
  private readonly ear: Ear;
  private offset: number | null = null; /* ms */
  private arrived = -Infinity; /* ms, of the newest record, live */
  private given = -Infinity; /* ms, of the newest samples */
  private first: { at: number; least: number } | null = null; /* ms */
  private slacks: number[] = [];
  private lookedAt = 0; /* ms, when the first of them came */
  private lates: number[] = [];
  /* base: ms, as offset, where every picture is drawn in time */
  private deck: { base: number; offset: number; fed: number } | null = null;

  constructor(private readonly events: HeardEvents) {
    this.ear = new Ear((s) => this.samples(s), () => { this.broken = true; });
  }

  hear(on: boolean): void {
    if (this.on === on) return;
    this.on = on;
    this.broken = false;
    this.hush();
  }

  hush(): void {
    this.ear.reset();
    this.offset = null;
    this.first = null;
    this.deck = null;
    this.slacks = [];
    this.lates = [];
    if (this.given > -Infinity) this.events.hush();
    this.given = -Infinity;
  }

  private get deaf(): boolean {
    return !this.can || this.broken;
  }

  /* --- live --- */

  came(u: SoundUnit): void {
    this.arrived = performance.now();
    this.rate = soundScale(u.sound);
    void canHear(u.sound).then((can) => { this.can = can; });
  }

  live(u: SoundUnit): void {
    if (!this.on || this.deaf) return;
    if (this.deck) this.hush();
    this.ear.feed(u);
  }

  private samples(s: Samples): void {
    const t = s.time / 1000;
    if (this.deck) return this.events.samples({ ...s, at: t + this.deck.offset });
    if (this.offset === null) return this.settle(t);
    const slack = t + this.offset - wall();
    if (slack < -DELAY_MAX_MS || slack > DELAY_MAX_MS) return this.hush();
    this.given = performance.now();
    this.events.samples({ ...s, at: t + this.offset });
  }

  /* What comes first may be older than what comes at once behind it. */
  private settle(t: number): void {
    const offset = wall() + LEAD_MS - t;
    this.first ??= { at: performance.now(), least: offset };
    this.first.least = Math.min(this.first.least, offset);
    if (performance.now() - this.first.at < SETTLE_MS) return;
    this.offset = this.first.least;
    this.first = null;
  }

  /* When a live picture of that time is to be drawn; null: at once. */
  due(time: number, arrived: number): number | null {
    if (this.offset === null || performance.now() - this.given > QUIET_MS) return null;
    const due = time / 1000 + this.offset;
    const late = wall() - due;
    if (Math.abs(late) > DELAY_MAX_MS) return null;
    if (performance.now() - arrived < DELAY_MAX_MS) this.lateLook(late);
    return due;
  }

  /* Pictures that all come too late hold the sound back. */
  private lateLook(late: number): void {
    this.lates.push(late);
    if (this.lates.length < PICTURES) return;
    const least = Math.min(...this.lates);
    this.lates = [];
    if (least > SLACK_LEAST_MS) this.offset! += Math.min(least + SLACK_LEAST_MS, STEP_MS);
  }

  /* The page says how much time was left when samples came; < 0: too late. */
  slack({ ms, time, at }: { ms: number; time: number; at: number }): void {
    if (this.offset === null || this.deck) return;
    if (Math.abs(at - time / 1000 - this.offset) > 1) return; /* it has changed since */
    if (ms < SLACK_LEAST_MS) {
      this.offset += Math.min(SLACK_MS - ms, STEP_MS);
      this.slacks = [];
      return;
    }
    if (this.slacks.length === 0) this.lookedAt = performance.now();
    this.slacks.push(ms);
    if (performance.now() - this.lookedAt < LOOK_MS) return;
    const few = this.slacks.sort((a, b) => a - b)[Math.floor(this.slacks.length / FEW)]!;
    if (few > SLACK_MOST_MS) this.offset -= Math.min(few - SLACK_MS, STEP_MS) / 2;
    this.slacks = [];
  }

  /* --- the past --- */

  /* Often. clock: null when the deck does not play at its own speed. */
  past(sounds: Sounds, clock: DeckClock | null): void {
    if (!this.on || this.deaf || !clock) {
      if (this.deck || this.offset !== null) this.hush();
      return;
    }
    const base = clock.at - clock.time / 1000 + DRAW_MS;
    if (!this.deck || Math.abs(this.deck.base - base) > LEAP_MS) this.deckBegin(base, 0);
    const deck = this.deck!;
    const now = (wall() - deck.offset) * 1000;
    for (const u of sounds.between(deck.fed, now + AHEAD_US)) {
      if (u.time + lengthUs(u) / 2 < deck.fed) continue; /* it was fed */
      deck.fed = u.time + lengthUs(u);
      this.given = performance.now();
      this.ear.feed(u);
    }
  }

  private deckBegin(base: number, lag: number): void {
    this.hush();
    const offset = base + lag;
    this.deck = { base, offset, fed: (wall() - offset) * 1000 };
  }

  /* A recorded picture is on the canvas: where these are slow, sound waits. */
  drawn(time: number): void {
    if (!this.deck) return;
    this.lates.push(wall() - time / 1000 - this.deck.offset);
    if (this.lates.length < PICTURES) return;
    const late = this.lates.sort((a, b) => a - b)[PICTURES >> 1]!;
    this.lates = [];
    const { base, offset } = this.deck;
    if (Math.abs(late) > LAG_MS) this.deckBegin(base, offset - base + late);
  }

  /* --- what the page is told --- */

  get wanted(): boolean {
    return this.on;
  }

  liveState(): SoundState {
    if (performance.now() - this.arrived > KNOWN_MS) return 'none';
    return this.deaf ? 'deaf' : 'some';
  }

  pastState(sounds: Sounds, time: number): SoundState {
    const near = sounds.between(time - 1e6, time + 1e6);
    if (near.length === 0) return 'none';
    return this.deaf ? 'deaf' : 'some';
  }
}
