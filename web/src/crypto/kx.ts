/*
 * kx.ts - X25519 (RFC 7748). Private keys are raw 32-octet scalars; WebCrypto
 * clamps them and takes them wrapped in PKCS #8.
 */
import { Fault } from '../base/fault';
import { join, octets, random, wipe, type Octets } from '../base/octets';

const PKCS8 = Uint8Array.of(
  0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x6e, 4, 0x22, 4, 0x20);
const BASE = octets(32);
BASE[0] = 9;

/* A private key with the public one that belongs to it. */
export interface KxPair {
  private: CryptoKey;
  public: Octets;
}

/*
 * PKCS #8. The lowest bits are set because X25519 clears them anyway and
 * WebKitGTK 2.50 refuses a scalar that begins with a zero octet.
 */
export function kxWrapped(scalar: Uint8Array): Octets {
  const wrapped = join(PKCS8, scalar);
  wrapped[PKCS8.length]! |= 7;
  return wrapped;
}

export async function kxPrivate(scalar: Uint8Array): Promise<CryptoKey> {
  const wrapped = kxWrapped(scalar);
  try {
    return await crypto.subtle.importKey('pkcs8', wrapped, 'X25519', false, ['deriveBits']);
  } finally {
    wipe(wrapped);
  }
}

/* Throws CRYPTO for a point of small order. */
export async function kxShared(private_: CryptoKey, public_: Uint8Array): Promise<Octets> {
  try {
    const point = await crypto.subtle.importKey('raw', public_ as Octets, 'X25519', false, []);
    const shared = new Uint8Array(
      await crypto.subtle.deriveBits({ name: 'X25519', public: point }, private_, 256));
    if (shared.some((o) => o !== 0)) return shared;
  } catch { /* engines differ in how they refuse */ }
  throw new Fault('CRYPTO', 'X25519');
}

/* The public half, by way of the base point: it needs no exportable key. */
export function kxPublic(private_: CryptoKey): Promise<Octets> {
  return kxShared(private_, BASE);
}

export async function kxPair(scalar: Uint8Array): Promise<KxPair> {
  const private_ = await kxPrivate(scalar);
  return { private: private_, public: await kxPublic(private_) };
}

export async function kxPairTake(scalar: Uint8Array): Promise<KxPair> {
  const pair = await kxPair(scalar);
  wipe(scalar);
  return pair;
}

export function kxPairNew(): Promise<KxPair> {
  return kxPairTake(random(32));
}
