/*
 * keyring.ts - keys sealed to one reader: docs/FORMATS.md section 6. HPKE
 * proves no sender: until the directory version that the item belongs to
 * holds and commits to the key, the key opens that version and nothing else.
 */
import { Reader, b64 } from '../base/codec';
import { Fault } from '../base/fault';
import { join, u16, u32, u64, u8, wipe, type Octets } from '../base/octets';
import { hpkeOpen, hpkeSeal } from '../crypto/hpke';
import { rootKeyTake, sha256 } from '../crypto/kdf';
import type { KxPair } from '../crypto/kx';
import { labelled } from '../crypto/labels';
import { HOUR_SPARE, hourId, hourPair, keyCommit } from '../crypto/names';
import { commitsTo } from './directory';
import type { People } from './people';

export const KEY_HOME = 1;
export const KEY_PEOPLE = 2;
export const KEY_HUB = 3;
export const KEY_THING = 4;
export const KEY_HOURS = 5;

const HEAD = Uint8Array.of(1, 1); /* version, suite */

/* Where an item belongs. */
export interface KeyringAt {
  home: Uint8Array;
  epoch: number;
  version: number;
}

export interface KeyringKey {
  kind: number;
  id: Octets;
  key: CryptoKey; /* to derive from */
}

async function itemInfo(at: KeyringAt, reader: Uint8Array): Promise<Octets> {
  return labelled('keyring', at.home, u32(at.epoch), await sha256(reader));
}

/* Throws CRYPTO: not for this reader; SYNTAX, UNSUPPORTED. */
export async function keyringOpen(
  at: KeyringAt, reader: KxPair, sealed: Uint8Array,
): Promise<KeyringKey> {
  if (sealed[0] !== 1 || sealed[1] !== 1) throw new Fault('UNSUPPORTED', 'keyring');
  const info = await itemInfo(at, reader.public);
  const plain = await hpkeOpen(reader, info, u64(at.version), sealed.subarray(2));
  try {
    const r = new Reader(plain);
    const kind = r.u8();
    if (kind < KEY_HOME || kind > KEY_THING) throw new Fault('SYNTAX', 'keyring');
    const id = r.octets(16);
    const key = r.octets(32);
    r.end();
    return { kind, id, key: await rootKeyTake(key) };
  } finally {
    wipe(plain);
  }
}

/* plain: kind ‖ id ‖ key, or an hour list. It is wiped. */
export async function keyringSeal(
  at: KeyringAt, reader: Uint8Array, plain: Octets,
): Promise<Octets> {
  const info = await itemInfo(at, reader);
  const sealed = await hpkeSeal(reader, info, u64(at.version), plain);
  wipe(plain);
  return join(HEAD, sealed);
}

export function keyringPlain(kind: number, id: Uint8Array, key: Uint8Array): Octets {
  const plain = join(u8(kind), id, key);
  wipe(key);
  return plain;
}

/* Whether the directory of that home and epoch commits to the key. */
export async function keyringCommitted(
  at: KeyringAt, item: KeyringKey, p: People,
): Promise<boolean> {
  const commit = await keyCommit(item.key, at.home, at.epoch, item.kind, item.id);
  return commitsTo(p, item.kind, b64(item.id), commit);
}

async function hourPublic(thingKey: CryptoKey, hour: number): Promise<Octets> {
  const [id, pair] = await Promise.all([hourId(thingKey, hour), hourPair(thingKey, hour)]);
  return join(id, pair.public);
}

/*
 * What a member makes for the hub: public halves of count hours from first,
 * and the spare. done tells how many of them are made.
 */
export async function hourList(
  thingKey: CryptoKey, thing: Uint8Array, first: number, count: number,
  done: (n: number) => void,
): Promise<Octets> {
  const parts: Octets[] = [];
  const step = 48;
  for (let from = 0; from < count; from += step) {
    const hours = Array.from({ length: Math.min(step, count - from) }, (_, i) => first + from + i);
    parts.push(...(await Promise.all(hours.map((h) => hourPublic(thingKey, h)))));
    done(parts.length);
  }
  parts.push(await hourPublic(thingKey, HOUR_SPARE));
  return join(u8(KEY_HOURS), thing, u32(first), u16(count), ...parts);
}
