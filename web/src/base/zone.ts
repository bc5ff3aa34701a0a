/*
 * zone.ts - days as a home has them: in its time zone a day has 23, 24 or 25
 * hours. Times are µs since 1970.
 */
const MINUTE_US = 60_000_000;
const HOUR_US = 60 * MINUTE_US;

const formats = new Map<string, Intl.DateTimeFormat>();

function format(zone: string): Intl.DateTimeFormat {
  let f = formats.get(zone);
  if (!f) {
    const options = {
      hourCycle: 'h23', year: 'numeric', month: 'numeric', day: 'numeric', hour: 'numeric',
      minute: 'numeric', second: 'numeric',
    } as const;
    try {
      f = new Intl.DateTimeFormat('en', { ...options, timeZone: zone });
    } catch {
      f = new Intl.DateTimeFormat('en', { ...options, timeZone: 'UTC' });
    }
    formats.set(zone, f);
  }
  return f;
}

/* What a clock on the wall shows there, as if it were UTC. */
function wall(us: number, zone: string): number {
  const p: Record<string, number> = {};
  for (const { type, value } of format(zone).formatToParts(us / 1000)) p[type] = Number(value);
  return Date.UTC(p['year']!, p['month']! - 1, p['day']!, p['hour']!, p['minute']!, p['second']!) * 1000;
}

function offset(us: number, zone: string): number {
  return wall(us, zone) - Math.floor(us / 1e6) * 1e6;
}

/* "2026-11-28T09:41:07", as a clock there shows it. */
export function wallText(us: number, zone: string): string {
  return new Date(wall(us, zone) / 1000).toISOString().slice(0, 19);
}

/* When a clock there shows it: of two such moments one, of none one near; null: no time. */
export function wallRead(text: string, zone: string): number | null {
  const local = Date.parse(`${text}Z`) * 1000;
  if (!Number.isFinite(local)) return null;
  return local - offset(local - offset(local, zone), zone);
}

/* When the day began in which us lies. */
export function dayBegin(us: number, zone: string): number {
  const local = wall(us, zone);
  const midnight = local - (local % (24 * HOUR_US));
  /* the offset at midnight may be another one than now */
  const guess = midnight - offset(us, zone);
  const begin = midnight - offset(guess, zone);
  /* where clocks jump over midnight the day begins with its first moment */
  return wall(begin, zone) < midnight ? begin + HOUR_US : begin;
}

/* When the next day begins. */
export function dayNext(us: number, zone: string): number {
  return dayBegin(dayBegin(us, zone) + 30 * HOUR_US, zone);
}

/* When the day before began. */
export function dayBefore(us: number, zone: string): number {
  return dayBegin(dayBegin(us, zone) - 6 * HOUR_US, zone);
}

/* Marks on a scale: each step of wall time in from..to. */
export function ticks(from: number, to: number, step: number, zone: string): number[] {
  const all: number[] = [];
  let at = from;
  for (let i = 0; i < 500 && at <= to; i++) {
    const local = wall(at, zone) + (at % 1e6);
    const next = at + ((step - (local % step)) % step);
    if (next > to) break;
    if (all[all.length - 1] !== next) all.push(next);
    at = next + Math.min(step, HOUR_US / 2);
    /* land just before the following mark, whatever the clocks do between */
    const left = (step - ((wall(at, zone) + (at % 1e6)) % step)) % step;
    at += left > 1e6 ? left - 1e6 : 0;
  }
  return all;
}
