/*
 * films.ts - films of what is recorded: what a range would give, and the
 * making of one, fetched and checked piece by piece, so that a long film
 * takes no more memory than a short one.
 */
import { unb64 } from '../base/codec';
import type { Octets } from '../base/octets';
import type { Exported, Sink } from '../model/export';
import { now } from '../model/clock';
import { stretches, type Span } from '../model/ledger';
import { Days, SETTLING_US } from './days';
import { FilmReader, Stopped } from './film_read';
import type { FilmProblem, Hole, Made, PlanRow, ToFilms } from './film_messages';
import { gapsOf } from './gaps';
import { KeptSince } from './kept';
import { JOIN_US, Making, parted, type Model } from './making';
import type { Desk } from './tile';
import { CameraKeys } from './track';

declare const FILM_FILE: string;

const SAMPLES = 3; /* groups that are looked at for a guess */
const HOLE_US = 1_000_000; /* shorter is the time between two pictures */
const END_US = 3_000_000; /* of now: not written down yet */
const FRESH_US = 5 * 60_000_000; /* rows come each minute */
const PART_OCTETS = 1 << 20;

class Refused extends Error {
  constructor(readonly problem: FilmProblem) {
    super(problem);
  }
}

/* Faults of the film's own bundle are other objects than ours. */
function problemOf(e: unknown): FilmProblem {
  if (e instanceof Refused) return e.problem;
  const code = (e as { code?: unknown }).code;
  if (code === 'MISSING') return 'none';
  if (code === 'LIMIT') return 'many';
  if (code === 'SYNTAX') return 'form';
  return e instanceof DOMException ? 'disk' : 'unknown';
}

/* Few people make films: that part of the app is loaded when it is wanted. */
function model(): Promise<Model> {
  return import(FILM_FILE) as Promise<Model>;
}

/* A file that a person chose. Its writer puts it in place when it is whole. */
function fileSink(to: FileSystemWritableFileStream): Sink {
  let parts: Octets[] = [];
  let n = 0;
  const flush = async () => {
    const whole = new Blob(parts);
    parts = [];
    n = 0;
    await to.write(whole);
  };
  return {
    async write(octets) {
      parts.push(octets);
      n += octets.length;
      if (n >= PART_OCTETS) await flush();
    },
    async patch(position, octets) {
      await flush();
      await to.write({ type: 'write', position, data: octets });
    },
  };
}

/* The picker made a file; one that was there before keeps what it had. */
async function emptyDrop(file: FileSystemFileHandle & { remove?(): Promise<void> }): Promise<void> {
  if ((await file.getFile()).size === 0) await file.remove?.();
}

function limited(sink: Sink, most: number): Sink {
  let n = 0;
  return {
    write(octets) {
      n += octets.length;
      if (n > most) throw new Refused('big');
      return sink.write(octets);
    },
    patch: (at, octets) => sink.patch(at, octets),
  };
}

interface Tools {
  keys: CameraKeys;
  days: Days;
  kept: KeptSince;
}

/* The parts of from..to that no span covers; spans in order. */
function uncovered(spans: Span[], from: number, to: number): Span[] {
  const all: Span[] = [];
  let at = from;
  for (const s of spans) {
    if (s.from > at) all.push({ from: at, to: Math.min(s.from, to) });
    at = Math.max(at, s.to);
    if (at >= to) break;
  }
  if (at < to) all.push({ from: at, to });
  return all.filter((s) => s.to - s.from >= HOLE_US);
}

/* Nothing is known of what was before. */
function since(days: Days): number {
  return days.rows.reduce((least, r) => Math.min(least, r.hour.from), Infinity);
}

/* A camera that was just taken in has a row before it has a picture. */
function isStart(s: Span, days: Days): boolean {
  const first = days.rows.find((r) => !r.hour.before);
  const place = days.places('main')[0];
  return !!first && s.from >= first.hour.from && (!place || s.to <= place.time + JOIN_US);
}

/* What the ledger tells of from..to, and what it cannot know. */
function holesOf({ days, kept }: Tools, from: number, to: number, lost: Span[]): Hole[] {
  const first = since(days);
  const told = gapsOf(days, kept, lost, from, Math.min(to, days.until));
  if (!days.rows.length || first <= from) return told;
  return [{ from, to: Math.min(first, to), cause: 'before', state: 0 }, ...told];
}

/*
 * Each stretch that the film lacks, with its cause. That the camera went over
 * to another codec says nothing of what lacks before it did.
 */
export function holesIn(tools: Tools, from: number, to: number, making: Making, reader: FilmReader): Hole[] {
  const { days } = tools;
  const { have, codecEnd } = making;
  const told = holesOf(tools, from, to, reader.lost);
  return uncovered(have, from, to).flatMap((gap): Hole[] => {
    const known = told.filter((h) => h.to > gap.from && h.from < gap.to)
      .map((h) => ({ ...h, from: Math.max(h.from, gap.from), to: Math.min(h.to, gap.to) }));
    const rest = parted(uncovered(known, gap.from, gap.to), codecEnd)
      .filter((s) => s.to - s.from >= HOLE_US && (s.to > codecEnd || !(s.to >= to && s.to - s.from < END_US)))
      .map((s): Hole => ({ ...s, cause: s.to > codecEnd ? 'codec' : causeOf(s, days, reader), state: 0 }));
    return [...known, ...rest].sort((a, b) => a.from - b.from);
  });
}

function causeOf(s: Span, days: Days, reader: FilmReader): Hole['cause'] {
  if (!days.rows.length || isStart(s, days)) return 'before';
  if (s.from >= Math.min(days.until - JOIN_US, reader.asked - SETTLING_US)) return 'recent';
  return reader.bad > 0 ? 'unsigned' : 'server';
}

