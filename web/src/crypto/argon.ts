/*
 * argon.ts - the slow hash of a passphrase: Argon2id, three passes over
 * 64 MiB, one lane, sixteen zeros of salt (OPAQUE brings its own); compiled
 * in, never from the server.
 */
import { argon2id } from 'hash-wasm';
import type { Octets } from '../base/octets';

export function argonStretch(from: Octets): Promise<Uint8Array> {
  return argon2id({
    password: from, salt: new Uint8Array(16), iterations: 3, memorySize: 65536, parallelism: 1,
    hashLength: 64, outputType: 'binary',
  });
}
