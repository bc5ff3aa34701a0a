/*
 * track.ts - what comes on one slot: run headers and records, opened in
 * parallel and told in order. One track for live, one for each range.
 */
import { hex, unb64 } from '../base/codec';
import { sha256Now } from '../crypto/sha256';
import { isFault } from '../base/fault';
import { same, type Octets } from '../base/octets';
import { pictureOf, type Setup } from '../proto/h264';
import { picture265 } from '../proto/h265';
import { H264, H265, HEADER, JPEG, KEY, MARK, recordFlags, runClear, SOUND } from '../proto/record';
import { soundOf } from '../proto/sound';
import { now } from '../model/clock';
import { HourKeys } from '../model/hours';
import { Run, hangsOn, hashNowUse, type Said } from '../model/run';
import type { PlayerCamera } from './messages';
import type { SoundUnit } from './sounds';

/* One picture, ready for a decoder. */
export interface Unit {
  run: string;
  index: number;
  time: number; /* µs, the hub's */
  key: boolean;
  setup: Setup | null; /* of a key frame */
  data: Octets;
  verified: boolean;
  arrived: number; /* ms, ours */
}

export interface TrackEvents {
  unit(u: Unit): void;
  sound?(u: SoundUnit): void;
  jpeg?(time: number, octets: Octets): void;
  verified(run: string, first: number, last: number, mark: number): void;
  /* false: a mark does not fit; shut: it does not open; keys: an epoch that we lack */
  trouble(what: 'false' | 'shut' | 'keys'): void;
  left?(to: number): void; /* before that time something is missing: µs */
  reached?(index: number): void; /* the newest record that was read */
}

const PENDING_MAX = 600; /* live */
const ASKED_MAX = 16_384; /* of a range: it comes faster than it opens */
const ASKED_OCTETS_MAX = 32 << 20; /* the server gives 4 MiB at once */
const RUNS_KEPT = 16;
const MEDIA = 1; /* a run's class */

hashNowUse(sha256Now);

/* The keys of a camera: shared by its tracks, so that hours are found once. */
export class CameraKeys {
  private readonly epochs = new Map<number, HourKeys>();
  private readonly runs = new Map<string, Run>(); /* of media, by stream and id: opened once */

  constructor(readonly home: Octets, readonly camera: PlayerCamera) {
    for (const k of camera.keys) this.epochs.set(k.epoch, new HourKeys(k.key));
  }

  /* about: µs, when the run was, so that its hour is found soon. */
  async open(
    header: Uint8Array, stream: string, kind: number, about: number,
  ): Promise<Run | 'shut' | 'keys'> {
    const clear = runClear(header);
    const name = `${stream} ${hex(clear.run)}`;
    const known = kind === MEDIA ? this.runs.get(name) : undefined;
    if (known && same(known.header, header)) return known.again();
    const hours = this.epochs.get(clear.epoch);
    if (!hours) return 'keys';
    const hour = await hours.get(clear.hourId, about);
    if (!hour) return 'shut';
    const at = {
      home: this.home, thing: unb64(this.camera.thing, 16), stream: unb64(stream, 16),
      writer: unb64(this.camera.hub.id, 16), class: kind,
    };
    const run = await Run.open(header, at, hour.pair, this.camera.hub.sign);
    if (kind === MEDIA) this.keep(name, run);
    return run;
  }

  private keep(name: string, run: Run): void {
    this.runs.delete(name);
    this.runs.set(name, run);
    for (const oldest of this.runs.keys()) if (this.runs.size > RUNS_KEPT) this.runs.delete(oldest);
  }
}

export class Track {
  private run: Promise<Run | null> = Promise.resolve(null);
  private last: Run | null = null; /* that records were read of */
  private tail: Promise<void> = Promise.resolve();
  private pending = 0;
  private octets = 0; /* of those */
  private closed = false;
  shutSince = 0; /* ms, of the first record but marks since one that opened; 0: all do */

  /* about: µs, when it was; live: now. */
  constructor(
    private readonly keys: CameraKeys, private readonly events: TrackEvents,
    private readonly stream: string, private readonly about = 0,
  ) {}

  close(): void {
    this.closed = true;
  }

  /* After everything that was fed so far. */
  settled(): Promise<void> {
    return this.tail;
  }

  feed(record: Uint8Array): void {
    const arrived = performance.now();
    let flags: number;
    try {
      flags = recordFlags(record);
    } catch {
      this.shutSince ||= arrived;
      this.events.trouble('shut');
      return;
    }
    if (flags === HEADER) {
      const next = this.headerOpen(record);
      this.run = next;
      /* once all of the one before was read */
      this.tail = this.tail.then(async () => this.linkCheck(await next));
      return;
    }
    if (!(flags & MARK)) this.shutSince ||= arrived;
    /* we are far behind: leave a gap, go on at a key frame */
    const most = this.about ? ASKED_MAX : PENDING_MAX;
    if ((this.pending > most || this.octets > ASKED_OCTETS_MAX) && flags !== KEY) return;
    this.pending++;
    this.octets += record.length;
    const run = this.run;
    const said = run.then((r) => r?.open(record) ?? null).catch(() => 'shut' as const);
    this.tail = this.tail.then(async () => {
      this.pending--;
      this.octets -= record.length;
      const r = await run;
      const s = await said;
      if (this.closed || !r || !s) return;
      if (s === 'shut') return this.events.trouble('shut');
      if (!(s.flags & MARK)) this.shutSince = 0;
      await this.follow(r, s, arrived);
    });
  }

  private async headerOpen(record: Uint8Array): Promise<Run | null> {
    const run = await this.keys
      .open(record, this.stream, MEDIA, this.about || now()).catch(() => 'shut' as const);
    if (typeof run !== 'string') return run;
    if (!this.closed) this.events.trouble(run);
    return null;
  }

  /* Runs hang on each other: one that was left out is missed by the next. */
  private linkCheck(next: Run | null): void {
    if (!next || this.closed) return;
    const before = this.last;
    this.last = next;
    if (before && hex(before.id) !== hex(next.id) && !hangsOn(before.end, next.fields))
      this.events.left?.(next.fields.start);
  }

  private async follow(run: Run, said: Said, arrived: number): Promise<void> {
    try {
      const verified = await run.follow(said);
      this.events.reached?.(said.index);
      if (!verified) this.unit(run, said, arrived);
      else if (verified.count > 0)
        this.events.verified(hex(run.id), verified.first, verified.last, verified.number);
    } catch (e) {
      if (isFault(e, 'MISSING') || isFault(e, 'EXISTS') || isFault(e, 'CLOSED')) return;
      run.forget();
      this.events.trouble('false');
    }
  }

  private sound(run: Run, { index, time, octets }: Said): void {
    if (!this.events.sound) return;
    try {
      this.events.sound({ run: hex(run.id), index, time, sound: soundOf(octets) });
    } catch { /* signed, but nothing that can be heard */ }
  }

  private unit(run: Run, said: Said, arrived: number): void {
    if (said.kind === JPEG) this.events.jpeg?.(said.time, said.octets);
    if (said.kind === SOUND) this.sound(run, said);
    if (said.kind !== H264 && said.kind !== H265) return;
    const picture = said.kind === H264 ? pictureOf(said.octets) : picture265(said.octets);
    const key = (said.flags & KEY) !== 0;
    this.events.unit({
      run: hex(run.id), index: said.index, time: said.time, key, ...picture,
      verified: false, arrived,
    });
  }
}
