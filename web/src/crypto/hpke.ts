/*
 * hpke.ts - HPKE (RFC 9180): DHKEM(X25519, HKDF-SHA256), HKDF-SHA256,
 * AES-256-GCM; modes base and psk; one message per context, and exports.
 */
import { NONE, join, octets, u16, u8, utf8, wipe, type Octets } from '../base/octets';
import { open as aeadOpen, seal as aeadSeal } from './aead';
import { hkdf } from './kdf';
import { kxPairNew, kxShared, type KxPair } from './kx';

const VERSION = utf8('HPKE-v1');
const KEM_SUITE = join(utf8('KEM'), u16(0x20));
const SUITE = join(utf8('HPKE'), u16(0x20), u16(1), u16(2));
const MODE_BASE = 0;
const MODE_PSK = 1;

export interface HpkeInfo {
  info: Uint8Array;
  psk?: Uint8Array;
  pskId?: Uint8Array;
}

/* What both sides hold after the set-up; wipe it. */
export class Hpke {
  constructor(
    private readonly key: Octets, private readonly nonce: Octets,
    private readonly exporter: Octets,
  ) {}

  /* The first and only message. */
  seal(plain: Uint8Array, aad: Uint8Array = NONE): Promise<Octets> {
    return aeadSeal(this.key, plain, aad, this.nonce);
  }

  open(sealed: Uint8Array, aad: Uint8Array = NONE): Promise<Octets> {
    return aeadOpen(this.key, sealed, aad, this.nonce);
  }

  async export(context: Uint8Array): Promise<Octets> {
    return expand(SUITE, this.exporter, 'sec', context, 32);
  }

  wipe(): void {
    wipe(this.key, this.nonce, this.exporter);
  }
}

async function hmac(key: Uint8Array, data: Octets): Promise<Octets> {
  /* WebCrypto refuses an empty key; HMAC pads with zeros anyway */
  const k = await crypto.subtle.importKey(
    'raw', (key.length ? key : octets(32)) as Octets, { name: 'HMAC', hash: 'SHA-256' }, false,
    ['sign']);
  return new Uint8Array(await crypto.subtle.sign('HMAC', k, data));
}

function extract(suite: Uint8Array, salt: Uint8Array, label: string, ikm: Uint8Array) {
  return hmac(salt, join(VERSION, suite, utf8(label), ikm));
}

function expandInfo(suite: Uint8Array, label: string, info: Uint8Array, n: number): Octets {
  return join(u16(n), VERSION, suite, utf8(label), info);
}

/* RFC 5869's expand for at most one block, which is all that HPKE asks. */
async function expand(
  suite: Uint8Array, prk: Uint8Array, label: string, info: Uint8Array, n: number,
): Promise<Octets> {
  const block = await hmac(prk, join(expandInfo(suite, label, info, n), u8(1)));
  return block.slice(0, n);
}

/* Section 4.1, ExtractAndExpand in one step of HKDF. */
async function kemSecret(dh: Octets, enc: Uint8Array, receiver: Uint8Array): Promise<Octets> {
  const info = expandInfo(KEM_SUITE, 'shared_secret', join(enc, receiver), 32);
  const ikm = join(VERSION, KEM_SUITE, utf8('eae_prk'), dh);
  const secret = await hkdf('SHA-256', ikm, NONE, info, 32);
  wipe(ikm, dh);
  return secret;
}

/* Section 5.1. */
async function schedule(shared: Octets, how: HpkeInfo): Promise<Hpke> {
  const psk = how.psk ?? NONE;
  const pskId = how.pskId ?? NONE;
  if ((psk.length === 0) !== (pskId.length === 0)) throw new Error('psk without its id');
  const mode = u8(psk.length === 0 ? MODE_BASE : MODE_PSK);
  const context = join(
    mode, await extract(SUITE, NONE, 'psk_id_hash', pskId),
    await extract(SUITE, NONE, 'info_hash', how.info));
  const secret = await extract(SUITE, shared, 'secret', psk);
  const hpke = new Hpke(
    await expand(SUITE, secret, 'key', context, 32),
    await expand(SUITE, secret, 'base_nonce', context, 12),
    await expand(SUITE, secret, 'exp', context, 32));
  wipe(secret, shared);
  return hpke;
}

/* Sender, with a given ephemeral pair: for vectors. */
export async function hpkeSendWith(
  ephemeral: KxPair, to: Uint8Array, how: HpkeInfo,
): Promise<{ enc: Octets; hpke: Hpke }> {
  const dh = await kxShared(ephemeral.private, to);
  const shared = await kemSecret(dh, ephemeral.public, to);
  return { enc: ephemeral.public, hpke: await schedule(shared, how) };
}

export async function hpkeSend(to: Uint8Array, how: HpkeInfo) {
  return hpkeSendWith(await kxPairNew(), to, how);
}

/* Throws CRYPTO for a point of small order. */
export async function hpkeReceive(at: KxPair, enc: Uint8Array, how: HpkeInfo): Promise<Hpke> {
  const shared = await kemSecret(await kxShared(at.private, enc), enc, at.public);
  return schedule(shared, how);
}

/* One shot, mode base: enc ‖ ciphertext ‖ tag. */
export async function hpkeSeal(
  to: Uint8Array, info: Uint8Array, aad: Uint8Array, plain: Uint8Array,
): Promise<Octets> {
  const { enc, hpke } = await hpkeSend(to, { info });
  const sealed = await hpke.seal(plain, aad);
  hpke.wipe();
  return join(enc, sealed);
}

export async function hpkeOpen(
  at: KxPair, info: Uint8Array, aad: Uint8Array, sealed: Uint8Array,
): Promise<Octets> {
  const hpke = await hpkeReceive(at, sealed.slice(0, 32), { info });
  try {
    return await hpke.open(sealed.slice(32), aad);
  } finally {
    hpke.wipe();
  }
}
