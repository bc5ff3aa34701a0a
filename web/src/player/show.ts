/*
 * show.ts - one camera on one canvas: live, or up to a minute back.
 *
 *   waiting --first picture--> live <--silence of 3 s / records--> old
 *   live <--slider--> past
 *   live --3 s without a mark--> unmarked, --a mark that does not fit--> false;
 *   both are blank until a good mark
 *   any --does not open--> shut --a picture--> live
 */
import { now, type Offset } from '../model/clock';
import { Decoder } from './decoder';
import type { Line } from './line';
import type { Picture } from './messages';
import { Past } from './past';
import { Ring } from './ring';
import type { Screen } from './screen';
import { Track, type CameraKeys, type Unit } from './track';

export interface ShowEvents {
  drawn(frames: number, captured: number, width: number, height: number): void;
  changed(): void; /* tell the page at once */
  keysWanted(): void;
}

const QUIET_MS = 3000; /* then a picture is old */
const STOPPED_MS = 1000; /* no record for so long: the stream stopped */
const UNMARKED_MS = 3000; /* then it is blank */
const REWATCH_MS = 5000; /* after a run that does not open */
const UNMARKED_MAX = 256;
const FRESH_MS = 2000; /* "verified" needs a mark this young */
const LATENCIES = 31;
const WAIT_MS = 80; /* for the next unit, when playing */
const JUMP_US = 2_000_000; /* a gap this long is not waited for */
const BEHIND_MS = 6000; /* after heads that name a newer mark */

export class Show {
  readonly ring = new Ring();
  private track: Track | null = null;
  private slot = -1;
  private readonly past: Past;
  private readonly decoder: Decoder;

  online: boolean | null = null;
  private fault: 'shut' | 'false' | 'unmarked' | 'unplayable' | null = null;
  private mode: 'live' | 'past' = 'live';
  private shown: Unit | null = null;
  private frozen = false; /* old: shows the last verified picture */
  private unmarked: Unit[] = [];
  private heard = 0; /* ms, of the newest record of any kind */
  private arrived = 0; /* ms, of the newest picture */
  private markedAt = 0;
  private mark = { run: '', number: -1 };
  private behindSince = 0;
  private watchedAt = 0;
  private shutAt = 0; /* ms, of the newest record that did not open */
  private latencies: number[] = [];
  clock: Offset | null = null;

