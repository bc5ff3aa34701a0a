/*
 * sframe.ts - SFrame (RFC 9605), cipher suite 5: AES_256_GCM_SHA512_128. The
 * key id stays octets: a JavaScript number cannot hold it.
 */
import { Fault } from '../base/fault';
import { NONE, join, octets, u16, utf8, type Octets } from '../base/octets';
import { hkdf } from './kdf';

const SUITE = 5;

/* Without its leading zeros; at least one octet. */
function shortest(v: Uint8Array): Uint8Array {
  let at = 0;
  while (at < v.length - 1 && v[at] === 0) at++;
  return v.subarray(at);
}

/* Section 4.3; both are 8 octets. */
export function sframeHead(kid: Uint8Array, ctr: Uint8Array): Octets {
  const k = shortest(kid);
  const c = shortest(ctr);
  const smallK = k.length === 1 && k[0]! < 8;
  const smallC = c.length === 1 && c[0]! < 8;
  const first = (smallK ? k[0]! << 4 : 0x80 | ((k.length - 1) << 4)) |
    (smallC ? c[0]! : 8 | (c.length - 1));
  return join(Uint8Array.of(first), smallK ? NONE : k, smallC ? NONE : c);
}

export interface SframeHead {
  kid: Octets;
  ctr: Octets;
  octets: number;
}

function field(from: Uint8Array, at: number, n: number): Octets {
  const out = octets(8);
  out.set(from.subarray(at, at + n), 8 - n);
  return out;
}

/* Throws SYNTAX, also for a number that is not in its shortest form. */
export function sframeHeadParse(from: Uint8Array): SframeHead {
  const first = from[0] ?? 0;
  const nk = first & 0x80 ? ((first >> 4) & 7) + 1 : 0;
  const nc = first & 8 ? (first & 7) + 1 : 0;
  const n = 1 + nk + nc;
  if (from.length < n) throw new Fault('SYNTAX', 'SFrame header');
  const kid = nk ? field(from, 1, nk) : field(Uint8Array.of((first >> 4) & 7), 0, 1);
  const ctr = nc ? field(from, 1 + nk, nc) : field(Uint8Array.of(first & 7), 0, 1);
  if (sframeHead(kid, ctr).length !== n) throw new Fault('SYNTAX', 'SFrame header');
  return { kid, ctr, octets: n };
}

/* One key id's key and salt; made once, used for many frames. */
export class Sframe {
  private constructor(
    private readonly kid: Octets, private readonly key: CryptoKey,
    private readonly salt: Octets,
  ) {}

  static async make(base: Uint8Array, kid: Uint8Array, seals = false): Promise<Sframe> {
    const info = (what: string) => join(utf8(`SFrame 1.0 Secret ${what} `), kid, u16(SUITE));
    const key = await hkdf('SHA-512', base, NONE, info('key'), 32);
    const salt = await hkdf('SHA-512', base, NONE, info('salt'), 12);
    const handle = await crypto.subtle.importKey(
      'raw', key, 'AES-GCM', false, seals ? ['encrypt', 'decrypt'] : ['decrypt']);
    key.fill(0);
    return new Sframe(kid.slice() as Octets, handle, salt);
  }

  private nonce(ctr: Uint8Array): Octets {
    const nonce = this.salt.slice();
    for (let i = 0; i < 8; i++) nonce[4 + i]! ^= ctr[i]!;
    return nonce;
  }

  /* header ‖ ciphertext ‖ tag. A ctr seals once, ever. */
  async seal(ctr: Uint8Array, metadata: Uint8Array, plain: Uint8Array): Promise<Octets> {
    const head = sframeHead(this.kid, ctr);
    const sealed = await crypto.subtle.encrypt(
      { name: 'AES-GCM', iv: this.nonce(ctr), additionalData: join(head, metadata) }, this.key,
      plain as Octets);
    return join(head, new Uint8Array(sealed));
  }

  /* Throws SYNTAX, CRYPTO. */
  async open(
    metadata: Uint8Array, frame: Uint8Array,
  ): Promise<{ ctr: Octets; plain: Octets }> {
    const head = sframeHeadParse(frame);
    for (let i = 0; i < 8; i++)
      if (head.kid[i] !== this.kid[i]) throw new Fault('CRYPTO', 'another run');
    const additionalData = join(frame.subarray(0, head.octets), metadata);
    try {
      const plain = await crypto.subtle.decrypt(
        { name: 'AES-GCM', iv: this.nonce(head.ctr), additionalData }, this.key,
        frame.subarray(head.octets) as Octets);
      return { ctr: head.ctr, plain: new Uint8Array(plain) };
    } catch {
      throw new Fault('CRYPTO', 'record');
    }
  }
}
