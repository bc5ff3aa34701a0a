/*
 * heads.ts - what the hub signs each few seconds: its newest mark of each
 * stream, why a camera gives no pictures, and the directory version it goes
 * by. docs/FORMATS.md section 3.
 */
import { Reader, b64 } from '../base/codec';
import { Fault } from '../base/fault';
import { same, type Octets } from '../base/octets';
import { open } from '../crypto/aead';
import { derive, type Root } from '../crypto/kdf';
import { signed } from '../crypto/sign';

const SIGN_OCTETS = 64;
const STREAMS_MAX = 256;

export interface Head {
  stream: string;
  state: number; /* reason of section 1; 0: running */
  run: Octets;
  markNumber: number;
  markHash: Octets;
}
export interface Heads {
  hub: string;
  counter: number;
  time: number;
  epoch: number;
  directoryVersion: number;
  directoryHash: Octets;
  streams: Map<string, Head>;
}

function head(r: Reader): Head {
  return {
    stream: b64(r.octets(16)), state: r.u8(), run: r.octets(8), markNumber: r.u32(),
    markHash: r.octets(32),
  };
}

function fields(plain: Octets, home: Uint8Array): Heads {
  const r = new Reader(plain);
  if (!same(r.octets(16), home)) throw new Fault('CRYPTO', 'heads of another home');
  const h = {
    hub: b64(r.octets(16)), counter: r.number64(), time: r.number64(), epoch: r.u32(),
    directoryVersion: r.number64(), directoryHash: r.octets(32),
  };
  r.octets(40); /* log size, log root */
  const n = r.u16();
  if (n > STREAMS_MAX) throw new Fault('LIMIT', 'heads');
  const streams = new Map<string, Head>();
  for (let i = 0; i < n; i++) {
    const one = head(r);
    streams.set(one.stream, one);
  }
  r.end();
  return { ...h, streams };
}

/* Throws CRYPTO: not of this home, or not by that hub. */
export async function headsOpen(
  sealed: Uint8Array, home: Uint8Array, peopleKey: Root, by: Uint8Array,
): Promise<Heads> {
  const r = new Reader(sealed);
  if (r.u8() !== 1 || r.u8() !== 1) throw new Fault('UNSUPPORTED', 'heads');
  const key = await derive(peopleKey, 'heads', home, r.octets(16));
  const plain = await open(key, r.rest(), home);
  if (plain.length < SIGN_OCTETS) throw new Fault('SYNTAX', 'heads');
  const at = plain.length - SIGN_OCTETS;
  const said = plain.slice(0, at);
  if (!(await signed(by, 'heads', plain.subarray(at), said))) throw new Fault('CRYPTO', 'heads');
  return fields(said, home);
}
