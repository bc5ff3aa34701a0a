/*
 * clock.ts - the hub's clock, asked through the server, sealed: four time
 * stamps give the distance to ours and how uncertain it is. docs/FORMATS.md
 * section 9.
 */
import { Reader } from '../base/codec';
import { Fault } from '../base/fault';
import { NONE, join, u64, utf8, type Octets } from '../base/octets';
import { open } from '../crypto/aead';
import { hpkeSend } from '../crypto/hpke';
import { labelled } from '../crypto/labels';

/* µs since 1970, by this machine's clock. */
export function now(): number {
  return Math.round((performance.timeOrigin + performance.now()) * 1000);
}

/* hub time = our time + offset, within ± error. */
export interface Offset {
  offset: number;
  error: number;
  neverSet: boolean;
}

export interface ClockAsked {
  body: Octets;
  t1: number;
  replyKey: Octets;
}

export async function clockAsk(home: Uint8Array, hub: Uint8Array, hubKx: Uint8Array) {
  const { enc, hpke } = await hpkeSend(hubKx, { info: labelled('clock', home, hub) });
  const replyKey = await hpke.export(utf8('eaves/1/clock reply'));
  const t1 = now();
  const body = join(enc, await hpke.seal(u64(t1)));
  hpke.wipe();
  return { body, t1, replyKey } satisfies ClockAsked;
}

/* t4: when the reply came. Throws CRYPTO, SYNTAX. */
export async function clockRead(asked: ClockAsked, reply: Uint8Array, t4: number): Promise<Offset> {
  const r = new Reader(await open(asked.replyKey, reply, NONE));
  const [t1, t2, t3] = [r.number64(), r.number64(), r.number64()];
  const state = r.u8();
  r.end();
  if (t1 !== asked.t1 || t3 < t2) throw new Fault('CRYPTO', 'clock');
  return {
    offset: (t2 - t1 + (t3 - t4)) / 2, error: Math.max(0, t4 - t1 - (t3 - t2)) / 2,
    neverSet: state === 1,
  };
}
