/*
 * signpublic.ts - the public half of an Ed25519 seed. WebCrypto tells it of
 * exportable keys only, so the sign-in worker computes it here.
 */
import { ed25519 } from '@noble/curves/ed25519.js';
import type { Octets } from '../base/octets';

export function signPublic(seed: Uint8Array): Octets {
  return Uint8Array.from(ed25519.getPublicKey(seed));
}
