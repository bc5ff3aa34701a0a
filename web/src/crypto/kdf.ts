/*
 * kdf.ts - the one function that makes every symmetric key (HKDF-SHA-256,
 * RFC 5869), and SHA-256. A key that is only derived from lives as a
 * CryptoKey that cannot be exported.
 */
import { NONE, join, utf8, wipe, type Octets } from '../base/octets';
import { labelled, type Label } from './labels';

/* Something to derive from: octets of any length, or a handle to them. */
export type Root = Uint8Array | CryptoKey;

export function rootKey(from: Uint8Array): Promise<CryptoKey> {
  return crypto.subtle.importKey('raw', from as Octets, 'HKDF', false, ['deriveBits']);
}

/* As rootKey, and the octets are wiped. */
export async function rootKeyTake(from: Uint8Array): Promise<CryptoKey> {
  const key = await rootKey(from);
  wipe(from);
  return key;
}

export async function hkdf(
  hash: 'SHA-256' | 'SHA-512', key: Root, salt: Uint8Array, info: Uint8Array, n: number,
): Promise<Octets> {
  const from = key instanceof Uint8Array ? await rootKey(key) : key;
  const how = { name: 'HKDF', hash, salt: salt as Octets, info: info as Octets };
  return new Uint8Array(await crypto.subtle.deriveBits(how, from, 8 * n));
}

/* K(key, label, fields): 32 octets; the caller wipes them. */
export function derive(key: Root, label: Label, ...fields: Uint8Array[]): Promise<Octets> {
  return hkdf('SHA-256', key, NONE, labelled(label, ...fields), 32);
}

/* K(...) as something to derive from again. */
export async function deriveRoot(
  key: Root, label: Label, ...fields: Uint8Array[]
): Promise<CryptoKey> {
  return rootKeyTake(await derive(key, label, ...fields));
}

export async function sha256(...parts: Uint8Array[]): Promise<Octets> {
  const all = parts.length === 1 ? (parts[0] as Octets) : join(...parts);
  return new Uint8Array(await crypto.subtle.digest('SHA-256', all));
}

/* How the API names a handle: never in clear. */
export function handleHash(handle: string): Promise<Octets> {
  return sha256(utf8(handle.trim().normalize('NFC').toLowerCase().normalize('NFC')));
}
