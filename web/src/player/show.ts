/*
 * show.ts - one camera on one canvas: live, or what was (deck.ts).
 *
 *   waiting --first picture--> live <--silence of 3 s / records--> old
 *   live <--seek--> past
 *   live --3 s without a mark--> unmarked, --a mark that does not fit--> false;
 *   both are blank until a good mark
 *   any --does not open--> shut --a picture--> live
 */
import { now, type Offset } from '../model/clock';
import { Decoder } from './decoder';
import type { Line } from './line';
import type { Picture, Quality, SoundState } from './messages';
import type { Days } from './days';
import { Deck } from './deck';
import { Heard, type HeardEvents } from './heard';
import { Hold, wall } from './hold';
import type { Pace } from './pace';
import { Past } from './past';
import type { Ranges } from './ranges';
import { Ring } from './ring';
import type { Screen } from './screen';
import type { SoundUnit } from './sounds';
import { Tape } from './tape';
import { Track, type CameraKeys, type Unit } from './track';
import type { Watches } from './watches';

/* What all shows share. */
export interface Wires {
  line: Line;
  ranges: Ranges;
  watches: Watches;
}

export interface ShowEvents extends HeardEvents {
  /* at: ms, wall() */
  drawn(frames: number, captured: number, at: number, width: number, height: number): void;
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
const SOUND_MS = 100;
const LEFT_MS = 600_000; /* so long it is told that something was left out */
const BEHIND_MS = 6000; /* after heads that name a newer mark */
const STILL_MS = 4000;
const SLOW_MS = 12_000; /* the same, of a tile that shows key frames alone */
const SMALL_US = 6_000_000;
const SMALL_OCTETS = 8 << 20;

export class Show {
  readonly ring: Ring;
  private track: Track | null = null;
  private slot = -1;
  private readonly past: Past;
  private readonly decoder: Decoder;
  readonly deck: Deck;
  readonly hearing: Heard;
  private readonly hold = new Hold((frame, unit) => this.draw(frame, unit));
  private soundTimer: ReturnType<typeof setInterval> | undefined;

  online: boolean | null = null;
  private fault: 'shut' | 'false' | 'unmarked' | 'unplayable' | null = null;
  private mode: 'live' | 'past' = 'live';
  private pastUnplayable = false; /* what was sought is not decoded here */
  private shown: Unit | null = null;
  private frozen = false; /* old: shows the last verified picture */
  private unmarked: Unit[] = [];
  private heard = 0; /* ms, of the newest record of any kind */
  private arrived = 0; /* ms, of the newest picture */
  private markedAt = 0;
  private mark = { run: '', number: -1 };
  private newestHead = { run: '', number: -1 };
  private behindSince = 0;
  private leftAt = 0;
  private watchedAt = 0;
  private latencies: number[] = [];
  clock: Offset | null = null;

  private still: Unit | null = null; /* of a stream that stopped */

  codec = ''; /* of the newest key frame, or of what does not play */
  pace: Pace = 'all';
  private stillAt = -Infinity;
  private watching = 0; /* which try is the newest */

  /* small: one of many tiles, so that little is kept of what was live. */
  constructor(
    private readonly wires: Wires, readonly keys: CameraKeys, readonly as: Quality,
    readonly days: Days, private readonly screen: Screen, private readonly events: ShowEvents,
    small = false,
  ) {
    const { line, ranges } = wires;
    this.ring = small ? new Ring(SMALL_US, SMALL_OCTETS) : new Ring();
    this.past = new Past(line, ranges, keys, this.stream, this.ring);
    this.decoder = new Decoder({
      picture: (frame, unit) => this.picture(frame, unit),
      unplayable: (codec) => this.unplayable(codec),
    });
    this.deck = new Deck(this.ring, this.past, new Tape(ranges, keys, days, as), this.decoder, {
      changed: () => events.changed(), live: () => this.live(),
    });
    this.hearing = new Heard(events);
    screen.blank();
  }

  get camera() {
    return this.keys.camera;
  }

  get stream(): string {
    return this.as === 'sub' ? this.camera.sub : this.camera.stream;
  }

  /* --- the line --- */

  async watch(): Promise<void> {
    this.unwatch();
    this.watchedAt = performance.now();
    const n = this.watching;
    const j = await this.wires.watches.watch(this.stream, this, () => n === this.watching);
    if (!j) return;
    this.slot = j.number('slot');
    this.online = j.bool('online');
    this.track = new Track(this.keys, {
      unit: (u) => this.unit(u),
      sound: (u) => this.sound(u),
      verified: (run, first, last, mark) => this.verified(run, first, last, mark),
      trouble: (what) => this.trouble(what),
      left: (to) => this.leftOut(to),
    }, this.stream);
    if (this.mode === 'live') this.decoder.reset();
    this.events.changed();
  }

