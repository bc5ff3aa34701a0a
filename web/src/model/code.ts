/*
 * code.ts - the recovery code: 128 bits in seven groups of four letters and
 * digits that cannot be taken for one another, with a check of 12 bits so
 * that a slip of the pen is found at once.
 */
import { Fault } from '../base/fault';
import { random, type Octets } from '../base/octets';
import { sha256 } from '../crypto/kdf';

const LETTERS = '0123456789abcdefghjkmnpqrstvwxyz'; /* no i, l, o, u */
const CHARS = 28;
const CODE_OCTETS = 16;

export function codeNew(): Octets {
  return random(CODE_OCTETS);
}

async function checkBits(code: Octets): Promise<number> {
  const h = await sha256(code);
  return (h[0]! << 4) | (h[1]! >> 4);
}

/* "7k2f 09qd …" */
export async function codeText(code: Octets): Promise<string> {
  let v = 0n;
  for (const o of code) v = (v << 8n) | BigInt(o);
  v = (v << 12n) | BigInt(await checkBits(code));
  let out = '';
  for (let i = CHARS - 1; i >= 0; i--) out += LETTERS[Number((v >> BigInt(5 * i)) & 31n)];
  return out.replace(/(.{4})(?=.)/g, '$1 ');
}

/* Forgives case, gaps and the usual mistakes; throws SYNTAX. */
export async function codeParse(typed: string): Promise<Octets> {
  const chars = typed.toLowerCase().replace(/[^a-z0-9]/g, '').replace(/[il]/g, '1')
    .replace(/o/g, '0').replace(/u/g, 'v');
  if (chars.length !== CHARS) throw new Fault('SYNTAX', 'code length');
  let v = 0n;
  for (const c of chars) v = (v << 5n) | BigInt(LETTERS.indexOf(c));
  const check = Number(v & 0xfffn);
  v >>= 12n;
  const code = new Uint8Array(CODE_OCTETS);
  for (let i = CODE_OCTETS - 1; i >= 0; i--, v >>= 8n) code[i] = Number(v & 0xffn);
  if ((await checkBits(code)) !== check) throw new Fault('SYNTAX', 'code check');
  return code;
}
