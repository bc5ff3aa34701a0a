/*
 * film_read.ts - a range of the recording, piece after piece, each record
 * opened, followed and given on when the hub's mark allows. A piece that broke
 * off is asked for again: the film knows what it has.
 */
import { hex } from '../base/codec';
import { isFault } from '../base/fault';
import type { Octets } from '../base/octets';
import { now } from '../model/clock';
import type { Span } from '../model/ledger';
import type { Run, Said } from '../model/run';
import { HEADER, KEY, recordFlags } from '../proto/record';
import type { Days, Place } from './days';
import type { Line } from './line';
import type { Range, Ranges } from './ranges';
import type { CameraKeys } from './track';
import { groupsAsk } from './past';

const PLACES_MAX = 6; /* of the index, in one piece */
const PIECE_OCTETS = 3 << 20; /* the server gives 4 MiB at once */
const TAIL_GROUPS = 16;
const TRIES = 3;
const PAUSE_MS = 400;
const JOIN_US = 1_500_000;

/* Takes a run's records; ahead: before where the film begins. */
export interface Taker {
  said(run: Run, said: Said): Promise<void>;
  full(): boolean; /* nothing more is needed */
  waiting(on: boolean): void; /* for the line */
  stopped(): boolean;
  stopping: Promise<never>; /* throws Stopped */
}

export class Stopped extends Error {}

type Opened = Said | 'shut';

interface At {
  run: string;
  index: number;
}

export class FilmReader {
  readonly lost: Span[] = []; /* indexed, but not given out */
  bad = 0; /* records that nobody may believe */
  asked = 0; /* µs, when the newest was last asked for */
  key: At | null = null; /* the newest key frame */
  private at: At = { run: '', index: 0 }; /* the newest record */
  private readonly runs = new Map<string, Run>();
  private octets = 0; /* of the newest piece */
  private placeOctets = PIECE_OCTETS / 2;

  constructor(
    private readonly line: Line, private readonly ranges: Ranges,
    private readonly keys: CameraKeys, private readonly days: Days, private readonly taker: Taker,
  ) {}

  /* --- one piece --- */

  private async run(header: Octets, about: number): Promise<Run | null> {
    const run = await this.keys.open(header, this.keys.camera.stream, 1, about).catch(() => 'shut');
    if (typeof run === 'string') {
      this.bad++;
      return null;
    }
    const id = hex((run as Run).id);
    const known = this.runs.get(id);
    if (known) return known;
    this.runs.set(id, run as Run);
    return run as Run;
  }

  private async follow(run: Run, said: Opened): Promise<void> {
    if (said === 'shut') {
      this.bad++;
      return;
    }
    try {
      await run.follow(said);
    } catch (e) {
      if (isFault(e, 'EXISTS') || isFault(e, 'MISSING') || isFault(e, 'CLOSED')) return;
      run.forget();
      this.bad++;
      return;
    }
    this.at = { run: hex(run.id), index: said.index };
    if (said.flags === KEY) this.key = this.at;
    await this.taker.said(run, said);
  }

  /* Records are opened while others still come, and followed in order. */
  private async piece(range: Range): Promise<'done' | 'refused' | 'lost'> {
    let run: Promise<Run | null> = Promise.resolve(null);
    const opened: { run: Promise<Run | null>; said: Promise<Opened | null> }[] = [];
    this.octets = 0;
    const how = await this.ranges.raw(this.keys.camera.stream, range, (record) => {
      this.octets += record.length;
      let flags: number;
      try {
        flags = recordFlags(record);
      } catch {
        this.bad++;
        return;
      }
      if (flags === HEADER) {
        run = this.run(record as Octets, range.about);
        return;
      }
      const of = run;
      const said = of.then((r) => r?.open(record) ?? null).catch(() => 'shut' as const);
      opened.push({ run: of, said });
    });
    for (const o of opened) {
      const r = await o.run;
      const said = await o.said;
      if (r && said && !this.taker.full() && !this.taker.stopped()) await this.follow(r, said);
    }
    return how;
  }

  /* Waits for the line as long as it takes; throws Stopped. */
  async lineWait(): Promise<void> {
    this.check();
    while (!this.line.open) {
      this.taker.waiting(true);
      await new Promise((done) => setTimeout(done, PAUSE_MS));
      this.check();
    }
    this.taker.waiting(false);
  }

