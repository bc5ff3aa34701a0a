/*
 * together.ts - up to four shows that look back on one clock: one time for
 * all of them, which stands while one of them fetches what it lacks, but not
 * for ever. Who has nothing recorded there says so and joins again later.
 *
 *   live --seek, step--> stands --play--> runs --the present--> live
 */
import { now } from '../model/clock';
import type { ToTile } from './messages';
import type { Show } from './show';

const TICK_MS = 15;
const PATIENCE_MS = 4000; /* the others wait so long for one */
const LATE_US = 3_000_000; /* so near to the present it is live */

export class Together {
  private time: number | null = null; /* µs, the hub's; null: live */
  private playing = false;
  private speed = 1;
  private at = 0; /* ms, when that time was */
  private waitingSince = 0; /* ms; 0: nobody waits */
  private timer: ReturnType<typeof setTimeout> | undefined;

  /* shows: as they are now; changed: the page shall hear. */
  constructor(
    readonly tiles: number[], private readonly shows: () => Show[],
    private readonly changed: () => void,
  ) {}

  end(): void {
    clearTimeout(this.timer);
    this.time = null;
    for (const s of this.shows()) s.live();
  }

  /* Other tiles, the same clock. */
  taken(from: Together | null): this {
    if (!from) return this;
    clearTimeout(from.timer);
    [this.time, this.playing, this.speed, this.at] = [from.time, from.playing, from.speed, from.at];
    from.time = null;
    if (this.time !== null) this.go(this.time);
    return this;
  }

  /* False: it is no matter of the clock. lead: the show that it was said to. */
  take(m: ToTile, lead: Show): boolean {
    switch (m.t) {
      case 'seek':
        if (this.time === null) this.playing = true;
        this.go(m.time);
        return true;
      case 'play':
        if (this.time === null) return true;
        this.playing = m.on;
        this.speed = m.speed;
        this.go(this.time);
        return true;
      case 'toggle':
        this.take({ t: 'play', on: !this.playing, speed: this.speed }, lead);
        return true;
      case 'step':
        this.playing = false;
        void this.step(m.by, lead);
        return true;
      case 'live':
        this.live();
        return true;
      default: return false;
    }
  }

  private live(): void {
    clearTimeout(this.timer);
    this.time = null;
    for (const s of this.shows()) s.live();
    this.changed();
  }

  private go(time: number): void {
    this.time = time;
    this.at = performance.now();
    this.waitingSince = 0;
    for (const s of this.shows()) s.led(this.playing, this.speed);
    this.run();
    this.changed();
  }

  /* To the next picture of the lead; the others show what they had by then. */
  private async step(by: 1 | -1, lead: Show): Promise<void> {
    const from = this.time ?? lead.captured;
    this.go(from);
    const next = await lead.deck.beside(from, by);
    if (next !== null && this.time === from) this.go(next);
  }

  private run(): void {
    clearTimeout(this.timer);
    if (this.tick()) this.timer = setTimeout(() => this.run(), TICK_MS);
  }

  /* True: there is more to do. */
  private tick(): boolean {
    if (this.time === null) return false;
    const t = performance.now();
    const shows = this.shows();
    const to = this.playing ? this.time + (t - this.at) * 1000 * this.speed : this.time;
    if (this.playing && to > now() + (shows[0]?.clock?.offset ?? 0) - LATE_US) {
      this.live();
      return false;
    }
    const states = shows.map((s) => s.deck.ready(to, () => this.run()));
    const waits = states.includes('wait');
    this.waitingSince = waits ? this.waitingSince || t : 0;
    this.at = t;
    if (waits && t - this.waitingSince < PATIENCE_MS) return true;
    this.time = this.playing && shows.length > 0 && states.every((s) => s === 'gap')
      ? Math.max(to, Math.min(...shows.map((s) => s.deck.nothingUntil)))
      : to;
    for (const s of shows) s.lead(this.time);
    return this.playing || waits;
  }
}
