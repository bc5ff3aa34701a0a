/*
 * run.ts - the reader's side of a run: opens the header with the hour's
 * private key, opens records, and checks the marks over them. The same rules
 * as src/model/run_read.c.
 *
 * A record that opens is genuine as to its place, but only a mark says that
 * the writer signed it: what was read since the newest good mark is
 * unverified and is shown with that word. A reader may join at any key frame.
 */
import { Reader } from '../base/codec';
import { Fault } from '../base/fault';
import { join, same, u64, u8, wipe, type Octets } from '../base/octets';
import { hpkeReceive } from '../crypto/hpke';
import { sha256 } from '../crypto/kdf';
import type { KxPair } from '../crypto/kx';
import { labelled } from '../crypto/labels';
import { runBaseKey, type Place } from '../crypto/names';
import { Sframe } from '../crypto/sframe';
import { signed } from '../crypto/sign';
import {
  END, HEADER, KEY, KIND_MARK, MARK, markParse, recordFlags, runClear, runFields, type Mark,
  type RunClear, type RunFields,
} from '../proto/record';

const LEAVES_MAX = 64;
const ZEROS = new Uint8Array(32);

/* What one record said. */
export interface Said {
  index: number;
  time: number; /* µs since 1970 */
  flags: number;
  kind: number;
  octets: Octets;
  leaf: Octets | Promise<Octets>; /* or the mark's hash, which is there */
  mark: Mark | null;
  fault: Fault | null; /* of the mark */
}

/* The records first .. last are verified; count 0: nothing new is. */
export interface Verified {
  first: number;
  last: number;
  count: number;
  number: number; /* of the mark */
  ends: boolean;
}

/* Where a run stands that was read: what the next one must hang on. */
export interface RunEnd {
  run: Octets;
  mark: Octets | null; /* hash of the newest one; null: something behind it is unmarked, or unknown */
}

/*
 * Whether a run begins where that one ended: nothing between them was left
 * out. A hub that lost its memory says so with zeros; then nobody knows.
 */
export function hangsOn(end: RunEnd, next: RunFields): boolean {
  if (same(next.beforeRun, new Uint8Array(8))) return true;
  if (!same(next.beforeRun, end.run)) return false;
  return !end.mark || same(next.beforeMark, end.mark);
}

const HASH_NOW = 8192; /* octets: for less a call that waits takes longer than the hash */

let hashNow: ((octets: Octets) => Octets) | null = null;

/* Who opens many records gives it. */
export function hashNowUse(hash: (octets: Octets) => Octets): void {
  hashNow = hash;
}

function hashOf(octets: Octets): Octets | Promise<Octets> {
  return hashNow && octets.length <= HASH_NOW ? hashNow(octets) : sha256(octets);
}

function leafHash(index: number, flags: number, time: number, kind: number, hash: Octets) {
  return hashOf(join(u8(0), u64(index), u8(flags), u64(time), u8(kind), hash));
}

function placeSame(a: RunFields, b: Place): boolean {
  return a.class === b.class && same(a.home, b.home) && same(a.thing, b.thing) &&
    same(a.stream, b.stream) && same(a.writer, b.writer);
}

async function runKeyOpen(c: RunClear, at: Place, hour: KxPair): Promise<Octets> {
  const info = labelled('run key', at.home, at.thing, at.stream, at.writer, c.run);
  const hpke = await hpkeReceive(hour, c.enc, { info });
  try {
    return await hpke.open(c.sealedKey, c.aad);
  } finally {
    hpke.wipe();
  }
}

export class Run {
  private lastIndex = 0; /* 0: nothing but the header yet */
  private leaves: (Octets | Promise<Octets>)[] = [];
  private firstLeaf = 0;
  private firstTime = 0;
  private lastTime = 0;
  private joined = false; /* a key frame was seen since the last gap */
  private markNumber = -1; /* -1: the mark before is not known */
  private markHash: Octets = new Uint8Array(32);
  private ended = false;

  private constructor(
    readonly id: Octets, readonly fields: RunFields, readonly header: Octets,
    private readonly sframe: Sframe, private readonly headerHash: Octets, readonly by: Uint8Array,
  ) {}

  /*
   * at is where the caller found the header; by is the writer's key in the
   * directory. Throws CRYPTO: not for this hour, this place or this writer.
   */
  static async open(record: Uint8Array, at: Place, hour: KxPair, by: Uint8Array): Promise<Run> {
    const c = runClear(record);
    const runKey = await runKeyOpen(c, at, hour);
    const base = await runBaseKey(runKey, at, c.run);
    const sframe = await Sframe.make(base, c.run);
    wipe(runKey, base);
    const { ctr, plain } = await sframe.open(c.clear, c.frame);
    const fields = runFields(plain);
    if (!same(ctr, new Uint8Array(8)) || !placeSame(fields, at)) throw new Fault('CRYPTO', 'place');
    if (!(await signed(by, 'run', fields.signature, c.clear, fields.signed)))
      throw new Fault('CRYPTO', 'header');
    return new Run(c.run, fields, record.slice(), sframe, await sha256(record), by);
  }

