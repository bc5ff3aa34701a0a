/*
 * octets.ts - octet strings: join, compare, wipe, and integers (big-endian).
 */
export type Octets = Uint8Array<ArrayBuffer>;

export const NONE: Octets = new Uint8Array(0);

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

export function octets(n: number): Octets {
  return new Uint8Array(n);
}

export function random(n: number): Octets {
  return crypto.getRandomValues(new Uint8Array(n));
}

export function utf8(text: string): Octets {
  return encoder.encode(text) as Octets;
}

/* Throws on what is no UTF-8. */
export function text(from: Uint8Array): string {
  return decoder.decode(from);
}

export function join(...parts: Uint8Array[]): Octets {
  let n = 0;
  for (const p of parts) n += p.length;
  const out = new Uint8Array(n);
  n = 0;
  for (const p of parts) {
    out.set(p, n);
    n += p.length;
  }
  return out;
}

/* In time that depends on the lengths alone. */
export function same(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  let difference = 0;
  for (let i = 0; i < a.length; i++) difference |= a[i]! ^ b[i]!;
  return difference === 0;
}

/* What holds a secret is wiped when it has done its work. */
export function wipe(...all: Uint8Array[]): void {
  for (const a of all) a.fill(0);
}

export function u8(v: number): Octets {
  return Uint8Array.of(v);
}

export function u16(v: number): Octets {
  return Uint8Array.of(v >> 8, v);
}

export function u32(v: number): Octets {
  return Uint8Array.of(v >>> 24, v >>> 16, v >>> 8, v);
}

export function u64(v: bigint | number): Octets {
  const out = new Uint8Array(8);
  new DataView(out.buffer).setBigUint64(0, BigInt(v));
  return out;
}

/* Text, padded with spaces: its length tells little. */
export function padded(text: string, step = 4096): Octets {
  const plain = utf8(text);
  const out = new Uint8Array(Math.ceil(plain.length / step) * step).fill(32);
  out.set(plain);
  wipe(plain);
  return out;
}