  unwatch(): void {
    if (this.slot >= 0) this.wires.watches.unwatch(this.stream, this);
    this.lost();
  }

  /* Another tile shows it now. */
  taken(): void {
    this.lost();
  }

  lost(): void {
    this.watching++;
    this.slot = -1;
    this.track?.close();
    this.track = null;
    this.online = null;
    this.unmarked = this.unmarked.slice(-64);
    this.past.lost();
  }

  close(): void {
    clearInterval(this.soundTimer);
    this.unwatch();
    this.deck.end();
    this.silence();
    this.decoder.end();
    this.screen.blank();
  }

  /* False: it is of another stream. */
  record(slot: number, record: Uint8Array): boolean {
    if (slot !== this.slot) return false;
    this.heard = performance.now();
    this.track?.feed(record);
    return true;
  }

  /* The hub's own word about its newest mark of this stream. */
  head(run: string, number: number): void {
    this.newestHead = { run, number };
    this.behindLook();
  }

  private behindLook(): void {
    const { run, number } = this.newestHead;
    const known = this.mark.run === run && this.mark.number >= number;
    this.behindSince = known ? 0 : this.behindSince || performance.now();
  }

  /* The server holds back what the hub says it has sent. */
  get behind(): boolean {
    return this.behindSince > 0 && performance.now() - this.behindSince > BEHIND_MS &&
      this.online === true;
  }

  /* A whole run, or the end of one, did not come; the timeline tells it, too. */
  private leftOut(to: number): void {
    this.leftAt = performance.now();
    const before = this.ring.at(this.ring.find(to))?.time ?? to;
    if (before < to) this.deck.tape.lost.push({ from: before, to });
    this.events.changed();
  }

  get left(): boolean {
    return this.leftAt > 0 && performance.now() - this.leftAt < LEFT_MS;
  }

  /* --- records, in order --- */

  private unit(u: Unit): void {
    this.arrived = performance.now();
    /* set to another codec: it may play now */
    if (this.fault === 'unplayable' && u.setup && u.setup.codec !== this.codec) this.fault = null;
    this.codec = u.setup?.codec ?? this.codec;
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
    if (this.paced(u)) this.decoder.feed(u);
    else this.decoder.skip();
  }

  /* Watched for a while, and nothing came. */
  get quiet(): boolean {
    const since = performance.now() - Math.max(this.heard, this.watchedAt);
    return this.mode === 'live' && this.online === true && since > QUIET_MS;
  }

  /* Whether this one is decoded when the machine cannot do them all. */
  private paced(u: Unit): boolean {
    if (this.pace === 'all') return true;
    if (!u.key || (this.pace === 'still' && this.arrived - this.stillAt < STILL_MS)) return false;
    this.stillAt = this.arrived;
    return true;
  }

  /* How late pictures are, in ms; of a group skip nothing is late. */
  get late_ms(): number {
    return this.mode === 'live' ? this.decoder.late_ms : 0;
  }

  private verified(run: string, first: number, last: number, mark: number): void {
    this.ring.verify(run, first, last);
    for (const u of this.unmarked)
      if (u.run === run && u.index >= first && u.index <= last) u.verified = true;
    this.unmarked = this.unmarked.filter((u) => !u.verified && (u.run !== run || u.index > last));
    this.markedAt = performance.now();
    this.mark = { run, number: mark };
    if (this.behindSince > 0) this.behindLook();
    if (this.fault === 'unmarked' || this.fault === 'false') {
      this.fault = null;
      this.events.changed();
    }
  }

  private trouble(what: 'false' | 'shut' | 'keys'): void {
    if (what === 'keys') this.events.keysWanted();
    if (what === 'false') this.unmarked = [];
    if (what === 'false' || !this.shown) this.blank(what === 'false' ? 'false' : 'shut');
  }

  private unplayable(codec: string): void {
    this.codec = codec;
    if (this.mode === 'live') return this.blank('unplayable');
    if (this.pastUnplayable) return;
    this.pastUnplayable = true;
    this.screen.blank();
    this.shown = null;
    this.events.changed();
  }

