/*
 * sha256.ts - SHA-256 at once, for what is short: WebCrypto's own is a call that
 * waits, which for a small record takes longer than the hash.
 */
import { sha256 } from '@noble/hashes/sha2.js';
import type { Octets } from '../base/octets';

export function sha256Now(octets: Uint8Array): Octets {
  return sha256(octets) as Octets;
}
