/*
 * aead.ts - AES-256-GCM with its 16-octet tag behind the ciphertext. Each key
 * here seals once, so the nonce is zeros unless it is given.
 */
import { Fault } from '../base/fault';
import { NONE, octets, type Octets } from '../base/octets';

const ZEROS = octets(12);

async function aesKey(key: Uint8Array | CryptoKey, use: 'encrypt' | 'decrypt'): Promise<CryptoKey> {
  if (!(key instanceof Uint8Array)) return key;
  return crypto.subtle.importKey('raw', key as Octets, 'AES-GCM', false, [use]);
}

export async function seal(
  key: Uint8Array | CryptoKey, plain: Uint8Array, aad: Uint8Array = NONE, nonce: Uint8Array = ZEROS,
): Promise<Octets> {
  const how = { name: 'AES-GCM', iv: nonce as Octets, additionalData: aad as Octets };
  return new Uint8Array(
    await crypto.subtle.encrypt(how, await aesKey(key, 'encrypt'), plain as Octets));
}

/* Throws CRYPTO. */
export async function open(
  key: Uint8Array | CryptoKey, sealed: Uint8Array, aad: Uint8Array = NONE,
  nonce: Uint8Array = ZEROS,
): Promise<Octets> {
  const how = { name: 'AES-GCM', iv: nonce as Octets, additionalData: aad as Octets };
  const with_ = await aesKey(key, 'decrypt');
  try {
    return new Uint8Array(await crypto.subtle.decrypt(how, with_, sealed as Octets));
  } catch {
    throw new Fault('CRYPTO', 'sealed octets');
  }
}
