/*
 * ranges.ts - records of the past, asked for over the line: a range goes to a
 * track of its own. A few at once; the rest wait their turn.
 */
import { b64, unhex } from '../base/codec';
import type { Line } from './line';
import { Track, type CameraKeys, type TrackEvents } from './track';

const AT_ONCE = 4; /* the server allows no more */
const GROUPS_MAX = 64;
const BUSY_MS = [500, 1000, 2000, 4000, 8000]; /* a server that is busy is asked again */

export interface Range {
  run: string; /* hex */
  index: number; /* of a key frame */
  within?: boolean; /* or of any record: it begins with the key frame of its group */
  groups?: number; /* at most so many */
  until?: number; /* ends before that index of the run */
  keys?: boolean; /* key frames alone */
  about: number; /* µs */
}

type Feed = (record: Uint8Array) => void;

/* Many records in one message, each behind its length; what is cut off is none. */
function unpack(from: Uint8Array, feed: Feed): void {
  const view = new DataView(from.buffer, from.byteOffset, from.byteLength);
  for (let at = 0; from.length - at > 4;) {
    const n = view.getUint32(at);
    if (n > from.length - at - 4) return;
    feed(from.subarray(at + 4, at + 4 + n));
    at += 4 + n;
  }
}

export class Ranges {
  private readonly slots = new Map<number, Feed>();
  private readonly ends = new Map<number, () => void>();
  private readonly queue: (() => void)[] = [];
  private breaks = 0;
  private running = 0;

  constructor(private readonly line: Line) {}

  get busy(): boolean {
    return this.running > 0;
  }

  /* The line broke: what was asked will not come. */
  lost(): void {
    this.breaks++;
    for (const end of this.ends.values()) end();
    this.ends.clear();
    this.slots.clear();
  }

  record(slot: number, octets: Uint8Array): void {
    const feed = this.slots.get(slot);
    if (feed) unpack(octets, feed);
  }

  ended(n: number): void {
    this.ends.get(n)?.();
    this.ends.delete(n);
  }

  /* Somebody waits for what he seeks: that comes before what is fetched ahead. */
  private async turn(range: Range): Promise<void> {
    if (this.running < AT_ONCE) this.running++;
    else await new Promise<void>((go) => (range.within ? this.queue.unshift(go) : this.queue.push(go)));
  }

  /* The place goes to the next at once: who asks meanwhile would be one too many. */
  private over(): void {
    const next = this.queue.shift();
    if (next) next();
    else this.running--;
  }

  /* How often the line broke: who asked before may ask again. */
  get broken(): number {
    return this.breaks;
  }

  /* True when the server had it; events come before. */
  async get(
    keys: CameraKeys, stream: string, range: Range, events: TrackEvents,
  ): Promise<boolean> {
    const track = new Track(keys, events, stream, range.about);
    const had = await this.held(stream, range, (record) => track.feed(record));
    await track.settled();
    return had;
  }

  /* The records as they come, the header first. lost: the line broke. */
  async raw(stream: string, range: Range, feed: Feed): Promise<'done' | 'refused' | 'lost'> {
    const breaks = this.breaks;
    const had = await this.held(stream, range, feed);
    if (breaks !== this.breaks || (!had && !this.line.open)) return 'lost';
    return had ? 'done' : 'refused';
  }

  private async held(stream: string, range: Range, feed: Feed): Promise<boolean> {
    await this.turn(range);
    try {
      return await this.ask(stream, range, feed);
    } finally {
      this.over();
    }
  }

  private async ask(stream: string, range: Range, feed: Feed): Promise<boolean> {
    for (const pause_ms of BUSY_MS) {
      const had = await this.once(stream, range, feed);
      if (had !== 'later') return had;
      await new Promise((done) => setTimeout(done, pause_ms));
    }
    return (await this.once(stream, range, feed)) === true;
  }

  private async once(stream: string, range: Range, feed: Feed): Promise<boolean | 'later'> {
    const n = this.line.next;
    const end = new Promise<void>((done) => this.ends.set(n, done));
    const j = await this.line.tried({
      t: 'range', stream, run: b64(unhex(range.run)), index: range.index,
      groups: range.groups ?? GROUPS_MAX, ...(range.until ? { until: range.until } : {}),
      ...(range.keys ? { keys: true } : {}), ...(range.within ? { within: true } : {}),
    });
    if (!j || j === 'later') {
      this.ends.delete(n);
      return j ?? false;
    }
    const slot = j.number('slot');
    this.slots.set(slot, feed);
    await end;
    this.slots.delete(slot);
    return true;
  }
}
