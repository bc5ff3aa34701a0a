/*
 * found.ts - what an owner's browser makes: the first version of a home with
 * its key, and later versions that take in a hub with its cameras.
 */
import { b64, unb64 } from '../base/codec';
import { random, type Octets } from '../base/octets';
import { sha256, rootKeyTake } from '../crypto/kdf';
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
  id: c.thing, kind: 'camera', name: c.name, hub, streams: [{ id: c.stream, class: 1 }],
});

/* Replaces what has the same id; keeps the order. */
function merged<T extends { id: string }>(old: T[], fresh: T[]): T[] {
  const left = old.filter((o) => !fresh.some((f) => f.id === o.id));
  return [...left, ...fresh];
}

/* Hour lists for some cameras: an item and a commitment each. */
async function hoursFor(
  home: Home, version: number, hub: HubKeys, m3: M3, cameras: PairedCamera[],
  done: (hours: number) => void,
): Promise<{ keys: KeyItem[]; commits: Commit[] }> {
  const epoch = home.now.epoch;
  const keys: KeyItem[] = [];
  const made: Commit[] = [];
  for (const [i, c] of cameras.entries()) {
    const thing = unb64(c.thing, 16);
    const key = await thingKey(home.keys().home, home.id, epoch, thing);
    const first = hourOf(now()) - 1;
    const list = await hourList(
      key, thing, first, LIST_HOURS, (n) => done(i * LIST_HOURS + n));
    made.push({ kind: KEY_HOURS, id: c.thing, commit: b64(await sha256(list)) });
    const at = { home: home.id, epoch, version };
    keys.push({ reader: m3.hub, epoch, item: await keyringSeal(at, hub.kx, list) });
  }
  return { keys, commits: made };
}

/*
 * The versions that take in the hub and its cameras, one by one: after each
 * one was taken by the server, ask for the next. done goes from 0 to 1.
 */
export async function* hubTakeIn(
  home: Home, author: Author, hub: HubKeys, m3: M3, done: (part: number) => void,
): AsyncGenerator<Write> {
  const row: Hub = { id: m3.hub, sign: b64(hub.sign), kx: b64(hub.kx), spki: m3.spki };
  const total = Math.max(1, m3.cameras.length);
  const streams = m3.cameras.map((c) => ({ id: c.stream, class: 1 }));
  for (let from = 0; from === 0 || from < m3.cameras.length; from += CAMERAS_A_WRITE) {
    const d = home.now;
    const some = m3.cameras.slice(from, from + CAMERAS_A_WRITE);
    const hours = await hoursFor(home, d.version + 1, hub, m3, some,
      (n) => done((from + n / LIST_HOURS) / total));
    const people: People = {
      ...d.people, hubs: merged(d.people.hubs, [row]),
      things: merged(d.people.things, some.map((c) => thingOf(c, m3.hub))),
      commits: [
        ...d.people.commits.filter((c) => !hours.commits.some((h) => h.kind === c.kind && h.id === c.id)),
        ...hours.commits,
      ],
    };
    const { sealed, next } = await directoryWrite(
      d, home.id, home.keys(), d.epoch, author, people, d.hubJson, now());
    yield { sealed, next, keys: hours.keys, devices: [{ id: m3.hub, spki: m3.spki, streams }] };
  }
}
