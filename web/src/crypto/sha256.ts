/*
 * sha256.ts - SHA-256 (FIPS 180-4) at once, for what is short: WebCrypto's own
 * is a call that waits, which for a small record takes longer than the hash.
 * Of secrets only the octets' number shows in its time.
 */
import type { Octets } from '../base/octets';

/* The first 32 bits of the fractions of roots of the first primes. */
function fractions(count: number, root: number): Uint32Array {
  const out = new Uint32Array(count);
  for (let n = 2, i = 0; i < count; n++) {
    let d = 2;
    while (d * d <= n && n % d !== 0) d++;
    if (d * d > n) out[i++] = (n ** (1 / root) % 1) * 2 ** 32;
  }
  return out;
}

const BEGIN = fractions(8, 2);
const K = fractions(64, 3);
const w = new Uint32Array(64);

const turn = (x: number, n: number) => (x >>> n) | (x << (32 - n));

function block(h: Uint32Array, view: DataView, at: number): void {
  for (let i = 0; i < 16; i++) w[i] = view.getUint32(at + 4 * i);
  for (let i = 16; i < 64; i++) {
    const x = w[i - 15]!;
    const y = w[i - 2]!;
    w[i] = w[i - 16]! + w[i - 7]! + (turn(x, 7) ^ turn(x, 18) ^ (x >>> 3)) +
      (turn(y, 17) ^ turn(y, 19) ^ (y >>> 10));
  }
  let [a, b, c, d, e, f, g, k] = h as unknown as number[] as [
    number, number, number, number, number, number, number, number];
  for (let i = 0; i < 64; i++) {
    const t = (k + (turn(e, 6) ^ turn(e, 11) ^ turn(e, 25)) + ((e & f) ^ (~e & g)) + K[i]! + w[i]!) | 0;
    const u = ((turn(a, 2) ^ turn(a, 13) ^ turn(a, 22)) + ((a & b) ^ (a & c) ^ (b & c))) | 0;
    k = g; g = f; f = e; e = (d + t) | 0;
    d = c; c = b; b = a; a = (t + u) | 0;
  }
  [a, b, c, d, e, f, g, k].forEach((v, i) => { h[i] = h[i]! + v; });
}

export function sha256Now(octets: Uint8Array): Octets {
  const n = octets.length;
  const padded = new Uint8Array((n + 72) & ~63);
  padded.set(octets);
  padded[n] = 0x80;
  const view = new DataView(padded.buffer);
  view.setUint32(padded.length - 8, n / 2 ** 29);
  view.setUint32(padded.length - 4, n << 3);
  const h = BEGIN.slice();
  for (let at = 0; at < padded.length; at += 64) block(h, view, at);
  const out = new Uint8Array(32);
  const to = new DataView(out.buffer);
  h.forEach((v, i) => to.setUint32(4 * i, v));
  return out;
}
