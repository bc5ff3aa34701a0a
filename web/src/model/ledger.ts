/*
 * ledger.ts - every second that is missing of a camera, and why: computed
 * here, from rows that the hub signed, so that a server can hide nothing by
 * leaving something out. The same rules as src/model/ledger.c; they share
 * tests/vectors/eaves/ledger.json. Pure.
 *
 * A stretch of time belongs to the first of these that covers it: let go, as
 * the home's policy says; not kept (the disk), or the camera silent in the
 * middle of a run; recorded, and let go though the policy keeps it; not given
 * out when asked; recorded, so not missing; what the hub said went on;
 * withheld; after the hub's last word; the rest: it was off.
 */
import { HOUR_US, SERVER_AWAY, SERVER_DISK, UPLINK_SLOW, type IndexHour, type IndexRun } from './index';

/*
 * camera: it gave no pictures (its reason is the state); hub: the hub was off;
 * away: the server was, for the hub; slow: the way to the server; disk: the
 * server had no room or was too slow; server: it does not give out what it
 * was given; gone: the oldest went for newer ones (state 1: it had no room,
 * it says); silent: the hub has not said anything since
 */
export const CAUSES = ['camera', 'hub', 'away', 'slow', 'disk', 'server', 'gone', 'silent'] as const;
export type Cause = (typeof CAUSES)[number];

export interface Gap {
  from: number; /* µs */
  to: number;
  cause: Cause;
  state: number; /* of the camera, for its words */
}

/* A row as it was read: which run of the index it is, which record and mark. */
export interface IndexRow {
  run: string;
  index: number;
  mark: number;
  markHash: string;
  hour: IndexHour;
}

/* The newest row that the server has, by heads that the hub signed then. */
export interface Named {
  run: string;
  mark: number;
  markHash: string;
  time: number;
}

export interface Span {
  from: number;
  to: number;
}

export interface LedgerQuestion {
  rows: IndexRow[];
  days: number[]; /* whose rows were asked for; all of from..to is in them */
  from: number;
  to: number; /* not after now */
  born: number; /* when the directory first listed the camera; 0: not known */
  oldest: number; /* the server says that it let go what is older; 0: nothing */
  keep: number; /* by the home's policy it may; 0: there is none */
  room: number; /* what is older may have gone for want of room: by the server's word */
  locks: Span[]; /* stay, by the policy */
  lost: Span[]; /* what the index lists and the server did not give */
  named: Named | null;
}

const LEAST_US = 1_000_000; /* shorter is the time between two pictures */
const JOIN_US = 1_500_000;
const QUIET_US = 150_000_000; /* a row is due each minute */
const SETTLE_US = 10_000_000; /* from the end of a trouble to a key frame */
const DAY_US = 24 * HOUR_US;
const FIRST_US = 60_000_000; /* from a camera's first row to its first picture */
const SILENT = 6; /* reasons of docs/FORMATS.md section 1 */
const NO_PROCESS = 13;

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

/* What no layer has taken yet, in order. */
class Free {
  constructor(private spans: Span[]) {}

  /* Its parts in from..to; they are free no longer. */
  take({ from, to }: Span): Span[] {
    const taken: Span[] = [];
    const left: Span[] = [];
    for (const s of this.spans) {
      const a = Math.max(s.from, from);
      const b = Math.min(s.to, to);
      if (a >= b) {
        left.push(s);
        continue;
      }
      taken.push({ from: a, to: b });
      if (s.from < a) left.push({ from: s.from, to: a });
      if (b < s.to) left.push({ from: b, to: s.to });
    }
    this.spans = left;
    return taken;
  }

  drop(shorter: number): void {
    this.spans = this.spans.filter((s) => s.to - s.from >= shorter);
  }
}

/* Of a run only its newest row counts. */
function newestOnly(rows: IndexRow[]): IndexRow[] {
  const newest = new Map<string, IndexRow>();
  for (const r of rows) {
    const other = newest.get(r.run);
    if (!other || other.index < r.index) newest.set(r.run, r);
  }
  return [...newest.values()].sort((a, b) => a.hour.from - b.hour.from || a.hour.to - b.hour.to);
}

/* Until when rows tell what was: later is not written down yet. */
export function knownUntil(rows: IndexRow[]): number {
  return rows.reduce((most, r) => Math.max(most, r.hour.to), 0);
}

/* The end of the newest row at or before that time; 0: none is there. */
function heldBefore(rows: IndexRow[], time: number): number {
  return rows.reduce((most, r) => (r.hour.to <= time ? Math.max(most, r.hour.to) : most), 0);
}

/* The beginning of the days without a gap that lead to that one. */
function daysBegin(days: number[], day: number): number {
  while (days.includes(day - 1)) day--;
  return day * DAY_US;
}

/*
 * Rows that a later row names and that are not there, back to the one before
 * that is: what they would have said nobody can know.
 */
function withheld(rows: IndexRow[], days: number[]): Span[] {
  return rows.flatMap((r) => {
    const b = r.hour.before;
    const day = b ? Math.floor((b.hour * HOUR_US) / DAY_US) : 0;
    if (!b || !days.includes(day) || rows.some((x) => x.run === b.run && x.index >= b.index))
      return [];
    return [{ from: Math.max(heldBefore(rows, b.to), daysBegin(days, day)), to: b.to }];
  });
}

/* The same for the end: rows newer than ours, which heads name. */
export function unshown(rows: IndexRow[], named: Named | null): Span[] {
  if (!named || knownUntil(rows) > named.time) return []; /* older than our rows */
  const ours = rows.find((r) => r.run === named.run);
  if (ours && (ours.mark > named.mark ||
    (ours.mark === named.mark && ours.markHash === named.markHash))) return [];
  if (!ours && rows.some((r) => r.hour.before?.run === named.run)) return [];
  return [{ from: knownUntil(rows), to: named.time }];
}

