/*
 * kxkeep.ts - an X25519 private key that is kept, or goes from a worker to
 * the page. A handle that cannot be exported, where the engine can copy it;
 * WebKit 2.50 cannot (structuredClone fails for X25519 alone), so there it
 * lies sealed under an AES handle that can do nothing but unwrap it.
 */
import { NONE, random, wipe, type Octets } from '../base/octets';
import { seal } from './aead';
import { kxPair, kxWrapped, type KxPair } from './kx';

export type KeptKx =
  | { private: CryptoKey; public: Octets }
  | { sealed: Octets; by: CryptoKey; nonce: Octets; public: Octets };

function copies(key: CryptoKey): boolean {
  try {
    structuredClone(key);
    return true;
  } catch {
    return false;
  }
}

async function sealedKx(scalar: Uint8Array, public_: Octets): Promise<KeptKx> {
  const raw = random(32);
  const nonce = random(12);
  const wrapped = kxWrapped(scalar);
  const sealed = await seal(raw, wrapped, NONE, nonce);
  const by = await crypto.subtle.importKey('raw', raw, 'AES-GCM', false, ['unwrapKey']);
  wipe(raw, wrapped);
  return { sealed, by, nonce, public: public_ };
}

/* The scalar is wiped. */
export async function kxKeep(scalar: Octets): Promise<KeptKx> {
  const pair = await kxPair(scalar);
  const kept = copies(pair.private) ? pair : await sealedKx(scalar, pair.public);
  wipe(scalar);
  return kept;
}

export async function kxKept(kept: KeptKx): Promise<KxPair> {
  if ('private' in kept) return kept;
  const how = { name: 'AES-GCM', iv: kept.nonce, additionalData: NONE };
  const private_ = await crypto.subtle.unwrapKey(
    'pkcs8', kept.sealed, kept.by, how, 'X25519', false, ['deriveBits']);
  return { private: private_, public: kept.public };
}
