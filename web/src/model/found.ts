/*
 * found.ts - what an owner's browser makes: the first version of a home with
 * its key, and later versions that take in a hub with its cameras.
 */
import { b64, unb64 } from '../base/codec';
import { random, wipe, type Octets } from '../base/octets';
import { rootKey, rootKeyTake, sha256 } from '../crypto/kdf';
import { ID_NONE, homeId, hubKey, keyCommit, peopleKey, thingKey } from '../crypto/names';
import type { Device, KeyItem, NewHome } from '../proto/api';
import { now } from './clock';
import { directoryWrite, type Author, type Directory, type Sealed } from './directory';
import { epochKeys, type EpochKeys, type Home } from './home';
import { LIST_HOURS, hourOf } from './hours';
import {
  KEY_HOME, KEY_HOURS, KEY_HUB, KEY_PEOPLE, hourList, keyringPlain, keyringSeal,
} from './keyring';
import type { HubKeys, M3, PairedCamera } from './pair';
import type { Commit, Hub, People, Thing } from './people';

const RIGHTS_ALL = 15;
const NO_CAMERAS = '{"cameras":[]}';
const CAMERAS_A_WRITE = 3; /* an hour list is 115 KB of a body of 512 */

export interface Founder {
  member: string;
  name: string;
  sign: CryptoKey;
  signPublic: Octets;
  kxPublic: Octets;
  grant: string;
}

async function commitOf(
  key: CryptoKey, home: Octets, epoch: number, kind: number,
): Promise<Commit> {
  const commit = await keyCommit(key, home, epoch, kind, ID_NONE);
  return { kind, id: b64(ID_NONE), commit: b64(commit) };
}

async function commits(keys: EpochKeys, home: Octets, epoch: number): Promise<Commit[]> {
  return Promise.all([
    commitOf(keys.home, home, epoch, KEY_HOME), commitOf(keys.people, home, epoch, KEY_PEOPLE),
    commitOf(keys.hub, home, epoch, KEY_HUB),
  ]);
}

/* The id that a home of this founder will have. */
export async function homeDraw(founder: Octets): Promise<{ id: Octets; nonce: Octets }> {
  const nonce = random(32);
  return { id: await homeId(founder, nonce), nonce };
}

/* Version 1: one owner, nothing else. */
export async function homeFound(
  f: Founder, at: { id: Octets; nonce: Octets }, grantPublic: Octets, name: string, zone: string,
): Promise<{ body: NewHome; directory: Directory }> {
  const raw = random(32);
  const item = await keyringSeal(
    { home: at.id, epoch: 1, version: 1 }, f.kxPublic, keyringPlain(KEY_HOME, ID_NONE, raw.slice()));
  const keys = await epochKeys(await rootKeyTake(raw), at.id, 1);
  const people: People = {
    name, zone, founder: b64(f.signPublic), nonce: b64(at.nonce),
    members: [{
      id: f.member, role: 'owner', name: f.name, sign: b64(f.signPublic), kx: b64(f.kxPublic),
      grant: f.grant,
    }],
    hubs: [], things: [], commits: await commits(keys, at.id, 1), guests: [],
  };
  const { sealed, next } = await directoryWrite(
    null, at.id, keys, 1, { member: f.member, sign: f.sign }, people, NO_CAMERAS, now());
  const body: NewHome = {
    home: at.id, nonce: at.nonce, founder: f.signPublic, sealed,
    keys: [{ reader: f.member, epoch: 1, item }],
    grant: { id: f.grant, key: grantPublic, rights: RIGHTS_ALL },
  };
  return { body, directory: next };
}

/* The keyring items that a hub gets in the pairing. */
export async function hubItems(home: Home, hubKx: Octets): Promise<Octets[]> {
  const d = home.now;
  const at = { home: home.id, epoch: d.epoch, version: d.version };
  const root = home.keys().home;
  const people = keyringPlain(KEY_PEOPLE, ID_NONE, await peopleKey(root, home.id, d.epoch));
  const hub = keyringPlain(KEY_HUB, ID_NONE, await hubKey(root, home.id, d.epoch));
  return [await keyringSeal(at, hubKx, people), await keyringSeal(at, hubKx, hub)];
}

/* A write of one more version, as the API takes it. */
export interface Write {
  sealed: Sealed;
  next: Directory;
  keys: KeyItem[];
  devices: Device[];
}

const thingOf = (c: PairedCamera, hub: string): Thing => ({
  id: c.thing, kind: 'camera', name: c.name, hub, streams: c.streams,
});

/* Replaces what has the same id; keeps the order. */
function merged<T extends { id: string }>(old: T[], fresh: T[]): T[] {
  const left = old.filter((o) => !fresh.some((f) => f.id === o.id));
  return [...left, ...fresh];
}

/* Where a write stands: its version, and the keys that it is sealed under. */
interface At {
  home: Octets;
  epoch: number;
  version: number;
  keys: EpochKeys;
}

