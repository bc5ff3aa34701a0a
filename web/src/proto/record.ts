/*
 * record.ts - the form of records, run headers and marks: docs/FORMATS.md
 * section 3. Octets in, fields out.
 */
import { Reader } from '../base/codec';
import { Fault } from '../base/fault';
import type { Octets } from '../base/octets';

export const KEY = 1; /* a key frame: first of a group */
export const HEADER = 2;
export const MARK = 4;
export const END = 8; /* with MARK: the run ends */

export const H264 = 1;
export const SOUND = 2;
export const H265 = 3;
export const JPEG = 4;
export const KIND_MARK = 16;
export const KIND_INDEX = 17;
export const KIND_WATCHED = 18;

const CLEAR_OCTETS = 103;
const RECORD_MAX = (4 << 20) + 256;
const MARK_OCTETS = 193;
const MARK_RECORDS_MAX = 64;
const SIGN_OCTETS = 64;
const FLAGS = [0, KEY, HEADER, MARK, MARK | END];

export function recordFlags(record: Uint8Array): number {
  if (record.length < 3 || record.length > RECORD_MAX) throw new Fault('SYNTAX', 'record');
  if (record[0] !== 1) throw new Fault('UNSUPPORTED', 'record');
  if (!FLAGS.includes(record[1]!)) throw new Fault('SYNTAX', 'flags');
  return record[1]!;
}

/* The clear part of a header, which says which hour's key opens it. */
export interface RunClear {
  epoch: number;
  hourId: Octets;
  run: Octets;
  enc: Octets;
  sealedKey: Octets;
  clear: Octets; /* all of it */
  aad: Octets; /* of the sealed run key */
  frame: Octets; /* the SFrame behind it */
}

export function runClear(record: Uint8Array): RunClear {
  if (recordFlags(record) !== HEADER || record.length < CLEAR_OCTETS)
    throw new Fault('SYNTAX', 'header');
  const r = new Reader(record);
  r.octets(2);
  if (r.u8() !== 1) throw new Fault('UNSUPPORTED', 'suite');
  return {
    epoch: r.u32(), hourId: r.octets(8), run: r.octets(8), enc: r.octets(32),
    sealedKey: r.octets(48), frame: r.rest(), clear: record.slice(0, CLEAR_OCTETS) as Octets,
    aad: record.slice(0, 15) as Octets,
  };
}

/* What the sealed part of a header says. */
export interface RunFields {
  class: number;
  home: Octets;
  thing: Octets;
  stream: Octets;
  writer: Octets;
  start: number; /* µs since 1970, as all times */
  beforeRun: Octets;
  beforeIndex: bigint;
  beforeMark: Octets;
  directoryVersion: number;
  directoryHash: Octets;
  setupHash: Octets;
  signed: Octets; /* the fields that the signature covers */
  signature: Octets;
}

export function runFields(plain: Uint8Array): RunFields {
  const r = new Reader(plain);
  const fields = {
    class: r.u8(), home: r.octets(16), thing: r.octets(16), stream: r.octets(16),
    writer: r.octets(16), start: r.number64(), beforeRun: r.octets(8), beforeIndex: r.u64(),
    beforeMark: r.octets(32), directoryVersion: r.number64(), directoryHash: r.octets(32),
    setupHash: r.octets(32), signature: r.octets(SIGN_OCTETS),
  };
  r.end();
  return { ...fields, signed: plain.slice(0, plain.length - SIGN_OCTETS) as Octets };
}

export interface Mark {
  headerHash: Octets;
  number: number;
  firstIndex: number;
  count: number;
  firstTime: number;
  lastTime: number;
  leavesHash: Octets;
  beforeHash: Octets;
  ends: boolean;
  signed: Octets;
  signature: Octets;
}

export function markParse(octets: Uint8Array): Mark {
  if (octets.length !== MARK_OCTETS) throw new Fault('SYNTAX', 'mark');
  const r = new Reader(octets);
  const m = {
    headerHash: r.octets(32), number: r.u32(), firstIndex: r.number64(), count: r.u32(),
    firstTime: r.number64(), lastTime: r.number64(), leavesHash: r.octets(32),
    beforeHash: r.octets(32), flags: r.u8(), signature: r.octets(SIGN_OCTETS),
  };
  r.end();
  if (m.flags > 1 || m.count > MARK_RECORDS_MAX) throw new Fault('SYNTAX', 'mark');
  return {
    ...m, ends: m.flags === 1, signed: octets.slice(0, octets.length - SIGN_OCTETS) as Octets,
  };
}
