/*
 * hubs.ts - what the hubs say of themselves: signed heads, and their clocks.
 */
import { b64, unb64 } from '../base/codec';
import type { Json } from '../base/json';
import { same } from '../base/octets';
import { clockAsk, clockRead, now, type Offset } from '../model/clock';
import { headsOpen, type Heads } from '../model/heads';
import type { Line } from './line';
import type { PlayerHome, PlayerHub } from './messages';

const CLOCK_MS = 60_000;
const CLOCK_AGAIN_MS = 6000;
const CLOCK_ASKS = 3;
const CLOCK_TRIES = 6;
const CLOCK_PAUSE_MS = 1000;
const HEADS_STALE_MS = 30_000;

export interface HubsEvents {
  heads(h: Heads): void;
  homeOld(): void; /* a hub goes by a newer directory than ours */
  clock(hub: string): void;
}

export class Hubs {
  fork = false;
  private readonly newest = new Map<string, { heads: Heads; at: number }>();
  private readonly clocks = new Map<string, Offset>();
  private readonly busy = new Set<string>();
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly line: Line, private readonly home: () => PlayerHome,
    private readonly events: HubsEvents,
  ) {}

  /* --- heads --- */

  async take(j: Json): Promise<void> {
    const home = this.home();
    const hub = home.hubs.find((x) => x.id === j.id('hub'));
    if (!hub) return;
    for (const people of home.people) {
      const heads = await headsOpen(j.octets('body'), unb64(home.home, 16), people.key, hub.sign)
        .catch(() => null);
      if (!heads || heads.hub !== hub.id) continue;
      const before = this.newest.get(hub.id);
      if (before && before.heads.counter >= heads.counter) return; /* said before */
      this.newest.set(hub.id, { heads, at: performance.now() });
      this.directoryCheck(heads);
      return this.events.heads(heads);
    }
  }

  private directoryCheck(h: Heads): void {
    const ours = this.home().directory;
    if (h.directoryVersion > ours.version) this.events.homeOld();
    if (h.directoryVersion === ours.version && !same(h.directoryHash, ours.hash)) this.fork = true;
  }

  /* It has said nothing for longer than it ever is silent. */
  silent(hub: string): boolean {
    const known = this.newest.get(hub);
    return known !== undefined && performance.now() - known.at > HEADS_STALE_MS;
  }

  /* Why a stream has no pictures; 0: it has. */
  reason(hub: string, stream: string): number {
    return this.newest.get(hub)?.heads.streams.get(stream)?.state ?? 0;
  }

  /* --- clocks --- */

  clock(hub: string): Offset | null {
    return this.clocks.get(hub) ?? null;
  }

  private async askOnce(hub: PlayerHub): Promise<Offset | null> {
    const asked = await clockAsk(unb64(this.home().home, 16), unb64(hub.id, 16), hub.kx);
    const j = await this.line.ask({ t: 'clock', hub: hub.id, body: b64(asked.body) });
    const t4 = now();
    return j && clockRead(asked, j.octets('body'), t4).catch(() => null);
  }

  /* The quickest of a few tells most. */
  private async measure(hub: PlayerHub): Promise<boolean> {
    if (this.busy.has(hub.id)) return true;
    this.busy.add(hub.id);
    let best: Offset | null = null;
    for (let i = 0; i < CLOCK_ASKS; i++) {
      const one = await this.askOnce(hub);
      if (!one) break;
      if (!best || one.error < best.error) best = one;
      this.clocks.set(hub.id, best);
      this.events.clock(hub.id);
    }
    this.busy.delete(hub.id);
    return best !== null;
  }

  /* At once, then each minute; sooner while one of them does not answer. */
  async sync(hubs: () => PlayerHub[]): Promise<void> {
    const again = (ms: number) => {
      clearTimeout(this.timer);
      this.timer = setTimeout(() => void this.sync(hubs), ms);
    };
    again(CLOCK_AGAIN_MS);
    if (!this.line.open) return;
    const all = await Promise.all(hubs().map((h) => this.measure(h)));
    if (all.length > 0 && all.every((x) => x)) again(CLOCK_MS);
  }

  /* A hub that was just met may still be on its way. */
  async distance(id: string): Promise<number | null> {
    const hub = this.home().hubs.find((x) => x.id === id);
    let one: Offset | null = null;
    for (let i = 0; hub && !one && i < CLOCK_TRIES; i++) {
      if (i > 0) await new Promise((done) => setTimeout(done, CLOCK_PAUSE_MS));
      one = (await this.line.opened()) ? await this.askOnce(hub) : null;
    }
    return one?.offset ?? null;
  }
}
