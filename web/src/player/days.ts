/*
 * days.ts - a camera's index, fetched by day and opened: what is recorded,
 * where its groups are, and the rows that explain what is not.
 */
import { hex } from '../base/codec';
import { now } from '../model/clock';
import type { Heads } from '../model/heads';
import { HOUR_US, indexParse, rowParse, type IndexGroup, type IndexRun } from '../model/index';
import { knownUntil, unshown, type IndexRow, type Named } from '../model/ledger';
import type { TrackKind } from '../model/people';
import * as api from '../proto/api';
import { KEY, KIND_INDEX, MARK } from '../proto/record';
import type { CameraKeys } from './track';

export const DAY_US = 24 * HOUR_US;
export const SETTLING_US = 10_000_000; /* what is newer may not be on the server's disk yet */
const FRESH_MS = 15_000; /* today's rows are read again after that */
const FIRST_MS = 4000; /* a camera's first row comes soon */
const WORDS_KEPT = 16; /* of the hub, on what its newest row is */
const ROW_DUE_US = 150_000_000; /* a row comes each minute */
const RUN_ENDS_US = 3_000_000; /* a run that lasted to its row's end goes on */
const CUT_US = 1_000_000;
const DAYS_ON = 400; /* looked at for a row that tells of a day's end */

export function dayOf(time: number): number {
  return Math.floor(time / DAY_US);
}

/* A group, and what one needs to ask for it. */
export interface Place extends IndexGroup {
  run: string;
  until: number; /* index of the next listed group, or one after the last record */
  end: number; /* µs, about */
}

interface Day {
  rows: IndexRow[];
  at: number; /* ms, when it was asked for */
}

/* What the server has of a run behind what its row lists. */
export interface Tail {
  groups: IndexGroup[];
  last: number; /* µs */
  lastIndex: number;
}

/* When we heard it, in ms: rows that were asked for later are as new. */
interface Word {
  named: Named;
  at: number;
}

export class Days {
  private readonly days = new Map<number, Day>();
  private readonly busy = new Map<number, Promise<void>>();
  private readonly found = new Map<TrackKind, Place[]>();
  private readonly tails = new Map<string, Tail | null>(); /* by run; null: nothing more */
  private words: Word[] = [];
  private newest = { day: 0, at: -Infinity }; /* of the newest row; 0: none */
  false = 0; /* rows that did not open, or were not signed */

  constructor(private readonly keys: CameraKeys, private readonly ticket: () => string) {}

  get has(): boolean {
    return this.keys.camera.index !== '';
  }

  /* True when something new came. */
  async load(day: number): Promise<boolean> {
    const known = this.days.get(day);
    const fresh = known?.rows.length ? FRESH_MS : FIRST_MS;
    const still = day < dayOf(now()) - 1 || performance.now() - (known?.at ?? -fresh) < fresh;
    if (!this.has || (known && still)) return false;
    let job = this.busy.get(day);
    if (!job) {
      job = this.fetch(day).finally(() => this.busy.delete(day));
      this.busy.set(day, job);
    }
    await job;
    return true;
  }

  /* The days that from..to lies in. */
  async cover(from: number, to: number): Promise<boolean> {
    const wanted: Promise<boolean>[] = [];
    for (let d = dayOf(from); d <= dayOf(to); d++) wanted.push(this.load(d));
    return (await Promise.all(wanted)).some((x) => x);
  }

  get camera(): string {
    return this.keys.camera.thing;
  }

  get born(): number {
    return this.keys.camera.born;
  }

  /* The hub says which row is the newest that the server has. */
  heard(h: Heads): void {
    const head = h.streams.get(this.keys.camera.index);
    if (!head || head.run.every((x) => x === 0)) return;
    const named = {
      run: hex(head.run), mark: head.markNumber, markHash: hex(head.markHash), time: h.time,
    };
    this.words = [...this.words.slice(1 - WORDS_KEPT), { named, at: performance.now() }];
  }

  private async newestLoad(): Promise<void> {
    if (performance.now() - this.newest.at < (this.newest.day ? FRESH_MS : FIRST_MS)) return;
    const at = performance.now();
    const [row] = await api.rowNewest(api.ticketRead(this.ticket()), this.keys.camera.index);
    const opened = row && (await this.open(row, dayOf(now())).catch(() => null));
    this.newest = { day: opened ? dayOf(opened.hour.from) : 0, at };
  }

  /*
   * All that a ledger of from..to needs: its days, the newest one, and those
   * behind it until a row that tells of its end.
   */
  async survey(from: number, to: number): Promise<void> {
    if (!this.has) return;
    await this.newestLoad();
    await this.cover(from, to);
    if (this.newest.day > 0) await this.load(this.newest.day);
    const last = dayOf(to);
    for (let d = last + 1; d <= Math.min(this.newest.day, last + DAYS_ON); d++) {
      if (this.rows.some((r) => r.hour.from >= to)) break;
      await this.load(d);
    }
  }

  /* What heads said before our newest rows were asked for: it must be among them. */
  get named(): Named | null {
    const at = Math.min(this.newest.at, this.days.get(this.newest.day)?.at ?? Infinity);
    return this.words.findLast((w) => w.at <= at)?.named ?? null;
  }

