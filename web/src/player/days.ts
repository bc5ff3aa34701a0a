/*
 * days.ts - a camera's index, fetched by day and opened: what is recorded,
 * where its groups are, and the rows that explain what is not.
 */
import { hex } from '../base/codec';
import { now } from '../model/clock';
import { HOUR_US, indexParse, rowParse, type IndexGroup, type IndexRun } from '../model/index';
import { knownUntil, type IndexRow } from '../model/ledger';
import type { TrackKind } from '../model/people';
import * as api from '../proto/api';
import { KEY, KIND_INDEX, MARK } from '../proto/record';
import type { CameraKeys } from './track';

export const DAY_US = 24 * HOUR_US;
const FRESH_MS = 20_000; /* today's rows are read again after that */

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
  at: number; /* ms */
}

export class Days {
  private readonly days = new Map<number, Day>();
  private readonly busy = new Map<number, Promise<void>>();
  private readonly found = new Map<TrackKind, Place[]>();
  false = 0; /* rows that did not open, or were not signed */

  constructor(private readonly keys: CameraKeys, private readonly ticket: () => string) {}

  get has(): boolean {
    return this.keys.camera.index !== '';
  }

  /* True when something new came. */
  async load(day: number): Promise<boolean> {
    const known = this.days.get(day);
    const still = day < dayOf(now()) - 1 || performance.now() - (known?.at ?? -FRESH_MS) < FRESH_MS;
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

  loaded(day: number): boolean {
    return this.days.has(day);
  }

  private async fetch(day: number): Promise<void> {
    const camera = this.keys.camera;
    const rows = await api.rows(api.ticketRead(this.ticket()), camera.index, day);
    const opened = await Promise.all(rows.map((r) => this.open(r, day).catch(() => null)));
    this.false += opened.filter((r) => !r).length;
    this.days.set(day, { rows: opened.filter((r) => r !== null), at: performance.now() });
    this.found.clear();
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
    return { run: hex(run.id), index: said.index, hour: indexParse(said.octets) };
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