/* Hour lists for some cameras of a hub: an item and a commitment each. */
async function hoursFor(
  at: At, hub: Hub, cameras: string[], done: (hours: number) => void,
): Promise<{ keys: KeyItem[]; commits: Commit[] }> {
  const keys: KeyItem[] = [];
  const made: Commit[] = [];
  for (const [i, camera] of cameras.entries()) {
    const thing = unb64(camera, 16);
    const key = await thingKey(at.keys.home, at.home, at.epoch, thing);
    const first = hourOf(now()) - 1;
    const list = await hourList(key, thing, first, LIST_HOURS, (n) => done(i * LIST_HOURS + n));
    made.push({ kind: KEY_HOURS, id: camera, commit: b64(await sha256(list)) });
    keys.push({
      reader: hub.id, epoch: at.epoch, item: await keyringSeal(at, unb64(hub.kx, 32), list),
    });
  }
  return { keys, commits: made };
}

/* Newer commits take the place of older ones to the same thing. */
function committed(old: Commit[], fresh: Commit[]): Commit[] {
  const left = old.filter((o) => !fresh.some((f) => f.kind === o.kind && f.id === o.id));
  return [...left, ...fresh];
}

const streamsOf = (things: Thing[], hub: string) =>
  things.filter((t) => t.hub === hub)
    .flatMap((t) => t.streams.map((s) => ({ id: s.id, class: s.class })));

function deviceOf(hub: Hub, things: Thing[]): Device {
  return { id: hub.id, spki: hub.spki, streams: streamsOf(things, hub.id) };
}

/*
 * The versions that take in the hub and its cameras, one by one: after each
 * one was taken by the server, ask for the next. done goes from 0 to 1.
 */
export async function* hubTakeIn(
  home: Home, author: Author, found: HubKeys, m3: M3, done: (part: number) => void,
): AsyncGenerator<Write> {
  const hub: Hub = { id: m3.hub, sign: b64(found.sign), kx: b64(found.kx), spki: m3.spki };
  const total = Math.max(1, m3.cameras.length) * LIST_HOURS;
  for (let from = 0; from === 0 || from < m3.cameras.length; from += CAMERAS_A_WRITE) {
    const d = home.now;
    const some = m3.cameras.slice(from, from + CAMERAS_A_WRITE).map((c) => thingOf(c, m3.hub));
    const at = { home: home.id, epoch: d.epoch, version: d.version + 1, keys: home.keys() };
    const hours = await hoursFor(
      at, hub, some.map((t) => t.id), (n) => done((from * LIST_HOURS + n) / total));
    const things = merged(d.people.things, some);
    const people: People = {
      ...d.people, hubs: merged(d.people.hubs, [hub]), things,
      commits: committed(d.people.commits, hours.commits),
    };
    const { sealed, next } = await directoryWrite(
      d, home.id, at.keys, d.epoch, author, people, d.hubJson, now());
    yield { sealed, next, keys: hours.keys, devices: [deviceOf(hub, things)] };
  }
}

/* --- a new epoch --- */

/* Who has the whole key, and what hubs have of it. */
async function epochItems(at: At, raw: Octets, people: People): Promise<KeyItem[]> {
  const seal = async (reader: string, kx: string, kind: number, key: Octets) => ({
    reader, epoch: at.epoch,
    item: await keyringSeal(at, unb64(kx, 32), keyringPlain(kind, ID_NONE, key)),
  });
  const members = people.members.map((m) => seal(m.id, m.kx, KEY_HOME, raw.slice()));
  const hubs = people.hubs.flatMap((h) => [
    peopleKey(at.keys.home, at.home, at.epoch).then((k) => seal(h.id, h.kx, KEY_PEOPLE, k)),
    hubKey(at.keys.home, at.home, at.epoch).then((k) => seal(h.id, h.kx, KEY_HUB, k)),
  ]);
  return Promise.all([...members, ...hubs]);
}

/*
 * The versions that begin an epoch: a new home key for every member, and hour
 * lists for every hub. As hubTakeIn. home must take the keys with the first.
 */
export async function* epochBegin(
  home: Home, author: Author,
): AsyncGenerator<Write & { epochKeys: EpochKeys }> {
  const epoch = home.now.epoch + 1;
  const raw = random(32);
  const keys = await epochKeys(await rootKey(raw), home.id, epoch);
  const cameras = home.cameras;
  for (let from = 0; from === 0 || from < cameras.length; from += CAMERAS_A_WRITE) {
    const d = home.now;
    const at = { home: home.id, epoch, version: d.version + 1, keys };
    const some = cameras.slice(from, from + CAMERAS_A_WRITE);
    const lists = await Promise.all(
      some.map((c) => hoursFor(at, c.hub, [c.thing.id], () => undefined)));
    const first = from === 0;
    const commits_ = committed(
      first ? await commits(keys, home.id, epoch) : d.people.commits,
      lists.flatMap((l) => l.commits));
    const items = first ? await epochItems(at, raw, d.people) : [];
    const { sealed, next } = await directoryWrite(
      d, home.id, keys, epoch, author, { ...d.people, commits: commits_ }, d.hubJson, now());
    yield {
      sealed, next, keys: [...items, ...lists.flatMap((l) => l.keys)], devices: [], epochKeys: keys,
    };
  }
  wipe(raw);
}