  /* Until when heads confirm that nothing is kept back at the end; 0: they do not. */
  get confirmed(): number {
    const named = this.named;
    return named && unshown(this.rows, named).length === 0 ? named.time : 0;
  }

  loaded(day: number): boolean {
    return this.days.has(day);
  }

  get loadedDays(): number[] {
    return [...this.days.keys()];
  }

  private async fetch(day: number): Promise<void> {
    const camera = this.keys.camera;
    const at = performance.now();
    const rows = await api.rows(api.ticketRead(this.ticket()), camera.index, day);
    const opened = await Promise.all(rows.map((r) => this.open(r, day).catch(() => null)));
    this.false += opened.filter((r) => !r).length;
    this.days.set(day, { rows: opened.filter((r) => r !== null), at });
    for (const run of this.tails.keys()) this.lengthen(run);
    this.found.clear();
  }

  /*
   * Main runs that went on when the hub wrote its last row before a gap, and
   * of which nobody asked yet how far they came.
   */
  cutOff(from: number, to: number): IndexRun[] {
    const rows = this.rows;
    return rows.flatMap(({ hour: h }) => {
      const told = rows.some((x) => x.hour.from <= h.to + CUT_US && x.hour.to > h.to);
      const over = h.to < now() - ROW_DUE_US || rows.some((x) => x.hour.from >= h.to);
      if (told || !over || h.to >= to || h.to + CUT_US <= from) return [];
      return h.runs.filter((r) => r.as === 'main' && r.groups.length > 0 &&
        r.last + RUN_ENDS_US >= h.to && !this.tails.has(r.run));
    });
  }

  extend(run: string, tail: Tail | null): void {
    this.tails.set(run, tail);
    this.lengthen(run);
    this.found.clear();
  }

  /* Rows are read anew; what was found behind them stays. */
  private lengthen(run: string): void {
    const tail = this.tails.get(run);
    if (!tail) return;
    const parts = this.rows.flatMap((x) => x.hour.runs).filter((r) => r.run === run);
    const r = parts.sort((a, b) => b.lastIndex - a.lastIndex)[0];
    if (!r || tail.last <= r.last) return;
    r.groups = [...r.groups, ...tail.groups.filter((g) => g.time > (r.groups.at(-1)?.time ?? 0) + CUT_US)];
    r.last = tail.last;
    r.lastIndex = tail.lastIndex;
  }

  /* Throws when it is not what the hub wrote for this place. */
  private async open(row: api.Row, day: number): Promise<IndexRow> {
    const [header, record, mark] = rowParse(row.sealed);
    const run = await this.keys.open(
      header!, this.keys.camera.index, 3, Math.min(now(), (day + 1) * DAY_US));
    if (typeof run === 'string') throw new Error(run);
    const said = await run.open(record!);
    const signed = await run.open(mark!);
    await run.follow(said);
    const verified = await run.follow(signed);
    const good = said.flags === KEY && said.kind === KIND_INDEX && (signed.flags & MARK) !== 0 &&
      verified?.count === 1;
    if (!good) throw new Error('row');
    return {
      run: hex(run.id), index: said.index, mark: verified.number, markHash: hex(await signed.leaf),
      hour: indexParse(said.octets),
    };
  }

  get rows(): IndexRow[] {
    return [...this.days.values()].flatMap((d) => d.rows);
  }

  get until(): number {
    return knownUntil(this.rows);
  }

  runs(as: TrackKind): IndexRun[] {
    return this.rows.flatMap((r) => r.hour.runs.filter((x) => x.as === as));
  }

  /* In order of time. */
  places(as: TrackKind): Place[] {
    let all = this.found.get(as);
    if (all) return all;
    const byRun = new Map<string, IndexRun>();
    for (const r of this.runs(as)) {
      const other = byRun.get(r.run);
      /* a run that went on into the next hour is listed there, too */
      if (!other) byRun.set(r.run, { ...r });
      else {
        other.first = Math.min(other.first, r.first);
        other.last = Math.max(other.last, r.last);
        other.lastIndex = Math.max(other.lastIndex, r.lastIndex);
        other.groups = [...other.groups, ...r.groups].sort((a, b) => a.index - b.index);
      }
    }
    all = [...byRun.values()].flatMap((r) => r.groups.map((g, i) => ({
      ...g, run: r.run, until: r.groups[i + 1]?.index ?? r.lastIndex + 1,
      end: r.groups[i + 1]?.time ?? r.last,
    })));
    all.sort((a, b) => a.time - b.time);
    this.found.set(as, all);
    return all;
  }

  /* Whether the rows that are here list what was recorded then: newer ones do not change that. */
  lists(as: TrackKind, time: number): boolean {
    if (!this.days.has(dayOf(time))) return false;
    const i = this.at(as, time);
    const [p, next] = [this.places(as)[i], this.places(as)[i + 1]];
    return !!p && !!next && time < p.end && next.run === p.run;
  }

  /* Where the newest group at or before that time is in places(); -1: none. */
  at(as: TrackKind, time: number): number {
    const all = this.places(as);
    let low = -1;
    let high = all.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (all[middle]!.time <= time) low = middle;
      else high = middle - 1;
    }
    return low;
  }
}
