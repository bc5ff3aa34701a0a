/*
 * kept.ts - what of a camera's recordings is still there: the server names the
 * oldest record that no lock keeps, by its run and index; when that was, only
 * the index tells, and it is opened here. How long it had to keep them is
 * signed. As src/cli/reader_kept.c.
 */
import { now } from '../model/clock';
import type { LedgerQuestion, Span } from '../model/ledger';
import { isFull, keepBegin } from '../model/retention';
import * as api from '../proto/api';
import type { PlayerCamera, Quality } from './messages';
import type { Days } from './days';

const FRESH_MS = 20_000;

export class KeptSince {
  private asked = -FRESH_MS;
  private since = 0;
  private full = false; /* it says that there is no room */

  constructor(
    private readonly camera: PlayerCamera, private readonly days: Days,
    private readonly ticket: () => string, private readonly as: Quality = 'main',
  ) {}

  /* What the ledger is told of it. */
  get told(): Pick<LedgerQuestion, 'oldest' | 'keep' | 'room' | 'locks'> {
    const { keep, locks } = this.camera;
    const room = this.full ? this.since : keep.room;
    return { oldest: this.since, keep: keepBegin(keep, now()), room, locks };
  }

  /* The server let go what it had to keep. */
  get early(): boolean {
    const { oldest, keep, room } = this.told;
    return oldest > Math.max(keep, room);
  }

  async load(): Promise<void> {
    if (performance.now() - this.asked < FRESH_MS) return;
    this.asked = performance.now();
    const kept = await api.keepRead(api.ticketRead(this.ticket()));
    const id = this.as === 'sub' ? this.camera.sub : this.camera.stream;
    const first = kept.streams.find((s) => s.id === id)?.oldest;
    this.full = isFull(kept, id, this.camera.keep.octets);
    if (!first) return;
    /* a file is begun on that day; the hub's may be the one before */
    await this.days.cover((first.day - 1) * 86_400e6, first.day * 86_400e6);
    const place = this.days.places(this.as).find((p) => p.run === first.run && p.index >= first.index);
    /* the index lists the beginning of a run a moment late */
    if (place && !this.isFirst(first.run, first.index))
      this.since = first.index <= 2 ? this.runBegin(first.run) ?? place.time : place.time;
  }

  /* The camera's very first record is still there: nothing was let go. */
  private isFirst(run: string, index: number): boolean {
    const begin = this.runBegin(run);
    if (index > 2 || begin === undefined) return false;
    const oldest = this.days.rows.reduce((a, b) => (b.hour.from < a.hour.from ? b : a));
    return !oldest.hour.before && this.days.runs(this.as).every((r) => r.first >= begin);
  }

  private runBegin(run: string): number | undefined {
    const all = this.days.runs(this.as).filter((r) => r.run === run);
    return all.length === 0 ? undefined : Math.min(...all.map((r) => r.first));
  }

  /* Before the first row there was more, when that row says so. */
  begin(first: number): number {
    const rows = this.days.rows;
    if (this.since === 0 || rows.length === 0) return first;
    const oldest = rows.reduce((a, b) => (b.hour.from < a.hour.from ? b : a));
    return oldest.hour.before ? 0 : first;
  }

  has(time: number): boolean {
    return time >= this.since || this.camera.locks.some((l) => time >= l.from && time < l.to);
  }

  /* Parts of a span that are there: not let go, or locked. */
  spans(all: Span[]): Span[] {
    const there = [...this.camera.locks, { from: this.since, to: Infinity }];
    return all.flatMap((s) => (s.from >= this.since ? [s] : there
      .map((t) => ({ from: Math.max(s.from, t.from), to: Math.min(s.to, t.to) }))
      .filter((p) => p.from < p.to)))
      .sort((a, b) => a.from - b.from);
  }
}