  private check(): void {
    if (this.taker.stopped()) throw new Stopped();
  }

  /* False: the server does not give it out. */
  private async ask(range: Range): Promise<boolean> {
    for (;;) {
      await this.lineWait();
      const how = await Promise.race([this.piece(range), this.taker.stopping]);
      this.check();
      if (how !== 'lost') return how === 'done';
    }
  }

  /* --- what the index lists --- */

  private whole(until: number, run: string): boolean {
    return this.at.run === run && this.at.index + 1 >= until;
  }

  /* Until all of it came, or no more does. False: nothing came. */
  private async listed(first: Place, last: Place): Promise<boolean> {
    let index = first.index;
    let any = false;
    for (let tries = 0; tries < TRIES && !this.taker.full();) {
      const ok = await this.ask({ run: first.run, index, until: last.until, about: first.time });
      if (!ok && !any) return false;
      any = true;
      if (this.whole(last.until, first.run)) break;
      const key = this.key;
      if (key?.run === first.run && key.index > index) index = key.index;
      else tries++;
    }
    return true;
  }

  private lose(from: number, to: number): void {
    const last = this.lost[this.lost.length - 1];
    if (last && from - last.to < JOIN_US) last.to = to;
    else this.lost.push({ from, to });
  }

  /* The places from i on, as many as one piece holds; how many those were. */
  private async places(all: Place[], i: number, to: number): Promise<number> {
    const most = Math.max(1, Math.min(PLACES_MAX, Math.floor(PIECE_OCTETS / this.placeOctets)));
    const first = all[i]!;
    let n = 1;
    const goes = (p: Place | undefined) => !!p && p.run === first.run && p.time <= to;
    while (n < most && goes(all[i + n])) n++;
    if (await this.listed(first, all[i + n - 1]!)) {
      if (this.octets > 0) this.placeOctets = Math.max(1, this.octets / n);
      return n;
    }
    if (n === 1) this.lose(first.time, first.end);
    else this.placeOctets = PIECE_OCTETS; /* which of them is it? */
    return n === 1 ? 1 : 0;
  }

  /* Where the film begins in what is listed. */
  private begin(all: Place[], from: number): number {
    const i = this.days.at('main', from);
    const p = all[i];
    return !p || (from > p.end && all[i + 1]) ? i + 1 : i;
  }

  async read(from: number, to: number): Promise<void> {
    this.asked = now();
    await this.cover(from, to);
    let all = this.days.places('main');
    for (let i = this.begin(all, from); !this.taker.full();) {
      if (i < all.length && all[i]!.time <= to) i += await this.places(all, i, to);
      else {
        await this.cover(from, to); /* the index may have grown */
        if (this.days.places('main').length === all.length) break;
        all = this.days.places('main');
      }
    }
    /* again when rows came meanwhile that list more than there was */
    for (let more = to > this.days.until; more && !this.taker.full();) {
      const { until } = this.days;
      this.asked = now();
      await this.tail(all, from);
      await this.cover(from, to);
      more = this.days.until > until;
    }
    await this.cover(from, to);
  }

  /* --- what is younger than the index --- */

  private async tail(all: Place[], from: number): Promise<void> {
    const last = all[all.length - 1];
    let at: At | null = this.key;
    if (!at && last) at = last;
    if (!at) at = (await this.newest()) ?? null;
    for (; at && !this.taker.full();) {
      const ok = await this.ask({ ...at, groups: TAIL_GROUPS, about: Math.max(from, last?.time ?? 0) });
      const next: At | null = this.key;
      if (!ok || !next || (next.run === at.run && next.index === at.index)) return;
      at = next;
    }
  }

  /* A camera so new that no row tells of it. */
  private async newest(): Promise<At | undefined> {
    for (;;) {
      await this.lineWait();
      const asked = groupsAsk(this.line, this.keys.camera.stream);
      const groups = await Promise.race([asked, this.taker.stopping]);
      if (groups.length > 0 || this.line.open) return groups[0];
    }
  }

  private async cover(from: number, to: number): Promise<void> {
    for (;;) {
      await this.lineWait();
      try {
        await Promise.race([this.days.cover(from, to), this.taker.stopping]);
        return;
      } catch {
        this.check();
        this.taker.waiting(true);
        await new Promise((done) => setTimeout(done, PAUSE_MS));
        this.check();
      }
    }
  }
}