  private target: Unit | null = null; /* of a seek */
  private keyDrawn = false;
  private cursor: Unit | null = null; /* last one fed while playing */
  private wish: number | null = null; /* µs: wanted, being fetched */
  playing = false;
  private base = { time: 0, at: 0 };
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly line: Line, private readonly keys: CameraKeys,
    private readonly screen: Screen, private readonly events: ShowEvents,
  ) {
    this.past = new Past(line, keys, this.ring);
    this.decoder = new Decoder({
      picture: (frame, unit) => this.picture(frame, unit),
      unplayable: () => this.blank('unplayable'),
    });
    screen.blank();
  }

  get camera() {
    return this.keys.camera;
  }

  /* --- the line --- */

  async watch(): Promise<void> {
    this.unwatch();
    this.watchedAt = performance.now();
    const j = await this.line.ask({ t: 'watch', stream: this.camera.stream });
    if (!j) return;
    this.slot = j.number('slot');
    this.online = j.bool('online');
    this.track = new Track(this.keys, {
      unit: (u) => this.unit(u),
      verified: (run, first, last, mark) => this.verified(run, first, last, mark),
      trouble: (what) => this.trouble(what),
    });
    if (this.mode === 'live') this.decoder.reset();
    this.events.changed();
  }

  unwatch(): void {
    if (this.slot >= 0) this.line.send({ t: 'unwatch', slot: this.slot });
    this.lost();
  }

  lost(): void {
    this.slot = -1;
    this.track?.close();
    this.track = null;
    this.online = null;
    this.unmarked = this.unmarked.slice(-64);
    this.past.lost();
  }

  close(): void {
    this.unwatch();
    this.pause();
    this.decoder.reset();
    this.screen.blank();
  }

  record(slot: number, record: Uint8Array): void {
    if (slot !== this.slot) return this.past.record(slot, record);
    this.heard = performance.now();
    this.track?.feed(record);
  }

  ended(n: number): void {
    this.past.ended(n);
  }

  /* The hub's own word about its newest mark of this stream. */
  head(run: string, number: number): void {
    const known = this.mark.run === run && this.mark.number >= number;
    this.behindSince = known ? 0 : this.behindSince || performance.now();
  }

  /* The server holds back what the hub says it has sent. */
  get behind(): boolean {
    return this.behindSince > 0 && performance.now() - this.behindSince > BEHIND_MS &&
      this.online === true;
  }

  /* --- records, in order --- */

  private unit(u: Unit): void {
    this.arrived = performance.now();
    this.ring.add(u);
    this.unmarked.push(u);
    if (this.unmarked.length > UNMARKED_MAX) this.unmarked.splice(1, 1); /* the oldest tells the time */
    if (this.fault === 'shut') this.fault = null;
    if (this.mode !== 'live') return;
    if (this.frozen) {
      /* it came back: begin at a key frame */
      if (!u.key) return;
      this.frozen = false;
      this.decoder.reset();
    }
    this.decoder.feed(u);
  }

  private verified(run: string, first: number, last: number, mark: number): void {
    this.ring.verify(run, first, last);
    for (const u of this.unmarked)
      if (u.run === run && u.index >= first && u.index <= last) u.verified = true;
    this.unmarked = this.unmarked.filter((u) => !u.verified && (u.run !== run || u.index > last));
    this.markedAt = performance.now();
    this.mark = { run, number: mark };
    if (this.fault === 'unmarked' || this.fault === 'false') {
      this.fault = null;
      this.events.changed();
    }
  }

  private trouble(what: 'false' | 'shut' | 'keys'): void {
    if (what === 'keys') this.events.keysWanted();
    if (what === 'false') this.unmarked = [];
    if (what === 'shut') this.shutAt = performance.now();
    if (what === 'false' || !this.shown) this.blank(what === 'false' ? 'false' : 'shut');
  }

  private blank(why: 'false' | 'shut' | 'unmarked' | 'unplayable'): void {
    if (this.fault === why) return;
    this.fault = why;
    if (this.mode === 'live') {
      this.screen.blank();
      this.shown = null;
    }
    this.events.changed();
  }

  /* --- pictures --- */

  private picture(frame: VideoFrame, u: Unit): void {
    if (!this.wanted(u)) {
      frame.close();
      return;
    }
    const first = !this.shown;
    this.screen.draw(frame);
    this.shown = u;
    if (this.mode === 'live' && !this.frozen) this.measure(u);
    this.events.drawn(this.screen.frames, u.time, this.screen.width, this.screen.height);
    if (first || u === this.target) this.events.changed();
  }

  private wanted(u: Unit): boolean {
    if (this.frozen || (this.mode === 'past' && !this.playing)) {
      const firstKey = u.key && !this.keyDrawn && this.mode === 'past';
      this.keyDrawn ||= firstKey;
      return u === this.target || firstKey;
    }
    if (this.mode === 'past') return u.time >= (this.target?.time ?? 0);
    if (this.fault) return false;
    /* catching up: the first one at once, then the newest */
    return !this.shown || this.decoder.queued <= 2;
  }

  private measure(u: Unit): void {
    if (!this.clock || u.arrived < performance.now() - 1000) return;
    this.latencies.push((now() + this.clock.offset - u.time) / 1000);
    if (this.latencies.length > LATENCIES) this.latencies.shift();
  }

  get latency(): { ms: number; error_ms: number } | null {
    if (!this.clock || this.latencies.length < 3 || this.mode !== 'live') return null;
    const sorted = [...this.latencies].sort((a, b) => a - b);
    return { ms: sorted[sorted.length >> 1]!, error_ms: this.clock.error / 1000 };
  }

  /* Four times a second: what silence means. */
  tick(): void {
    if (this.mode !== 'live') return;
    const t = performance.now();
    const stopped = t - this.heard > STOPPED_MS;
    /* they come, and none opens */
    if (t - this.arrived > UNMARKED_MS && t - this.shutAt < STOPPED_MS) this.blank('shut');
    if (this.fault === 'shut') this.watchAgain();
    const oldest = this.unmarked[0];
    if (!this.frozen && oldest && t - oldest.arrived > UNMARKED_MS) {
      if (stopped) this.freeze();
      else this.blank('unmarked');
    }
  }

  /* A run whose header did not open, or did not come, never will: ask for it. */
  private watchAgain(): void {
    const t = performance.now();
    if (t - this.watchedAt < REWATCH_MS) return;
    void this.watch();
  }

  /*
   * The stream stopped and its last pictures will never be marked: show the
   * last one that was.
   */
  private freeze(): void {
    this.unmarked = [];
    this.frozen = true;
    const i = this.ring.lastVerified();
    if (i < 0 || this.fault) this.blank('unmarked');
    else this.seekTo(i);
  }

  private seekTo(i: number): void {
    const from = this.ring.keyOf(i);
    const target = this.ring.at(i);
    if (from < 0 || !target) return;
    this.decoder.reset();
    this.target = this.cursor = target;
    this.keyDrawn = i - from < 4; /* near: only the picture itself */
    for (let k = from; k <= i; k++) this.decoder.feed(this.ring.at(k)!, true);
  }

  /* --- a minute back --- */

  want(): void {
    if (!this.line.open) return;
    void this.past.fill().then(() => this.fetched());
    this.events.changed();
  }

  /* Now the picture that was wished for may be here. */
  private fetched(): void {
    const time = this.wish;
    this.wish = null;
    if (time !== null) {
      const plays = this.playing;
      this.pause();
      this.seekTo(this.ring.find(time));
      if (plays) this.play(true);
    }
    this.events.changed();
  }

  goBack(back_s: number): void {
    const last = this.ring.last;
    if (!last) return;
    this.mode = 'past';
    this.pause();
    const time = last.time - back_s * 1e6;
    this.wish = this.past.full ? null : time;
    this.seekTo(this.ring.find(time));
    if (this.wish !== null) this.want();
  }

  live(): void {
    this.pause();
    this.mode = 'live';
    this.frozen = false;
    this.target = null;
    this.shown = null;
    this.wish = null;
    this.latencies = [];
    this.decoder.reset();
    const from = this.ring.keyOf(this.ring.length - 1);
    for (let k = from; k >= 0 && k < this.ring.length; k++) this.decoder.feed(this.ring.at(k)!, true);
    this.events.changed();
  }

  play(on: boolean): void {
    this.pause();
    if (!on || this.mode !== 'past' || !this.cursor) return;
    this.playing = true;
    this.base = { time: this.cursor.time, at: performance.now() };
    if (this.wish === null) this.step(); /* else when it is fetched */
    this.events.changed();
  }

  private pause(): void {
    clearTimeout(this.timer);
    if (this.playing) this.events.changed();
    this.playing = false;
  }

  private step(): void {
    if (!this.cursor) return;
    const next = this.ring.at(this.ring.indexOf(this.cursor) + 1);
    const t = performance.now();
    if (!next) {
      this.base = { time: this.cursor.time, at: t };
      this.timer = setTimeout(() => this.step(), WAIT_MS);
      return;
    }
    if (next.time - this.cursor.time > JUMP_US) this.base = { time: next.time, at: t };
    const due_ms = (next.time - this.base.time) / 1000 - (t - this.base.at);
    if (due_ms > 1) {
      this.timer = setTimeout(() => this.step(), Math.min(due_ms, 500));
      return;
    }
    this.cursor = this.target = next;
    this.decoder.feed(next);
    this.timer = setTimeout(() => this.step(), 0);
  }

  /* --- what the page is told --- */

  get pictureState(): Picture {
    if (this.mode === 'past') return 'past';
    if (this.fault) return this.fault;
    if (!this.shown) return 'waiting';
    const cut = this.track === null; /* nothing can come */
    const old = cut || this.frozen || performance.now() - this.arrived > QUIET_MS || this.age_s > 10;
    return old ? 'old' : 'live';
  }

  get isVerified(): boolean {
    if (!this.shown || this.fault) return false;
    if (this.mode === 'past' || this.frozen) return this.shown.verified;
    return this.shown.verified || performance.now() - this.markedAt < FRESH_MS;
  }

  /* By the hub's clock if it can be trusted, else since it arrived. */
  get age_s(): number {
    if (!this.shown) return 0;
    const here = (performance.now() - this.shown.arrived) / 1000;
    if (!this.clock || this.clock.neverSet) return here;
    return Math.max(here, (now() + this.clock.offset - this.shown.time) / 1e6);
  }

  get captured(): number {
    return this.shown?.time ?? 0;
  }

  get back_s(): number {
    const last = this.ring.last;
    const time = this.wish ?? (this.target ?? this.shown)?.time;
    if (this.mode !== 'past' || !last || time === undefined) return 0;
    return Math.max(0, (last.time - time) / 1e6);
  }

  get reach_s(): number {
    const { first, last } = this.ring;
    return first && last ? Math.min(60, (last.time - first.time) / 1e6) : 0;
  }

  get loading(): boolean {
    return this.past.loading;
  }
}
