/*
 * films.ts - exports as the page has them: what was chosen, what it would
 * be, and the films that are made, one after the other.
 */
import { unb64 } from '../base/codec';
import { now as nowUs } from '../model/clock';
import { keyWords } from '../model/words5';
import type { FilmProblem, FromFilms, Made, PlanRow } from '../player/film_messages';
import { homeNow, playerNow } from './flow';
import { now, set } from './state';

export const RANGE_MAX = 6 * 3_600_000_000; /* µs: one film holds no longer gap */
export const MEMORY_MAX = 1e9; /* octets, where no file can be written as it comes */
const FILE_MAX = 64e9;
const PICK_OCTETS = 250e6; /* larger films are written to a file at once */
const PLAN_MS = 350;

export interface FilmRow {
  thing: string;
  name: string; /* of the file */
  state: 'next' | 'running' | 'waiting' | 'done' | 'failed' | 'stopped';
  part: number;
  octets: number;
  problem: FilmProblem | null;
  made: Made | null;
  words: string; /* of the hub's key */
  url: string; /* of what was made in memory */
}

export interface FilmsState {
  open: boolean;
  from: number; /* µs */
  to: number;
  cameras: string[]; /* things */
  sound: boolean;
  plan: PlanRow[] | null; /* null: not known */
  planning: boolean;
  rows: FilmRow[]; /* of the export that runs, or ran; none: still choosing */
}

interface Picker {
  showSaveFilePicker(o: object): Promise<FileSystemFileHandle>;
  showDirectoryPicker(o: object): Promise<FileSystemDirectoryHandle>;
}

const canPick = () => 'showSaveFilePicker' in globalThis && 'showDirectoryPicker' in globalThis;
const picker = globalThis as unknown as Picker;

let asked = 0; /* the newest plan */
let timer: ReturnType<typeof setTimeout> | undefined;
let making: { id: number; done: () => void } | null = null;
let ids = 0;

function change(part: Partial<FilmsState>): void {
  const films = now().films;
  if (films) set({ films: { ...films, ...part } });
}

function rowChange(i: number, part: Partial<FilmRow>): void {
  const rows = now().films?.rows;
  if (rows?.[i]) change({ rows: rows.map((r, k) => (k === i ? { ...r, ...part } : r)) });
}

export function filmsBusy(f: FilmsState | null): boolean {
  return !!f?.rows.some((r) => r.state === 'next' || r.state === 'running' || r.state === 'waiting');
}

/* --- choosing --- */

export function filmsOpen(from: number, to: number): void {
  const f = now().films;
  if (f && filmsBusy(f)) return change({ open: true });
  rowsDrop();
  set({
    films: {
      open: true, from, to, cameras: [now().camera], sound: f?.sound ?? true, plan: null,
      planning: false, rows: [],
    },
  });
  planSoon();
}

/* What runs goes on. */
export function filmsClose(): void {
  if (filmsBusy(now().films)) return change({ open: false });
  rowsDrop();
  clearTimeout(timer);
  set({ films: null });
}

export function filmsSet(part: Partial<Pick<FilmsState, 'from' | 'to' | 'cameras' | 'sound'>>): void {
  if (!now().films || filmsBusy(now().films)) return;
  rowsDrop();
  change({ ...part, rows: [] });
  planSoon();
}

function planSoon(): void {
  clearTimeout(timer);
  change({ planning: true });
  timer = setTimeout(() => planAsk(), PLAN_MS);
}

function planAsk(): void {
  const f = now().films;
  const id = asked = ++ids;
  if (!f || f.to <= f.from || f.to - f.from > RANGE_MAX || f.cameras.length === 0)
    return change({ plan: null, planning: false });
  playerNow()?.send({ t: 'filmPlan', id, things: f.cameras, from: Math.round(f.from), to: Math.round(f.to) });
}

/* Whether these films are written to files at once, and how large one may be. */
export function filmsMost(f: FilmsState): { pick: boolean; most: number; tooBig: boolean } {
  const largest = Math.max(0, ...(f.plan ?? []).map((r) => r.octets));
  const pick = largest > PICK_OCTETS && canPick();
  const most = pick ? FILE_MAX : MEMORY_MAX;
  return { pick, most, tooBig: largest > most };
}

/* --- making --- */