export class Films {
  private readonly known = new Map<string, Tools>();
  private readonly makings = new Map<number, Making | null>();
  private plan = 0; /* the newest question; older ones need no answer */

  constructor(private readonly desk: () => Desk | null) {}

  take(m: ToFilms): void {
    if (m.t === 'filmPlan') void this.planTell(m);
    else if (m.t === 'film') void this.make(m);
    else this.stop(m.id);
  }

  private stop(id: number): void {
    const making = this.makings.get(id);
    if (making) making.stop();
    else if (this.makings.has(id)) this.makings.delete(id); /* not begun yet */
  }

  /* Kept: who moves the ends of a range asks often. */
  private tools(thing: string): Tools {
    const { home } = this.desk()!;
    const camera = home.cameras.find((c) => c.thing === thing);
    if (!camera) throw new Refused('none');
    const name = `${camera.thing} ${camera.stream} ${camera.index} ${camera.keys.length}`;
    let tools = this.known.get(name);
    if (!tools) {
      const keys = new CameraKeys(unb64(home.home, 16), camera);
      const ticket = () => this.desk()!.ticket;
      const days = new Days(keys, ticket);
      tools = { keys, days, kept: new KeptSince(keys.camera, days, ticket) };
      this.known.set(name, tools);
    }
    Object.assign(tools.keys.camera, { locks: camera.locks, keep: camera.keep });
    return tools;
  }

  /* --- what it would be --- */

  private async planTell(m: Extract<ToFilms, { t: 'filmPlan' }>): Promise<void> {
    const plan = this.plan = m.id;
    const rows: PlanRow[] = [];
    try {
      for (const thing of m.things) {
        rows.push(await this.row(thing, m.from, m.to));
        if (plan !== this.plan) return;
      }
      this.desk()!.post({ t: 'filmPlan', id: m.id, rows });
    } catch {
      this.desk()!.post({ t: 'filmPlan', id: m.id, rows: null });
    }
  }

  private async row(thing: string, from: number, to: number): Promise<PlanRow> {
    const tools = this.tools(thing);
    const { keys, days, kept: since } = tools;
    await days.cover(from, to);
    await since.load().catch(() => undefined);
    const holes = holesOf(tools, from, to, []);
    const until = days.until || from; /* so new that no row tells of it */
    const fresh = to > until && now() - until < FRESH_US ? to - Math.max(from, until) : 0;
    const kept = since.spans(stretches(days.runs('main'))).reduce(
      (sum, s) => sum + Math.max(0, Math.min(s.to, to, days.until) - Math.max(s.from, from)), fresh);
    const rate = kept > 0 ? await this.rate(keys, days, from, to) : 0;
    return { thing, kept, octets: Math.round(rate * kept), holes };
  }

  /* Octets in a µs, from some groups of it. */
  private async rate(keys: CameraKeys, days: Days, from: number, to: number): Promise<number> {
    const all = days.places('main');
    const first = Math.max(0, days.at('main', from));
    const last = Math.max(first, days.at('main', to) - 1);
    let octets = 0;
    let time = 0;
    const some = new Set(Array.from({ length: SAMPLES }, (_, k) =>
      first + Math.round(((last - first) * k) / (SAMPLES - 1))));
    for (const i of some) {
      const p = all[i];
      if (!p) continue;
      let n = 0;
      const range = { run: p.run, index: p.index, until: p.until, about: p.time };
      const how = await this.desk()!.ranges.raw(keys.camera.stream, range, (r) => { n += r.length; });
      if (how !== 'done' || p.end <= p.time) continue;
      octets += n;
      time += p.end - p.time;
    }
    return time > 0 ? octets / time : 0;
  }

  /* --- the making --- */

  private async make(m: Extract<ToFilms, { t: 'film' }>): Promise<void> {
    this.makings.set(m.id, null);
    let writer: FileSystemWritableFileStream | null = null;
    try {
      writer = m.file ? await m.file.createWritable() : null;
      const made = await this.film(m, writer);
      await writer?.close();
      this.desk()!.post({ t: 'film', id: m.id, state: 'done', made });
    } catch (e) {
      await writer?.abort().catch(() => undefined);
      if (m.file) await emptyDrop(m.file).catch(() => undefined);
      this.desk()!.post(e instanceof Stopped ? { t: 'film', id: m.id, state: 'stopped' }
        : { t: 'film', id: m.id, state: 'failed', problem: problemOf(e) });
    } finally {
      this.makings.delete(m.id);
    }
  }

  private async film(
    m: Extract<ToFilms, { t: 'film' }>, writer: FileSystemWritableFileStream | null,
  ): Promise<Made> {
    const parts = await model();
    const memory = writer ? null : parts.blobSink();
    const film = new parts.Film(limited(writer ? fileSink(writer) : memory!, m.most), m.sound);
    const tools = this.tools(m.thing);
    const { keys, days } = tools;
    const to = Math.min(m.to, now());
    const making = new Making(film, parts, m.from, to, (state, part) =>
      this.desk()!.post({ t: 'film', id: m.id, state, part, octets: film.done.octets }));
    if (!this.makings.has(m.id)) throw new Stopped();
    this.makings.set(m.id, making);
    await film.begin();
    const { line, ranges } = this.desk()!;
    const reader = new FilmReader(line, ranges, keys, days, making);
    await reader.read(m.from, to);
    const done: Exported = await film.end();
    const holes = holesIn(tools, m.from, to, making, reader);
    return {
      first: done.first, last: done.last, pictures: done.pictures, octets: done.octets, h265: done.h265,
      torn: done.gaps, holes, blob: memory?.blob() ?? null,
    };
  }
}
