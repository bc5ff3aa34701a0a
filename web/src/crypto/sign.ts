/*
 * sign.ts - Ed25519 (RFC 8032), always over "eaves/1/" ‖ label ‖ 00 ‖ fixed
 * fields, so that a signature means one thing.
 */
import { join, wipe, type Octets } from '../base/octets';
import { labelled, type Label } from './labels';

const PKCS8 = Uint8Array.of(
  0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20);

export async function signPrivate(seed: Uint8Array): Promise<CryptoKey> {
  const wrapped = join(PKCS8, seed);
  try {
    return await crypto.subtle.importKey('pkcs8', wrapped, 'Ed25519', false, ['sign']);
  } finally {
    wipe(wrapped);
  }
}

export async function sign(
  by: CryptoKey, label: Label, ...fields: Uint8Array[]
): Promise<Octets> {
  return new Uint8Array(
    await crypto.subtle.sign('Ed25519', by, labelled(label, ...fields)));
}

/* Whether the holder of that public key signed just this. */
export async function signed(
  by: Uint8Array, label: Label, signature: Uint8Array, ...fields: Uint8Array[]
): Promise<boolean> {
  try {
    const key = await crypto.subtle.importKey('raw', by as Octets, 'Ed25519', false, ['verify']);
    return await crypto.subtle.verify(
      'Ed25519', key, signature as Octets, labelled(label, ...fields));
  } catch {
    return false;
  }
}
