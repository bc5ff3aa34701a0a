/*
 * directory.ts - the household's list as a signed chain of whole snapshots:
 * docs/FORMATS.md section 5, the rules of src/model/directory.h. Who holds the
 * newest good version checks the next one against it; nothing that a server
 * says is believed for itself.
 */
import { Reader, b64, unb64 } from '../base/codec';
import { Fault } from '../base/fault';
import {
  join, padded, random, same, text, u32, u64, type Octets,
} from '../base/octets';
import { open, seal } from '../crypto/aead';
import { derive, sha256, type Root } from '../crypto/kdf';
import type { Label } from '../crypto/labels';
import { homeId } from '../crypto/names';
import { sign, signed } from '../crypto/sign';
import { peopleParse, type Member, type People, type Thing } from './people';

const ENTRY_OCTETS = 212;
const SIGN_OCTETS = 64;
const HEAD = Uint8Array.of(1, 1); /* version, suite */
const ZEROS = new Uint8Array(32);

/* A version as it travels: three sealed pieces. */
export interface Sealed {
  entry: Octets;
  people: Octets;
  hub: Octets;
}

/* Of the epoch that the version is sealed under. */
export interface DirectoryKeys {
  people: Root;
  hub: Root | null;
}

export interface Directory {
  home: Octets;
  version: number;
  epoch: number;
  hash: Octets;
  time: number;
  people: People;
  hubJson: string;
}

interface Entry {
  home: Octets;
  version: number;
  before: Octets;
  epoch: number;
  author: string;
  time: number;
  people: Octets;
  hub: Octets;
}

type Piece = 'directory entry' | 'directory people' | 'directory hub';

function pieceKey(key: Root, label: Label, version: number, salt: Octets) {
  return derive(key, label, u64(version), salt);
}

export async function pieceSeal(
  key: Root, label: Piece, home: Uint8Array, version: number, plain: Uint8Array,
): Promise<Octets> {
  const salt = random(16);
  const k = await pieceKey(key, label, version, salt);
  return join(HEAD, salt, await seal(k, plain, join(home, u64(version))));
}

export async function pieceOpen(
  key: Root, label: Piece, home: Uint8Array, version: number, sealed: Uint8Array,
): Promise<Octets> {
  const r = new Reader(sealed);
  if (r.u8() !== 1 || r.u8() !== 1) throw new Fault('UNSUPPORTED', label);
  const k = await pieceKey(key, label, version, r.octets(16));
  return open(k, r.rest(), join(home, u64(version)));
}

function entryParse(octets: Octets): Entry {
  if (octets.length !== ENTRY_OCTETS) throw new Fault('SYNTAX', 'entry');
  const r = new Reader(octets);
  return {
    home: r.octets(16), version: r.number64(), before: r.octets(32), epoch: r.u32(),
    author: b64(r.octets(16)), time: r.number64(), people: r.octets(32), hub: r.octets(32),
  };
}

function entrySigned(octets: Octets, by: string): Promise<boolean> {
  const at = ENTRY_OCTETS - SIGN_OCTETS;
  return signed(unb64(by, 32), 'directory', octets.subarray(at), octets.subarray(0, at));
}

/* JSON with sorted names, so that equal means equal. */
function canonical(v: unknown): string {
  return JSON.stringify(v, (_, x: unknown) => {
    if (typeof x !== 'object' || x === null || Array.isArray(x)) return x;
    return Object.fromEntries(Object.entries(x).sort(([a], [b]) => (a < b ? -1 : 1)));
  });
}

function membersAllowed(a: Member[], b: Member[], author: string, names: boolean): boolean {
  return a.length === b.length && a.every((m, i) => {
    const n = b[i]!;
    const keys = m.grant === n.grant && m.sign === n.sign && m.kx === n.kx;
    return m.id === n.id && m.role === n.role && (names || m.name === n.name) &&
      (m.id === author || keys);
  });
}

function thingsAllowed(a: Thing[], b: Thing[], names: boolean): boolean {
  const shape = (t: Thing) => canonical(names ? { ...t, name: '' } : t);
  return a.length === b.length && a.every((t, i) => shape(t) === shape(b[i]!));
}

/* Whether author may turn before into after; the table of directory.h. */
export function allows(
  before: People, after: People, author: string, hubSame: boolean, epochSame: boolean,
): boolean {
  const by = before.members.find((m) => m.id === author);
  if (!by || !after.members.some((m) => m.role === 'owner')) return false;
  if (before.founder !== after.founder || before.nonce !== after.nonce) return false;
  if (by.role === 'owner') return true;
  const adult = by.role === 'adult';
  if (!hubSame || canonical(before.hubs) !== canonical(after.hubs)) return false;
  if (!membersAllowed(before.members, after.members, author, adult)) return false;
  if (!thingsAllowed(before.things, after.things, adult)) return false;
  /* commits belong to an epoch: who may not begin one may not touch them */
  const commitsSame = canonical(before.commits) === canonical(after.commits);
  if (!commitsSame && (!adult || epochSame)) return false;
  return adult || (epochSame && before.name === after.name && before.zone === after.zone &&
    canonical(before.guests) === canonical(after.guests) &&
    canonical(before.keep ?? null) === canonical(after.keep ?? null));
}

