/*
 * ledger.ts - every second that is missing of a camera, and why: computed
 * here, from rows that the hub signed, so that a server can hide nothing by
 * leaving something out. Pure.
 */
import type { IndexHour, IndexRun } from './index';

/*
 * camera: it gave no pictures (its reason is the state); hub: the hub was off;
 * away: the server was, for the hub; slow: the way to the server; disk: the
 * server's was full or too slow; server: it does not give out what it was
 * given; gone: the oldest went for newer ones
 */
export type Cause = 'camera' | 'hub' | 'away' | 'slow' | 'disk' | 'server' | 'gone';

/* States of the index beyond a camera's own. */
const AWAY = 64;
const SLOW = 65;
const DISK = 66;

export interface Gap {
  from: number; /* µs */
  to: number;
  cause: Cause;
  state: number; /* of the camera, for its words */
}

/* A row as it was read: which run of the index it is, and which record. */
export interface IndexRow {
  run: string;
  index: number;
  hour: IndexHour;
}

export interface Span {
  from: number;
  to: number;
}

const LEAST_US = 1_000_000; /* shorter is the time between two pictures */
const JOIN_US = 1_500_000;

/* What is recorded, as stretches of time in order. */
export function stretches(runs: IndexRun[]): Span[] {
  const all: Span[] = [];
  for (const r of [...runs].sort((a, b) => a.first - b.first)) {
    const last = all[all.length - 1];
    if (last && r.first <= last.to + JOIN_US) last.to = Math.max(last.to, r.last);
    else all.push({ from: r.first, to: r.last });
  }
  return all;
}

/* The parts of from..to that no span covers; spans in order. */
function between(spans: Span[], from: number, to: number): Span[] {
  const all: Span[] = [];
  let at = from;
  for (const s of spans) {
    if (s.from > at) all.push({ from: at, to: Math.min(s.from, to) });
    at = Math.max(at, s.to);
    if (at >= to) break;
  }
  if (at < to) all.push({ from: at, to });
  return all.filter((s) => s.to - s.from >= LEAST_US);
}

function merged(spans: Span[]): Span[] {
  const all: Span[] = [];
  for (const s of [...spans].sort((a, b) => a.from - b.from)) {
    const last = all[all.length - 1];
    if (last && s.from <= last.to) last.to = Math.max(last.to, s.to);
    else all.push({ ...s });
  }
  return all;
}

/* Of one row: state after state. */
function stateSpans(h: IndexHour): (Span & { state: number })[] {
  return h.states.map((s, i) => ({
    from: Math.max(s.time, h.from), to: Math.min(h.states[i + 1]?.time ?? h.to, h.to), state: s.state,
  }));
}

function causeOf(state: number): Cause {
  return state === AWAY ? 'away' : state === SLOW ? 'slow' : state === DISK ? 'disk' : 'camera';
}

/*
 * Rows that a later row names and that are not there, as far as they went.
 * known: the newest row of each index run that we hold.
 */
function withheld(rows: IndexRow[], from: number): Span[] {
  const newest = new Map<string, number>();
  for (const r of rows) newest.set(r.run, Math.max(newest.get(r.run) ?? 0, r.index));
  return rows.flatMap((r) => {
    const b = r.hour.before;
    if (!b || (newest.get(b.run) ?? 0) >= b.index || b.to <= from) return [];
    return [{ from: b.hour * 3_600_000_000, to: b.to }];
  });
}

/* One gap of recording, cut where its cause changes. */
function explain(gap: Span, rows: IndexRow[], hidden: Span[]): Gap[] {
  const told = rows.flatMap((r) => stateSpans(r.hour))
    .filter((s) => s.to > gap.from && s.from < gap.to)
    .sort((a, b) => a.from - b.from);
  const cut = (s: Span) => ({ from: Math.max(s.from, gap.from), to: Math.min(s.to, gap.to) });
  const known: Gap[] = told.map((s) => ({ ...cut(s), cause: causeOf(s.state), state: s.state }));
  const rest = between(merged(known), gap.from, gap.to);
  const unknown = rest.flatMap((s): Gap[] => {
    const by = hidden.filter((h) => h.to > s.from && h.from < s.to);
    const server: Gap[] = merged(by).map((h) => ({
      from: Math.max(h.from, s.from), to: Math.min(h.to, s.to), cause: 'server', state: 0,
    }));
    const off = between(server, s.from, s.to);
    return [...server, ...off.map((o): Gap => ({ ...o, cause: 'hub', state: 0 }))];
  });
  const all = [...known, ...unknown].filter((g) => g.to > g.from).sort((a, b) => a.from - b.from);
  return joined(all);
}

function joined(gaps: Gap[]): Gap[] {
  const all: Gap[] = [];
  for (const g of gaps) {
    const last = all[all.length - 1];
    if (last && last.cause === g.cause && last.state === g.state && g.from - last.to < LEAST_US)
      last.to = Math.max(last.to, g.to);
    else all.push({ ...g });
  }
  return all;
}

/* What the hub said of all that time. */
function spansOf(rows: IndexRow[], state: number): Span[] {
  return merged(rows.flatMap((r) => stateSpans(r.hour)).filter((s) => s.state === state && s.to > s.from));
}

/*
 * What was recorded and is not shown. While the server was away the hub kept
 * what it could: what is missing then it may have had no room for.
 */
function blamed(lost: Span, away: Span[]): Gap[] {
  const all: Gap[] = [];
  let at = lost.from;
  const add = (to: number, cause: Cause, state: number) => {
    if (to > at) all.push({ from: at, to, cause, state });
    at = Math.max(at, to);
  };
  for (const a of away.filter((s) => s.to > lost.from && s.from < lost.to)) {
    add(a.from, 'server', 0);
    add(Math.min(a.to, lost.to), 'away', AWAY);
  }
  add(lost.to, 'server', 0);
  return all;
}

export interface LedgerQuestion {
  rows: IndexRow[];
  from: number;
  to: number; /* not after what can be known: see knownUntil() */
  since: number; /* the camera's first row: there is nothing before */
  oldest: number; /* what is older was let go; 0: nothing was */
  lost: Span[]; /* what the server had and could not show when asked */
}

/* Which seconds are missing, and why. */
export function ledger(q: LedgerQuestion): Gap[] {
  const from = Math.max(q.from, q.since);
  if (from >= q.to) return [];
  const gone: Gap[] = q.oldest > from
    ? [{ from, to: Math.min(q.oldest, q.to), cause: 'gone', state: 0 }] : [];
  const begin = Math.max(from, gone[0]?.to ?? from);
  const runs = q.rows.flatMap((r) => r.hour.runs.filter((x) => x.as === 'main'));
  const hidden = withheld(q.rows, begin);
  /* a run goes on while the server does not record it */
  const unrecorded = spansOf(q.rows, DISK);
  const there = stretches(runs)
    .flatMap((s) => (unrecorded.length > 0 ? between(unrecorded, s.from, s.to) : [s]));
  const missing = between(there, begin, q.to).flatMap((g) => explain(g, q.rows, hidden));
  const away = spansOf(q.rows, AWAY);
  const lost = q.lost.filter((l) => l.to > begin && l.from < q.to)
    .flatMap((l) => blamed({ from: Math.max(l.from, begin), to: Math.min(l.to, q.to) }, away));
  return [...gone, ...joined([...missing, ...lost].sort((a, b) => a.from - b.from))];
}

/* Until when rows tell what was: later is not written down yet. */
export function knownUntil(rows: IndexRow[]): number {
  return rows.reduce((most, r) => Math.max(most, r.hour.to), 0);
}
