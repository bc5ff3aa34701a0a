/*
 * gaps.ts - what the page is told about a stretch of time: what is recorded,
 * and what is missing and why.
 */
import { now } from '../model/clock';
import { ledger, stretches, type Gap, type Span } from '../model/ledger';
import { DAY_US, dayOf, type Days } from './days';
import type { KeptSince } from './kept';
import type { DaysView } from './messages';

interface Asked {
  from: number;
  to: number;
  loading: boolean;
  unread: boolean;
}

/* Of the days that are here; what is not here yet is not missing. */
export function gapsOf(days: Days, kept: KeptSince, lost: Span[], from: number, to: number): Gap[] {
  const gaps: Gap[] = [];
  const about = {
    rows: days.rows, days: days.loadedDays, born: days.born, lost, named: days.named, ...kept.told,
  };
  for (let d = dayOf(from); d <= dayOf(to); d++) {
    if (!days.loaded(d)) continue;
    const begin = Math.max(from, d * DAY_US);
    while (days.loaded(d + 1)) d++;
    gaps.push(...ledger({ ...about, from: begin, to: Math.min(to, now(), (d + 1) * DAY_US) }));
  }
  return gaps;
}

export function daysView(
  days: Days, kept: KeptSince, lost: Span[], asked: Asked,
): Omit<DaysView, 'tile'> {
  const { from, to } = asked;
  const first = days.rows.reduce((least, r) => Math.min(least, r.hour.from), Infinity);
  return {
    t: 'days', camera: days.camera, ...asked, until: days.until, confirmed: days.confirmed,
    first: Number.isFinite(first) ? first : 0,
    spans: kept.spans(stretches(days.runs('main')).filter((x) => x.to > from && x.from < to)),
    gaps: gapsOf(days, kept, lost, from, to), early: kept.early,
    motion: days.places('main').filter((p) => p.time >= from && p.time < to && p.motion > 0)
      .map((p) => ({ time: p.time, motion: p.motion })),
  };
}