  private blank(why: 'false' | 'shut' | 'unmarked' | 'unplayable'): void {
    if (this.fault === why) return;
    this.fault = why;
    if (this.mode === 'live') {
      this.silence();
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
    const due = this.mode === 'live' && !this.frozen ? this.hearing.due(u.time, u.arrived) : null;
    if (due !== null) this.hold.put(frame, u, due);
    else {
      this.hold.flush();
      this.draw(frame, u);
    }
  }

  private draw(frame: VideoFrame, u: Unit): void {
    const first = !this.shown;
    this.screen.draw(frame);
    this.shown = u;
    if (this.mode === 'live' && !this.frozen) this.measure(u);
    if (this.mode === 'past') {
      this.pastUnplayable = false;
      this.hearing.drawn(u.time);
      this.deck.drawn(u);
    }
    this.events.drawn(this.screen.frames, u.time, wall(), this.screen.width, this.screen.height);
    if (first || (this.mode === 'past' && this.deck.isTarget(u))) this.events.changed();
  }

  private wanted(u: Unit): boolean {
    if (this.mode === 'past') return this.deck.wants(u);
    if (this.frozen) return u === this.still;
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
    /* they come, and none opens: also when their header never came */
    const shutSince = this.track?.shutSince ?? 0;
    if (!stopped && shutSince > 0 && t - shutSince > UNMARKED_MS) this.blank('shut');
    if (this.fault === 'shut') return this.watchAgain();
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
    this.silence();
    const i = this.ring.lastVerified();
    if (i < 0 || this.fault) this.blank('unmarked');
    else this.seekTo(i);
  }

  private seekTo(i: number): void {
    const from = this.ring.keyOf(i);
    const target = this.ring.at(i);
    if (from < 0 || !target) return;
    this.decoder.reset();
    this.still = target;
    for (let k = from; k <= i; k++) this.decoder.feed(this.ring.at(k)!, true);
  }

  /* --- what was --- */

  /* Who comes from live goes on playing from there. */
  async seek(time: number): Promise<void> {
    if (this.mode === 'live') this.deck.playing = true;
    this.silence();
    this.mode = 'past';
    await this.deck.seek(time);
  }

  play(on: boolean, speed: number): void {
    if (this.mode === 'past') this.deck.play(on, speed);
    this.soundTick(); /* at once, as the picture */
  }

  toggle(): void {
    this.play(!this.deck.goes, this.deck.speed);
  }

  step(by: 1 | -1): void {
    if (this.mode === 'live') {
      this.silence();
      this.mode = 'past';
      void this.deck.seek(this.shown?.time ?? now()).then(() => this.deck.step(by));
    } else void this.deck.step(by);
    this.soundTick();
  }

  /* On the clock of together.ts: how it goes, and what time it is. */
  led(on: boolean, speed: number): void {
    this.mode = 'past';
    this.deck.ledPlay(on, speed);
  }

  lead(time: number): void {
    if (this.mode === 'live') this.led(false, 1);
    this.deck.lead(time);
  }

  live(): void {
    this.deck.end();
    this.silence();
    this.mode = 'live';
    this.pastUnplayable = this.frozen = false;
    this.shown = null;
    this.latencies = [];
    this.decoder.reset();
    const from = this.ring.keyOf(this.ring.length - 1);
    for (let k = from; k >= 0 && k < this.ring.length; k++) this.decoder.feed(this.ring.at(k)!, true);
    this.events.changed();
  }

  /* --- sound --- */

  private sound(u: SoundUnit): void {
    this.ring.sounds.add(u);
    this.hearing.came(u);
    if (this.mode === 'live' && !this.frozen && !this.fault) this.hearing.live(u);
  }

  hear(on: boolean): void {
    this.hearing.hear(on);
    clearInterval(this.soundTimer);
    if (on) this.soundTimer = setInterval(() => this.soundTick(), SOUND_MS);
    else this.hold.flush();
  }

  private soundTick(): void {
    if (this.mode === 'past') this.hearing.past(this.deck.sounds, this.deck.clock);
  }

  /* From now on other pictures are shown than those that wait. */
  private silence(): void {
    this.hearing.hush();
    this.hold.drop();
  }

  get soundRate(): number {
    return this.hearing.rate;
  }

  get soundState(): SoundState {
    if (this.mode === 'live') return this.hearing.liveState();
    return this.hearing.pastState(this.deck.sounds, this.position);
  }

  /* --- what the page is told --- */

  get pictureState(): Picture {
    if (this.mode === 'past') return this.pastUnplayable && !this.gap ? 'unplayable' : 'past';
    if (this.fault) return this.fault;
    if (!this.shown) return 'waiting';
    const cut = this.track === null; /* nothing can come */
    const t = performance.now();
    const most = this.pace === 'all' ? QUIET_MS : SLOW_MS;
    /* records that come do not make a picture young that nobody drew */
    const stuck = t - this.shown.arrived > most;
    const old = cut || this.frozen || t - this.arrived > QUIET_MS || stuck || this.age_s > most / 1000 + 7;
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

  /* µs: where one is in the past; 0: live. */
  get position(): number {
    return this.mode === 'past' ? this.deck.time ?? 0 : 0;
  }

  get gap(): boolean {
    return this.mode === 'past' && this.deck.gap;
  }

  get loading(): boolean {
    return this.mode === 'past' && this.deck.loading;
  }
}
