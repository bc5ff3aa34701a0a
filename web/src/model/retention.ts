/*
 * retention.ts - how long a home keeps what it recorded: as its members signed
 * it (a part of the directory, docs/FORMATS.md section 5, as src/model/keep.c),
 * what the server must be told of it, and about how far that reaches.
 */
import { Fault } from '../base/fault';
import { Json } from '../base/json';
import type { Kept, KeptStream, Limits } from '../proto/api';
import type { People, Thing } from './people';

export const DAYS_USUAL = 7; /* where nobody chose: src/model/retention.h */
export const DAYS_MOST = 3650;
const OCTETS_MOST = 2 ** 50;
const LOCKS_MOST = 64;
const THINGS_MOST = 128;

export interface KeepThing {
  thing: string;
  days: number;
  octets: number; /* 0: as much as the home has */
}
export interface Lock {
  id: string;
  things: string[];
  from: number; /* µs */
  to: number;
}
export interface Keep {
  quota: number; /* of the home, in octets; 0: as much as the server gives */
  things: KeepThing[];
  locks: Lock[];
}

export const KEEP_NONE: Keep = { quota: 0, things: [], locks: [] };

function number(j: Json, name: string, most: number): number {
  const n = j.number(name);
  if (n > most) throw new Fault('LIMIT', name);
  return n;
}

function list<T>(j: Json, name: string, most: number, make: (j: Json) => T): T[] {
  if (j.list(name).length > most) throw new Fault('LIMIT', name);
  return j.each(name, make);
}

function lock(j: Json): Lock {
  j.only('id', 'things', 'from', 'to');
  if (j.list('things').length > THINGS_MOST) throw new Fault('LIMIT', 'things');
  const things = j.list('things').map((id) => Json.of({ id }).id('id'));
  const [from, to] = [j.number('from'), j.number('to')];
  if (from >= to) throw new Fault('SYNTAX', 'lock');
  return { id: j.id('id'), things, from, to };
}

export function keepParse(j: Json): Keep {
  j.only('quota', 'things', 'locks');
  return {
    quota: number(j, 'quota', OCTETS_MOST),
    things: list(j, 'things', THINGS_MOST, (t) => {
      t.only('thing', 'days', 'octets');
      return {
        thing: t.id('thing'), days: number(t, 'days', DAYS_MOST), octets: number(t, 'octets', OCTETS_MOST),
      };
    }),
    locks: list(j, 'locks', LOCKS_MOST, lock),
  };
}

export function keepOf(people: People, thing: string): KeepThing {
  return people.keep?.things.find((t) => t.thing === thing) ?? { thing, days: DAYS_USUAL, octets: 0 };
}

export function locksOf(people: People, thing: string): Lock[] {
  return (people.keep?.locks ?? []).filter((l) => l.things.includes(thing));
}

/* --- version after version --- */

const CLOCKS_US = 600_000_000; /* a server's may be ahead of ours */
const DAY_US = 86_400_000_000;

/*
 * What was chosen for a thing, version after version: what an earlier one let
 * go a later one does not bring back. keep, room: as the ledger's, by earlier
 * ones. The same rules as src/model/keep.c.
 */
export interface KeepPast {
  days: number;
  octets: number; /* 0: as much as the home has */
  quota: number;
  keep: number; /* µs */
  room: number;
}

const isTighter = (octets: number, than: number) => octets !== 0 && (than === 0 || octets < than);

/* What is older may be let go, by then. */
export function keepBegin(p: KeepPast, now: number): number {
  return Math.max(p.keep, (Math.floor((now + CLOCKS_US) / DAY_US) - p.days) * DAY_US);
}

/* With the next version, written at that time; null: none was before. */
export function keepTake(p: KeepPast | null, people: People, thing: string, time: number): KeepPast {
  const { days, octets } = keepOf(people, thing);
  const next = { days: days || DAYS_USUAL, octets, quota: people.keep?.quota ?? 0 };
  if (!p) return { ...next, keep: 0, room: 0 };
  const tighter = isTighter(p.octets, next.octets) || isTighter(p.quota, next.quota);
  return { ...next, keep: keepBegin(p, time), room: tighter ? time : p.room };
}

/* --- what the server is told --- */

/* Small pictures and the index take little: days alone bound them. */
function thingLimits(thing: Thing, keep: KeepThing): Limits[] {
  const has = (as: string) => thing.streams.some((s) => s.as === as);
  const part = (as?: string) => (as === 'sub' ? 0.2 : as === 'thumb' ? 0 : has('sub') ? 0.8 : 1);
  return thing.streams.map((s) => ({
    id: s.id, days: keep.days, most: s.class === 1 ? Math.floor(keep.octets * part(s.as)) : 0,
  }));
}

export function limitsOf(people: People): Limits[] {
  return people.things.filter((t) => t.kind === 'camera')
    .flatMap((t) => thingLimits(t, keepOf(people, t.id)));
}

/* --- what is there, by the server's word --- */

/* What the server does not do as the household signed it. */
export function differing(people: People, kept: Kept): Limits[] {
  return limitsOf(people).filter((l) => {
    const s = kept.streams.find((x) => x.id === l.id);
    return s && (s.days !== l.days || s.most !== l.most);
  });
}

const SEGMENT = 16 * 1024 * 1024;

/* Octets a day, lately; 0: it is too early to tell. now: days since 1970. */
function rate(streams: KeptStream[], now: number): number {
  let sum = 0;
  for (const s of streams) {
    /* the file that is being written takes its whole room */
    const octets = s.octets - s.locked - SEGMENT / 2;
    const age = s.oldest ? now - s.oldest.day : 0;
    if (octets > SEGMENT && age > 0.05) sum += octets / age;
  }
  return sum;
}

export interface About {
  days: number;
  by: 'days' | 'octets' | 'home';
}

/*
 * About how many days of a camera are kept, and what bounds it. now: days
 * since 1970, with its fraction.
 */
export function keepsAbout(kept: Kept, thing: Thing, keep: KeepThing, now: number): About {
  const own = kept.streams.filter((s) => thing.streams.some((x) => x.id === s.id));
  const ownRate = rate(own, now);
  const allRate = rate(kept.streams, now);
  let about: About = { days: keep.days, by: 'days' };
  const bound = (days: number, by: About['by']) => {
    if (days < about.days) about = { days, by };
  };
  if (keep.octets > 0 && ownRate > 0) bound(keep.octets / ownRate, 'octets');
  if (allRate > 0) bound((kept.most - kept.locked) / allRate, 'home');
  return about;
}

/*
 * Whether there was no room, by the server's word: in the home, or in what was
 * signed for the camera. Files are begun before others go.
 */
export function isFull(kept: Kept, stream: string, octets: number): boolean {
  const near = (used: number, most: number, files: number) => used + files * SEGMENT >= most;
  const s = kept.streams.find((x) => x.id === stream);
  return near(kept.used, kept.most, 2 + kept.streams.length) ||
    (s !== undefined && octets > 0 && s.most > 0 && near(s.octets, s.most, 2));
}