async function filesPick(names: string[]): Promise<FileSystemFileHandle[] | null> {
  try {
    if (names.length === 1)
      return [await picker.showSaveFilePicker({
        suggestedName: names[0], types: [{ accept: { 'video/mp4': ['.mp4'] } }],
      })];
    const dir = await picker.showDirectoryPicker({ mode: 'readwrite' });
    return await Promise.all(names.map((n) => dir.getFileHandle(n, { create: true })));
  } catch {
    return null; /* they thought better of it */
  }
}

async function wordsOf(thing: string): Promise<string> {
  const c = homeNow()?.home.cameras.find((x) => x.thing.id === thing);
  return c ? keyWords(unb64(c.hub.sign)) : '';
}

/* names: of the files, a camera each; call it from a click. */
export async function filmsMake(names: string[]): Promise<void> {
  const f = now().films;
  if (!f || filmsBusy(f)) return;
  const { pick, most } = filmsMost(f);
  const files = pick ? await filesPick(names) : null;
  if (pick && !files) return;
  rowsDrop();
  const rows = await Promise.all(f.cameras.map(async (thing, i): Promise<FilmRow> => ({
    thing, name: files?.[i]?.name ?? names[i]!, state: 'next', part: 0, octets: 0, problem: null, made: null,
    words: await wordsOf(thing), url: '',
  })));
  change({ rows, open: true });
  for (let i = 0; i < rows.length; i++) {
    if (now().films?.rows[i]?.state !== 'next') continue;
    await one(f, i, files?.[i] ?? null, most);
  }
}

async function one(
  f: FilmsState, i: number, file: FileSystemFileHandle | null, most: number,
): Promise<void> {
  const player = playerNow();
  if (!player) return rowChange(i, { state: 'failed', problem: 'unknown' });
  rowChange(i, { state: 'running' });
  const id = ++ids;
  const done = new Promise<void>((end) => { making = { id, done: end }; });
  player.send({
    t: 'film', id, thing: f.cameras[i]!, from: Math.round(f.from), to: Math.round(f.to), sound: f.sound, file, most,
  });
  await done;
  making = null;
}

export function filmsStop(): void {
  const f = now().films;
  if (!f) return;
  change({ rows: f.rows.map((r) => (r.state === 'next' ? { ...r, state: 'stopped' } : r)) });
  if (making) playerNow()?.send({ t: 'filmStop', id: making.id });
}

/* The picture data that memory holds is given back. */
function rowsDrop(): void {
  for (const r of now().films?.rows ?? []) if (r.url) URL.revokeObjectURL(r.url);
}

/* The player ended: nothing will come any more. */
export function filmsEnd(): void {
  rowsDrop();
  making?.done();
  making = null;
  asked = 0;
}

/* --- what the player says --- */

export function filmsTake(m: FromFilms): void {
  if (m.t === 'filmPlan') {
    if (m.id === asked) change({ plan: m.rows, planning: false });
    return;
  }
  const i = now().films?.rows.findIndex((r) => r.state === 'running' || r.state === 'waiting') ?? -1;
  if (m.id !== making?.id || i < 0) return;
  if (m.state === 'running' || m.state === 'waiting') {
    rowChange(i, { state: m.state, part: m.part, octets: m.octets });
    return;
  }
  if (m.state === 'done') {
    const url = m.made.blob ? URL.createObjectURL(m.made.blob) : '';
    rowChange(i, { state: 'done', part: 1, octets: m.made.octets, made: { ...m.made, blob: null }, url });
    if (url && now().films?.rows.length === 1) save(url, now().films!.rows[0]!.name);
  } else if (m.state === 'failed') rowChange(i, { state: 'failed', problem: m.problem });
  else rowChange(i, { state: 'stopped' });
  making?.done();
}

/* As if somebody had clicked on the link that stands in the page, too. */
function save(url: string, name: string): void {
  const a = document.createElement('a');
  a.href = url;
  a.download = name;
  a.click();
}

/* The default: what is seen, with half a minute on both sides; live, the last one. */
export function filmsToggle(position: number): void {
  if (now().films?.open) return filmsClose();
  const half = 30_000_000;
  const last = nowUs();
  const to = position > 0 ? Math.min(last, position + half) : last;
  filmsOpen(to - 2 * half, to);
}

addEventListener('beforeunload', (e) => {
  if (filmsBusy(now().films)) e.preventDefault();
});
