/*
 * watched.ts - who looked at what: a member's app writes a signed record into
 * the member's own stream before it plays. docs/FORMATS.md section 3. Each
 * row is a whole run of one record, so that it stands for itself.
 */
import { Reader, b64, unb64 } from '../base/codec';
import { Fault } from '../base/fault';
import { Json } from '../base/json';
import { NONE, join, random, text, u32, u64, u8, utf8, wipe, type Octets } from '../base/octets';
import { hpkeSend } from '../crypto/hpke';
import { sha256 } from '../crypto/kdf';
import { labelled } from '../crypto/labels';
import { hourId, hourPair, runBaseKey } from '../crypto/names';
import { Sframe } from '../crypto/sframe';
import { sign } from '../crypto/sign';
import { END, HEADER, KEY, KIND_MARK, KIND_WATCHED, MARK } from '../proto/record';
import { hourOf, type HourKeys } from './hours';
import { rowParse } from './index';
import { Run } from './run';

export const LOG = 2; /* class of the stream */
const SIZES = [1024, 4096];

/* What was looked at: live, or what was from..to. µs since 1970. */
export interface Watched {
  camera: string; /* thing */
  past: { from: number; to: number } | null;
}
export interface WatchedRow extends Watched {
  time: number;
}

/* The stream is found from who writes it: nothing lists it. */
export async function memberStream(home: Octets, member: string): Promise<string> {
  return b64((await sha256(labelled('member stream', home, unb64(member, 16)))).slice(0, 16));
}

/* Who writes, and under which key of the home as a thing. */
export interface WatchedBy {
  home: Octets;
  member: string;
  sign: CryptoKey;
  epoch: number;
  key: CryptoKey;
  directory: { version: number; hash: Octets };
}

const place = (home: Octets, stream: string, member: string) => ({
  home, thing: home, stream: unb64(stream, 16), writer: unb64(member, 16), class: LOG,
});

function row(records: Octets[]): Octets {
  const all = join(u8(1), u8(1), ...records.flatMap((r) => [u32(r.length), r]), u32(0));
  const size = SIZES.find((n) => n >= all.length);
  if (!size) throw new Fault('LIMIT', 'row');
  return join(all, random(size - all.length));
}

export async function watchedSeal(
  by: WatchedBy, w: Watched, time: number,
): Promise<{ stream: string; run: Octets; index: number; sealed: Octets }> {
  const stream = await memberStream(by.home, by.member);
  const at = place(by.home, stream, by.member);
  const run = random(8);
  const hour = hourOf(time);
  const aad = join(u8(1), u8(HEADER), u8(1), u32(by.epoch), await hourId(by.key, hour));
  const info = labelled('run key', at.home, at.thing, at.stream, at.writer, run);
  const { enc, hpke } = await hpkeSend((await hourPair(by.key, hour)).public, { info });
  const runKey = random(32);
  const clear = join(aad, run, enc, await hpke.seal(runKey.slice(), aad));
  const sframe = await Sframe.make(await runBaseKey(runKey, at, run), run, true);
  wipe(runKey);
  hpke.wipe();
  const fields = join(
    u8(LOG), at.home, at.thing, at.stream, at.writer, u64(time), new Uint8Array(8 + 8 + 32),
    u64(by.directory.version), by.directory.hash, await sha256(NONE));
  const header = join(clear, await sframe.seal(
    u64(0), clear, join(fields, await sign(by.sign, 'run', clear, fields))));
  const said = utf8(JSON.stringify({ camera: w.camera, ...(w.past ?? {}) }));
  const leaf = await sha256(
    u8(0), u64(1), u8(KEY), u64(time), u8(KIND_WATCHED), await sha256(said));
  const mark = join(
    await sha256(header), u32(0), u64(1), u32(1), u64(time), u64(time), await sha256(leaf),
    new Uint8Array(32), u8(1));
  const record = async (index: number, flags: number, kind: number, octets: Octets) => {
    const head = join(u8(1), u8(flags));
    return join(head, await sframe.seal(u64(index), head, join(u8(kind), u64(time), octets)));
  };
  const sealed = row([
    header, await record(1, KEY, KIND_WATCHED, said),
    await record(2, MARK | END, KIND_MARK, join(mark, await sign(by.sign, 'mark', mark))),
  ]);
  return { stream, run, index: 1, sealed };
}

function watchedParse(octets: Octets): Watched {
  const j = Json.parse(text(octets)).only('camera', 'from', 'to');
  const past = j.has('from') ? { from: j.number('from'), to: j.number('to') } : null;
  return { camera: j.id('camera'), past };
}

/* hours: of the home as a thing, by epoch. Throws: not this member's word. */
export async function watchedOpen(
  home: Octets, member: { id: string; sign: Octets }, hours: Map<number, HourKeys>, sealed: Octets,
  about: number,
): Promise<WatchedRow> {
  const [header, record, mark] = rowParse(sealed);
  const epoch = new Reader(header!.subarray(3)).u32();
  const hour = await hours.get(epoch)?.get(header!.subarray(7, 15), about);
  if (!hour) throw new Fault('MISSING', 'hour');
  const stream = await memberStream(home, member.id);
  const run = await Run.open(header!, place(home, stream, member.id), hour.pair, member.sign);
  const said = await run.open(record!);
  const signed = await run.open(mark!);
  await run.follow(said);
  const verified = await run.follow(signed);
  if (said.flags !== KEY || said.kind !== KIND_WATCHED || verified?.count !== 1)
    throw new Fault('CORRUPT', 'row');
  return { ...watchedParse(said.octets), time: said.time };
}
