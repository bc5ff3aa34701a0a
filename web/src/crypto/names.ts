/*
 * names.ts - the derivations of docs/FORMATS.md section 2, one function each,
 * so that the order of fields is written down once.
 */
import { u32, u8, utf8, join, type Octets } from '../base/octets';
import { derive, deriveRoot, sha256, type Root } from './kdf';
import { kxPairTake, type KxPair } from './kx';

export const HOUR_SPARE = 0xffffffff;
export const ID_NONE: Octets = new Uint8Array(16);

export function peopleKey(homeKey: Root, home: Uint8Array, epoch: number): Promise<Octets> {
  return derive(homeKey, 'people', home, u32(epoch));
}

export function hubKey(homeKey: Root, home: Uint8Array, epoch: number): Promise<Octets> {
  return derive(homeKey, 'hub', home, u32(epoch));
}

export function thingKey(
  homeKey: Root, home: Uint8Array, epoch: number, thing: Uint8Array,
): Promise<CryptoKey> {
  return deriveRoot(homeKey, 'thing', home, u32(epoch), thing);
}

export async function hourPair(thing: Root, hour: number): Promise<KxPair> {
  return kxPairTake(await derive(thing, 'hour', u32(hour)));
}

export async function hourId(thing: Root, hour: number): Promise<Octets> {
  return (await derive(thing, 'hour id', u32(hour))).slice(0, 8);
}

/* kind, id: docs/FORMATS.md section 5. */
export function keyCommit(
  key: Root, home: Uint8Array, epoch: number, kind: number, id: Uint8Array,
): Promise<Octets> {
  return derive(key, 'commit', home, u32(epoch), u8(kind), id);
}

/* Where a run's records belong; in its key, so moved they do not open. */
export interface Place {
  home: Uint8Array;
  thing: Uint8Array;
  stream: Uint8Array;
  writer: Uint8Array;
  class: number;
}

export function runBaseKey(runKey: Root, at: Place, run: Uint8Array): Promise<Octets> {
  return derive(runKey, 'run', at.home, at.thing, u8(at.class), at.stream, at.writer, run);
}

export function accountSignSeed(root: Root, account: Uint8Array): Promise<Octets> {
  return derive(root, 'account sign', account);
}

export function accountKx(root: Root, account: Uint8Array): Promise<Octets> {
  return derive(root, 'account kx', account);
}

export function grantSeed(root: Root, home: Uint8Array): Promise<Octets> {
  return derive(root, 'grant', home);
}

export async function doorPair(secret: Root, account: Uint8Array): Promise<KxPair> {
  return kxPairTake(await derive(secret, 'door', account));
}

export async function homeId(founder: Uint8Array, nonce: Uint8Array): Promise<Octets> {
  return (await sha256(join(utf8('eaves/1/home\0'), founder, nonce))).slice(0, 16);
}

export interface LinkTicket {
  id: Octets;
  secret: Octets;
}

/* Of a link's L (32 octets) or a recovery code (16). */
export async function linkTicket(l: Root): Promise<LinkTicket> {
  return { id: (await derive(l, 'link id')).slice(0, 16), secret: await derive(l, 'link access') };
}

export function linkPsk(l: Root): Promise<Octets> {
  return derive(l, 'link psk');
}