function causeOf(state: number): Cause {
  if (state === SERVER_AWAY) return 'away';
  if (state === UPLINK_SLOW) return 'slow';
  return state === SERVER_DISK ? 'disk' : 'camera';
}

/* What rows say went on, state after state. */
function told(rows: IndexRow[]): (Span & { state: number })[] {
  return rows.flatMap((r) => r.hour.states.map((s, i) => ({
    from: Math.max(s.time, r.hour.from),
    to: Math.min(r.hour.states[i + 1]?.time ?? r.hour.to, r.hour.to), state: s.state,
  })));
}

/* What was on its way when the server went is not kept back by it. */
function onItsWay(lost: Span, away: Span): Span {
  return { from: Math.max(lost.from, away.from - SETTLE_US), to: Math.min(lost.to, away.from) };
}

/* Before that there is nothing to miss; Infinity: nothing is known. */
function beginning(rows: IndexRow[], born: number): number {
  const first = rows[0];
  if (!first) return born || Infinity;
  return first.hour.before ? Math.min(born, first.hour.from) : first.hour.from;
}

/* The parts that no lock covers: what is locked must be there. */
function unlocked(s: Span, locks: Span[]): Span[] {
  const parts: Span[] = [];
  let at = s.from;
  for (const l of [...locks].sort((a, b) => a.from - b.from)) {
    if (l.to <= at) continue;
    if (l.from > at) parts.push({ from: at, to: Math.min(l.from, s.to) });
    at = l.to;
    if (at >= s.to) break;
  }
  if (at < s.to) parts.push({ from: at, to: s.to });
  return parts.filter((p) => p.from < p.to);
}

/* The camera runs, or its process starts, and no picture is there yet. */
function isPause(g: Gap, most: number): boolean {
  return g.cause === 'camera' && (g.state === 0 || g.state === NO_PROCESS) && g.to - g.from <= most;
}

/* A hub that is let in just now has cameras before it has a server. */
function isFirst(g: Gap): boolean {
  return isPause(g, FIRST_US) || (g.cause === 'away' && g.to - g.from <= FIRST_US);
}

/* Nor has one that comes back: what it was off for is why that is missing. */
function isReturn(g: Gap, last: Gap | undefined): boolean {
  return g.cause === 'away' && g.to - g.from <= SETTLE_US && last?.cause === 'hub';
}

/*
 * A trouble begins with the last picture, before anybody notices, and ends
 * with the next key frame, not with its own end; and before a camera's first
 * one there is none. first: when the camera's first row begins.
 */
function settled(gaps: Gap[], first: number): Gap[] {
  const all: Gap[] = [];
  gaps.forEach((g, i) => {
    const last = all[all.length - 1];
    const next = gaps[i + 1];
    if (g.from === first && isFirst(g)) first = g.to;
    else if (!isPause(g, SETTLE_US) && !isReturn(g, last)) all.push(g);
    else if (last?.to === g.from && last.cause !== 'gone')
      all.push({ ...g, cause: last.cause, state: last.state });
    else if (next?.from === g.to) all.push({ ...g, cause: next.cause, state: next.state });
    else all.push(g);
  });
  return all;
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

/* Which seconds are missing, and why. */
export function ledger(q: LedgerQuestion): Gap[] {
  const rows = newestOnly(q.rows);
  const begin = Math.max(q.from, beginning(rows, q.born));
  const until = Math.max(knownUntil(rows), q.born);
  const hidden = unshown(rows, q.named);
  const last = Math.max(until, ...hidden.map((h) => h.to));
  const end = q.to - last > QUIET_US ? q.to : Math.min(q.to, last);
  if (begin >= end) return [];
  const free = new Free([{ from: begin, to: end }]);
  const gaps: Gap[] = [];
  const give = (s: Span, cause: Cause, state: number) => {
    for (const part of free.take(s)) gaps.push({ ...part, cause, state });
  };
  const states = told(rows);
  const lost = (l: Span) => {
    for (const s of states) if (s.state === SERVER_AWAY) give(onItsWay(l, s), 'away', s.state);
    give(l, 'server', 0);
  };
  /* as the policy allows; without one, all that the server says */
  const over = (s: Span, until = q.keep, state = 0) => {
    for (const u of unlocked({ from: s.from, to: Math.min(s.to, until) }, q.locks)) give(u, 'gone', state);
  };
  over({ from: begin, to: q.oldest }, q.keep || q.oldest, q.keep ? 0 : 1);
  for (const s of states)
    if (s.state === SERVER_DISK || s.state === SILENT) give(s, causeOf(s.state), s.state);
  const recorded = stretches(rows.flatMap((r) => r.hour.runs.filter((x) => x.as === 'main')));
  for (const s of q.keep ? recorded : []) {
    const early = { from: Math.max(s.from, q.keep), to: Math.min(s.to, q.oldest) };
    over(early, q.room, 1);
    for (const u of unlocked({ ...early, from: Math.max(early.from, q.room) }, q.locks)) lost(u);
  }
  for (const l of q.lost) {
    over(l);
    lost(l);
  }
  for (const s of recorded) free.take(s);
  free.drop(LEAST_US);
  for (const s of states) give(s, causeOf(s.state), s.state);
  for (const s of withheld(rows, q.days)) {
    over(s);
    give(s, 'server', 0);
  }
  for (const s of hidden) give(s, 'server', 0);
  if (end > last) give({ from: last, to: end }, 'silent', 0);
  give({ from: begin, to: end }, 'hub', 0);
  const first = rows[0] && !rows[0].hour.before ? rows[0].hour.from : 0;
  return joined(settled(gaps.sort((a, b) => a.from - b.from), first));
}
