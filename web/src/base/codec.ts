/*
 * codec.ts - hex, base64url without padding (strict), and a reader of octets
 * that refuses to read past the end or to leave something over.
 */
import { Fault } from './fault';
import type { Octets } from './octets';

const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
const VALUES = new Map([...LETTERS].map((c, i) => [c, i]));

export function b64(from: Uint8Array): string {
  let out = '';
  let bits = 0;
  let held = 0;
  for (const octet of from) {
    held = (held << 8) | octet;
    bits += 8;
    while (bits >= 6) {
      bits -= 6;
      out += LETTERS[(held >> bits) & 63];
    }
    held &= (1 << bits) - 1;
  }
  if (bits > 0) out += LETTERS[(held << (6 - bits)) & 63];
  return out;
}

/* Throws SYNTAX; also when n is given and it is not n octets. */
export function unb64(from: string, n?: number): Octets {
  const out = new Uint8Array(Math.floor((from.length * 3) / 4));
  let bits = 0;
  let held = 0;
  let at = 0;
  for (const c of from) {
    const v = VALUES.get(c);
    if (v === undefined) throw new Fault('SYNTAX', 'base64');
    held = (held << 6) | v;
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      out[at++] = held >> bits;
      held &= (1 << bits) - 1;
    }
  }
  /* left-over bits must be zeros and must not hide a whole letter */
  if (bits >= 6 || held !== 0 || at !== out.length) throw new Fault('SYNTAX', 'base64');
  if (n !== undefined && at !== n) throw new Fault('SYNTAX', 'length');
  return out;
}

export function hex(from: Uint8Array): string {
  let out = '';
  for (const octet of from) out += octet.toString(16).padStart(2, '0');
  return out;
}

export function unhex(from: string): Octets {
  if (from.length % 2 !== 0 || /[^0-9a-f]/i.test(from)) throw new Fault('SYNTAX', 'hex');
  const out = new Uint8Array(from.length / 2);
  for (let i = 0; i < out.length; i++) out[i] = parseInt(from.slice(2 * i, 2 * i + 2), 16);
  return out;
}

export class Reader {
  private at = 0;
  private readonly view: DataView;

  constructor(private readonly from: Uint8Array) {
    this.view = new DataView(from.buffer, from.byteOffset, from.byteLength);
  }

  private step(n: number): number {
    const at = this.at;
    if (n > this.from.length - at) throw new Fault('SYNTAX', 'too short');
    this.at += n;
    return at;
  }

  u8(): number {
    return this.view.getUint8(this.step(1));
  }

  u16(): number {
    return this.view.getUint16(this.step(2));
  }

  u32(): number {
    return this.view.getUint32(this.step(4));
  }

  u64(): bigint {
    return this.view.getBigUint64(this.step(8));
  }

  /* A count or a time: a number of JavaScript must hold it. */
  number64(): number {
    const v = this.u64();
    if (v > BigInt(Number.MAX_SAFE_INTEGER)) throw new Fault('SYNTAX', 'number');
    return Number(v);
  }

  /* A copy. */
  octets(n: number): Octets {
    const at = this.step(n);
    return this.from.slice(at, at + n) as Octets;
  }

  rest(): Octets {
    return this.octets(this.from.length - this.at);
  }

  end(): void {
    if (this.at !== this.from.length) throw new Fault('SYNTAX', 'too long');
  }
}