  /* The same run for another reader, who begins anew. */
  again(): Run {
    return new Run(this.id, this.fields, this.header, this.sframe, this.headerHash, this.by);
  }

  get end(): RunEnd {
    const known = this.markNumber >= 0 && this.leaves.length === 0;
    return { run: this.id, mark: known ? this.markHash : null };
  }

  /* Opens a record; may be called ahead of follow(). */
  async open(record: Uint8Array): Promise<Said> {
    const flags = recordFlags(record);
    if (flags === HEADER) throw new Fault('SYNTAX', 'header inside a run');
    const { ctr, plain } = await this.sframe.open(record.subarray(0, 2), record.subarray(2));
    const index = new Reader(ctr).number64();
    const r = new Reader(plain);
    const kind = r.u8();
    const time = r.number64();
    const octets = plain.subarray(9) as Octets;
    const said = { index, time, flags, kind, octets, mark: null, fault: null };
    if (flags & MARK) return { ...said, leaf: await hashOf(octets), ...(await this.markOpen(octets)) };
    /* only a mark asks for it: nobody waits for the hash of a large picture */
    const hash = hashOf(octets);
    const leaf = hash instanceof Promise
      ? hash.then((h) => leafHash(index, flags, time, kind, h)) : leafHash(index, flags, time, kind, hash);
    return { ...said, leaf };
  }

  private async markOpen(octets: Octets): Promise<{ mark: Mark | null; fault: Fault | null }> {
    try {
      const mark = markParse(octets);
      if (await signed(this.by, 'mark', mark.signature, mark.signed)) return { mark, fault: null };
      return { mark: null, fault: new Fault('CORRUPT', 'mark') };
    } catch (e) {
      return { mark: null, fault: e as Fault };
    }
  }

  /*
   * Takes what was opened, in order. Throws EXISTS: read before; MISSING: no
   * key frame since a gap; CORRUPT: a mark that does not fit, so that nothing
   * since the mark before it may be believed; CLOSED: after the end.
   */
  async follow(said: Said): Promise<Verified | null> {
    if (this.ended) throw new Fault('CLOSED');
    if (said.index <= this.lastIndex) throw new Fault('EXISTS');
    if (said.index !== this.lastIndex + 1 && this.lastIndex !== 0) {
      /* a gap: what was not marked yet never will be */
      this.joined = false;
      this.markNumber = -1;
      this.leaves = [];
    }
    this.lastIndex = said.index;
    if (said.flags & MARK) return this.followMark(said);
    this.followMedia(said);
    return null;
  }

  private followMedia(said: Said): void {
    const key = (said.flags & KEY) !== 0;
    if (said.kind === KIND_MARK) throw new Fault('SYNTAX', 'mark without its flag');
    if (!this.joined && !key) throw new Fault('MISSING');
    /* the writer marks before each key frame: unmarked ones are missing it */
    if ((key && this.leaves.length > 0) || this.leaves.length === LEAVES_MAX)
      throw new Fault('CORRUPT', 'unmarked');
    this.joined = true;
    if (this.leaves.length === 0) {
      this.firstLeaf = said.index;
      this.firstTime = said.time;
    }
    this.lastTime = said.time;
    this.leaves.push(said.leaf);
  }

  /* A mark after the one that we know must continue it. */
  private continues(m: Mark): boolean {
    if (m.number === 0) return this.markNumber < 0 && same(m.beforeHash, ZEROS);
    return this.markNumber < 0 ||
      (m.number === this.markNumber + 1 && same(m.beforeHash, this.markHash));
  }

  private async covers(m: Mark, index: number): Promise<boolean> {
    if (m.count !== this.leaves.length) return false;
    const leaves = await Promise.all(this.leaves);
    if (!same(m.leavesHash, await hashOf(join(...leaves)))) return false;
    if (m.count === 0) return m.firstIndex === index;
    return m.firstIndex === this.firstLeaf && m.firstTime === this.firstTime &&
      m.lastTime === this.lastTime;
  }

  private async followMark(said: Said): Promise<Verified> {
    if (said.kind !== KIND_MARK) throw new Fault('SYNTAX', 'no mark');
    const m = said.mark;
    if (said.fault || !m) throw said.fault ?? new Fault('CORRUPT');
    const ends = (said.flags & END) !== 0;
    if (ends !== m.ends || !same(m.headerHash, this.headerHash)) throw new Fault('CORRUPT', 'mark');
    /* who joined in the middle cannot know what came before */
    const known = this.joined || m.number === 0;
    if (known && (!this.continues(m) || !(await this.covers(m, said.index))))
      throw new Fault('CORRUPT', 'mark');
    this.markNumber = m.number;
    this.markHash = said.leaf as Octets;
    this.leaves = [];
    this.ended = ends;
    const count = known ? m.count : 0;
    return { first: m.firstIndex, last: m.firstIndex + count - 1, count, number: m.number, ends };
  }

  /* After a mark that did not fit: believe nothing until a key frame. */
  forget(): void {
    this.joined = false;
    this.markNumber = -1;
    this.leaves = [];
  }
}