interface Opened {
  entry: Entry;
  octets: Octets;
  next: Directory;
}

async function piecesOpen(
  home: Uint8Array, version: number, keys: DirectoryKeys, sealed: Sealed,
): Promise<Opened> {
  const octets = await pieceOpen(keys.people, 'directory entry', home, version, sealed.entry);
  const entry = entryParse(octets);
  if (!same(entry.home, home) || entry.version !== version) throw new Fault('CONFLICT', 'entry');
  if (!same(await sha256(sealed.people), entry.people) ||
    !same(await sha256(sealed.hub), entry.hub))
    throw new Fault('CORRUPT', 'pieces');
  const people = await pieceOpen(keys.people, 'directory people', home, version, sealed.people);
  const hub = keys.hub
    ? text(await pieceOpen(keys.hub, 'directory hub', home, version, sealed.hub)) : '';
  const next = {
    home: entry.home, version, epoch: entry.epoch, hash: await sha256(octets), time: entry.time,
    people: peopleParse(text(people)), hubJson: hub.trimEnd(),
  };
  return { entry, octets, next };
}

/* Version 1: the home's id commits to the founder, who signs as an owner. */
async function firstCheck(o: Opened): Promise<void> {
  const p = o.next.people;
  const id = await homeId(unb64(p.founder, 32), unb64(p.nonce, 32));
  if (!same(id, o.entry.home) || o.entry.epoch !== 1 || !same(o.entry.before, ZEROS))
    throw new Fault('CONFLICT', 'first version');
  if (p.members.find((m) => m.id === o.entry.author)?.role !== 'owner') throw new Fault('DENIED');
  if (!(await entrySigned(o.octets, p.founder))) throw new Fault('CRYPTO', 'founder');
}

async function nextCheck(d: Directory, o: Opened): Promise<void> {
  const epochSame = o.entry.epoch === d.epoch;
  if (!same(o.entry.before, d.hash) || (!epochSame && o.entry.epoch !== d.epoch + 1))
    throw new Fault('CONFLICT', 'another past');
  const by = d.people.members.find((m) => m.id === o.entry.author);
  if (!by) throw new Fault('DENIED', 'a stranger');
  if (!(await entrySigned(o.octets, by.sign))) throw new Fault('CRYPTO', 'author');
  const hubSame = d.hubJson === o.next.hubJson;
  if (!allows(d.people, o.next.people, o.entry.author, hubSame, epochSame))
    throw new Fault('DENIED', by.role);
}

/*
 * Check a version against d (null: none yet) and give the new one. Throws
 * CRYPTO: does not open, or is not signed; CONFLICT: not the next of this
 * chain; DENIED: the author may not change that; CORRUPT: mixed pieces.
 */
export async function directoryTake(
  d: Directory | null, home: Uint8Array, keys: DirectoryKeys, sealed: Sealed,
): Promise<Directory> {
  const o = await piecesOpen(home, (d?.version ?? 0) + 1, keys, sealed);
  await (d ? nextCheck(d, o) : firstCheck(o));
  return o.next;
}

/* Who writes: the member, and his Ed25519 key. */
export interface Author {
  member: string;
  sign: CryptoKey;
}

/* The version after d (null: the first one). */
export async function directoryWrite(
  d: Directory | null, home: Uint8Array, keys: { people: Root; hub: Root }, epoch: number,
  author: Author, people: People, hubJson: string, time: number,
): Promise<{ sealed: Sealed; next: Directory }> {
  const version = (d?.version ?? 0) + 1;
  const at = [home, version] as const;
  const peopleSealed = await pieceSeal(keys.people, 'directory people', ...at, padded(JSON.stringify(people)));
  const hubSealed = await pieceSeal(
    keys.hub, 'directory hub', ...at, padded(hubJson));
  const fields = join(
    home, u64(version), d?.hash ?? ZEROS, u32(epoch), unb64(author.member, 16), u64(time),
    await sha256(peopleSealed), await sha256(hubSealed));
  const octets = join(fields, await sign(author.sign, 'directory', fields));
  const entry = await pieceSeal(keys.people, 'directory entry', ...at, octets);
  const next = {
    home: home.slice() as Octets, version, epoch, hash: await sha256(octets), time, people, hubJson,
  };
  return { sealed: { entry, people: peopleSealed, hub: hubSealed }, next };
}

export function commitsTo(p: People, kind: number, id: string, commit: Uint8Array): boolean {
  const wanted = b64(commit);
  return p.commits.some((c) => c.kind === kind && c.id === id && c.commit === wanted);
}
