/*
 * vault.ts - what a person keeps on the server, sealed: account_root, the
 * doors that open it, homes and sessions. docs/FORMATS.md section 7. Only the
 * sign-in worker opens it: account_root never reaches the page.
 */
import { Reader, b64, unb64 } from '../base/codec';
import { Fault } from '../base/fault';
import { Json } from '../base/json';
import { join, padded, random, text, u64, u8, wipe, type Octets } from '../base/octets';
import { open, seal } from '../crypto/aead';
import { hpkeReceive, hpkeSend } from '../crypto/hpke';
import { sha256 } from '../crypto/kdf';
import type { KxPair } from '../crypto/kx';
import { labelled } from '../crypto/labels';

const DOOR_KINDS = ['passphrase', 'code', 'passkey'] as const;
export type DoorKind = (typeof DOOR_KINDS)[number];

export interface Door {
  id: string;
  kind: DoorKind;
  key: Octets; /* public */
}
export interface VaultHome {
  home: string;
  member: string;
  grant: string;
  version: number; /* highest that was believed */
  hash: Octets;
}
export interface VaultSession {
  id: string;
  revoke: Octets;
  label: string;
  day: number; /* days since 1970 */
}
export interface Vault {
  root: Octets;
  doors: Door[];
  homes: VaultHome[];
  sessions: VaultSession[];
}

/* A vault as it was read. */
export interface VaultRead {
  content: Vault;
  version: number;
  hash: Octets; /* of the blob: prev of the next write */
}

function door(j: Json): Door {
  j.only('id', 'kind', 'key');
  const kind = DOOR_KINDS.find((k) => k === j.text('kind'));
  if (!kind) throw new Fault('SYNTAX', 'door');
  return { id: j.id('id'), kind, key: j.octets('key', 32) };
}

function home(j: Json): VaultHome {
  j.only('home', 'member', 'grant', 'version', 'hash');
  return {
    home: j.id('home'), member: j.id('member'), grant: j.id('grant'),
    version: j.number('version'), hash: j.octets('hash', 32),
  };
}

function session(j: Json): VaultSession {
  j.only('id', 'revoke', 'label', 'day');
  return {
    id: j.id('id'), revoke: j.octets('revoke', 16), label: j.text('label'), day: j.number('day'),
  };
}

function contentParse(json: string): Vault {
  const j = Json.parse(json).only('root', 'doors', 'homes', 'sessions');
  return {
    root: j.octets('root', 32), doors: j.each('doors', door), homes: j.each('homes', home),
    sessions: j.each('sessions', session),
  };
}

function contentJson(v: Vault) {
  return {
    root: b64(v.root), doors: v.doors.map((d) => ({ ...d, key: b64(d.key) })),
    homes: v.homes.map((h) => ({ ...h, hash: b64(h.hash) })),
    sessions: v.sessions.map((s) => ({ ...s, revoke: b64(s.revoke) })),
  };
}

function doorInfo(account: Uint8Array, version: number): Octets {
  return labelled('door', account, u64(version));
}

interface Sealed {
  version: number;
  before: Octets;
  doors: { id: Octets; enc: Octets; key: Octets }[];
  body: Octets;
}

function blobParse(blob: Uint8Array): Sealed {
  const r = new Reader(blob);
  if (r.u8() !== 1 || r.u8() !== 1) throw new Fault('UNSUPPORTED', 'vault');
  const version = r.number64();
  const before = r.octets(32);
  const n = r.u8();
  const doors = Array.from({ length: n }, () => ({
    id: r.octets(16), enc: r.octets(32), key: r.octets(48),
  }));
  return { version, before, doors, body: r.rest() };
}

/* The vault key by way of whichever entry this door opens. */
async function vaultKey(s: Sealed, account: Uint8Array, at: KxPair): Promise<Octets> {
  for (const d of s.doors) {
    try {
      const hpke = await hpkeReceive(at, d.enc, { info: doorInfo(account, s.version) });
      return await hpke.open(d.key);
    } catch {
      /* another door's */
    }
  }
  throw new Fault('CRYPTO', 'no door opens');
}

/* Throws CRYPTO: not with this door, or not this account's. */
export async function vaultOpen(
  blob: Uint8Array, account: Uint8Array, at: KxPair,
): Promise<VaultRead> {
  const s = blobParse(blob);
  const key = await vaultKey(s, account, at);
  const plain = await open(key, s.body, join(account, u64(s.version), s.before));
  wipe(key);
  const content = contentParse(text(plain));
  wipe(plain);
  /* a door that the owner did not list was slipped in from outside */
  if (!content.doors.some((d) => b64(d.key) === b64(at.public)))
    throw new Fault('CRYPTO', 'a door that is not listed');
  return { content, version: s.version, hash: await sha256(blob) };
}

/* The blob after before (null: the first one), under a new random key. */
export async function vaultSeal(
  content: Vault, account: Uint8Array, before: VaultRead | null,
): Promise<Octets> {
  const version = (before?.version ?? 0) + 1;
  const prev = before?.hash ?? new Uint8Array(32);
  const key = random(32);
  const parts: Octets[] = [];
  for (const d of content.doors) {
    const { enc, hpke } = await hpkeSend(d.key, { info: doorInfo(account, version) });
    parts.push(join(unb64(d.id, 16), enc, await hpke.seal(key)));
    hpke.wipe();
  }
  const plain = padded(JSON.stringify(contentJson(content)));
  const body = await seal(key, plain, join(account, u64(version), prev));
  wipe(key, plain);
  return join(
    Uint8Array.of(1, 1), u64(version), prev, u8(content.doors.length), ...parts, body);
}
