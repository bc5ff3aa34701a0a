/*
 * sources.ts - the hub part of the directory: where cameras are and how the
 * hub comes in there. As src/model/sources.c.
 */
import { b64 } from '../base/codec';
import { Json } from '../base/json';
import { random, type Octets } from '../base/octets';
import { now } from './clock';
import { directoryWrite, type Author } from './directory';
import { committed, deviceOf, hoursFor, merged, type Write } from './found';
import type { Home } from './home';
import type { Hub, People, Stream, Thing } from './people';
import type { Keep } from './retention';

export interface Source {
  thing: string;
  address: string;
  sub: string; /* '': none */
  user: string;
  password: string;
  sound: boolean;
}

export function sourcesParse(json: string): Source[] {
  return Json.parse(json).each('cameras', (c) => ({
    thing: c.id('thing'), address: c.text('address'), sub: c.text('sub'), user: c.text('user'),
    password: c.text('password'), sound: c.bool('sound'),
  }));
}

const sourcesText = (all: Source[]) => JSON.stringify({ cameras: all });

function streamsNew(sub: boolean): Stream[] {
  const id = () => b64(random(16) as Octets);
  return [
    { id: id(), class: 1, as: 'main' },
    ...(sub ? [{ id: id(), class: 1, as: 'sub' } as const] : []),
    { id: id(), class: 1, as: 'thumb' }, { id: id(), class: 3, as: 'index' },
  ];
}

async function written(
  home: Home, author: Author, people: People, hubJson: string,
): Promise<Pick<Write, 'sealed' | 'next'>> {
  const d = home.now;
  return directoryWrite(d, home.id, home.keys(), d.epoch, author, people, hubJson, now());
}

/* The version that takes one more camera in. done goes from 0 to 1. */
export async function cameraAdd(
  home: Home, author: Author, hub: Hub, name: string, from: Omit<Source, 'thing'>,
  done: (part: number) => void,
): Promise<Write & { thing: string }> {
  const d = home.now;
  const thing: Thing = {
    id: b64(random(16)), kind: 'camera', name, hub: hub.id, streams: streamsNew(from.sub !== ''),
  };
  const at = { home: home.id, epoch: d.epoch, version: d.version + 1, keys: home.keys() };
  const hours = await hoursFor(at, hub, [thing.id], (n) => done(n / 2160));
  const things = merged(d.people.things, [thing]);
  const people = { ...d.people, things, commits: committed(d.people.commits, hours.commits) };
  const sources = [...sourcesParse(d.hubJson), { ...from, thing: thing.id }];
  const w = await written(home, author, people, sourcesText(sources));
  return { ...w, keys: hours.keys, devices: [deviceOf(hub, things)], thing: thing.id };
}

/* Another name. */
export async function cameraRename(
  home: Home, author: Author, thing: string, name: string,
): Promise<Write> {
  const d = home.now;
  const things = d.people.things.map((t) => (t.id === thing ? { ...t, name } : t));
  return { ...(await written(home, author, { ...d.people, things }, d.hubJson)), keys: [], devices: [] };
}

/* How long is kept, and what is locked. */
export async function keepChange(home: Home, author: Author, keep: Keep): Promise<Write> {
  const d = home.now;
  return { ...(await written(home, author, { ...d.people, keep }, d.hubJson)), keys: [], devices: [] };
}

/* Whether the hub records its sound; for a camera that was added in the app. */
export async function cameraSound(
  home: Home, author: Author, thing: string, sound: boolean,
): Promise<Write> {
  const d = home.now;
  const sources = sourcesParse(d.hubJson).map((s) => (s.thing === thing ? { ...s, sound } : s));
  return { ...(await written(home, author, d.people, sourcesText(sources))), keys: [], devices: [] };
}

/* What it recorded goes with its days; nothing new is written. */
export async function cameraRemove(home: Home, author: Author, thing: string): Promise<Write> {
  const d = home.now;
  const gone = d.people.things.find((t) => t.id === thing);
  const things = d.people.things.filter((t) => t.id !== thing);
  const commits = d.people.commits.filter((c) => c.id !== thing);
  const hub = d.people.hubs.find((h) => h.id === gone?.hub);
  const sources = sourcesParse(d.hubJson).filter((s) => s.thing !== thing);
  const keep = d.people.keep && {
    ...d.people.keep, things: d.people.keep.things.filter((t) => t.thing !== thing),
  };
  const people = { ...d.people, things, commits, ...(keep ? { keep } : {}) };
  const w = await written(home, author, people, sourcesText(sources));
  return { ...w, keys: [], devices: hub ? [deviceOf(hub, things)] : [] };
}

/* A camera that the hub's command line names is not in the list. */
export function sourceOf(home: Home, thing: string): Source | null {
  return sourcesParse(home.now.hubJson).find((s) => s.thing === thing) ?? null;
}

/* Of that hub's cameras that were added in the app. */
export function addressesOf(home: Home, hub: string): string[] {
  const its = new Set(home.now.people.things.filter((t) => t.hub === hub).map((t) => t.id));
  return sourcesParse(home.now.hubJson).filter((s) => its.has(s.thing)).map((s) => s.address);
}

/* What a person typed: "rtsp://…", or an address alone. Null: neither. */
export function addressOf(typed: string): { kind: 'rtsp' | 'onvif'; url: string; user: string } | null {
  const t = typed.trim();
  const m = /^(?:(rtsp|http):\/\/)?(?:([^/@:]*)@)?(\[[0-9a-fA-F:.]+\]|[^\s/:@]+)(?::(\d{1,5}))?(\/\S*)?$/i.exec(t);
  if (!m) return null;
  const [, scheme, user, at, port, path] = m;
  if (Number(port ?? 1) > 65535 || Number(port ?? 1) < 1) return null;
  const end = `${at}${port ? `:${port}` : ''}${path ?? ''}`;
  if (scheme?.toLowerCase() === 'rtsp') return { kind: 'rtsp', url: `rtsp://${end}`, user: user ?? '' };
  return { kind: 'onvif', url: `http://${end}`, user: user ?? '' };
}

