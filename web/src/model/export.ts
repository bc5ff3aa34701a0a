/*
 * export.ts - a range of a camera's recording as a plain MP4 with its proof
 * inside: docs/FORMATS.md section 10. `eaves verify FILE` checks it.
 *
 *   const sink = blobSink();                       // or a file's writer
 *   const film = await exportRange(items, sink, { sound: true, to });
 *   sink.blob();                                   // the file
 *
 * items: what stands in the recording, in its order, each opened and followed
 * by model/run.ts: exportRun(run) for its header, exportItem(said) for each
 * record behind it; then the next run. Pieces of a run may overlap. Give whole
 * groups: what comes before the first key frame, or after the last mark, is
 * left out, because nobody signed it as a film that can be played. One film is
 * one camera, one hub and one codec; two need two films.
 *
 * Memory: samples that wait for their mark (a second or two), and 80 octets
 * for each one that was written. No DOM; runs in a worker as well.
 */
import { unhex } from '../base/codec';
import { Fault } from '../base/fault';
import { Grown } from '../base/grown';
import { NONE, join, same, u16, u32, u64, u8, utf8, type Octets } from '../base/octets';
import { sha256 } from '../crypto/kdf';
import { pictureOf } from '../proto/h264';
import { picture265, type Setup265 } from '../proto/h265';
import { H264, H265, KEY, MARK, markParse, runFields, SOUND } from '../proto/record';
import { soundOf } from '../proto/sound';
import { avccSize } from '../proto/sps';
import { MDAT_AT, MEDIA_START, Mp4, mdatHead, type Shape } from './mp4';
import type { Run, Said } from './run';

/* Takes octets one after the other; at the end, some at an older place. */
export interface Sink {
  write(octets: Octets): void | Promise<void>;
  patch(at: number, octets: Octets): void | Promise<void>;
}

export interface ExportRun {
  header: Octets; /* the record as it came */
  fields: Octets; /* its sealed part as it opened, with the signature */
  by: Octets; /* the hub's key */
}

export interface ExportSample {
  index: number;
  flags: number;
  time: number; /* µs */
  kind: number;
  octets: Octets;
}

export type ExportItem =
  | { t: 'run'; run: ExportRun }
  | { t: 'sample'; sample: ExportSample }
  | { t: 'mark'; octets: Octets };

export function exportRun(run: Run): ExportItem {
  const { signed, signature } = run.fields;
  return {
    t: 'run', run: { header: run.header, fields: join(signed, signature), by: run.by as Octets },
  };
}

export function exportItem(said: Said): ExportItem {
  return said.flags & MARK ? { t: 'mark', octets: said.octets } : { t: 'sample', sample: said };
}

export interface ExportOptions {
  sound?: boolean; /* false: the sound stays out, and the film says so */
  to?: number; /* µs: the first mark at or after it is the last */
}

/* What the film holds. */
export interface Exported {
  first: number; /* µs */
  last: number;
  pictures: number;
  sounds: number;
  octets: number;
  h265: boolean;
  gaps: boolean; /* something is missing in between: verify will say so */
}

const UUID = unhex('3f1c9a4e5b7d4c60a28e6561766573f1');
const ABSENT = 0;
const INSIDE = 1;
const PART_OCTETS = 1 << 20;
/* Of the proof. Who knows of H.264 alone says that a later Eaves made it. */
const VERSION_H264 = 1;
const VERSION_H265 = 2;

interface Waiting {
  sample: ExportSample;
  hash: Octets;
}

/* A file in memory that the browser may keep on its disk. */
export function blobSink(): Sink & { blob(): Blob } {
  const parts: Blob[] = [];
  let part: Octets[] = [];
  let n = 0;
  const cut = () => {
    if (n > 0) parts.push(new Blob(part));
    part = [];
    n = 0;
  };
  return {
    write(octets) {
      part.push(octets);
      n += octets.length;
      if (n >= PART_OCTETS) cut();
    },
    patch(at, octets) {
      cut();
      const whole = new Blob(parts.splice(0));
      parts.push(new Blob([whole.slice(0, at), octets, whole.slice(at + octets.length)]));
    },
    blob() {
      cut();
      return new Blob(parts, { type: 'video/mp4' });
    },
  };
}

export function isPicture(kind: number): boolean {
  return kind === H264 || kind === H265;
}

/* Of a key frame. Throws SYNTAX. */
export function shapeOf(kind: number, octets: Octets): Shape {
  const h265 = kind === H265;
  const found = h265 ? picture265(octets).setup : pictureOf(octets).setup;
  if (!found) throw new Fault('SYNTAX', 'no parameter sets');
  const setup = found.description;
  return { h265, setup, size: (found as Setup265).size ?? avccSize(setup) };
}

export class Film {
  readonly done: Exported = {
    first: 0, last: 0, pictures: 0, sounds: 0, octets: 0, h265: false, gaps: false,
  };
  private readonly mp4 = new Mp4();
  private readonly proof = new Grown();
  private run: ExportRun | null = null;
  private said = false; /* the run's header stands in the proof */
  private from: Octets | null = null; /* hub and camera */
  private waiting: Waiting[] = [];
  private joined = false; /* a key frame was seen since the last gap */
  private index = 0; /* of the newest record of the run */
  private lastMark: Octets | null = null;
  private kind: Octets | null = null; /* how the first sound sounds */

  constructor(private readonly sink: Sink, private readonly sound = true) {}

  begin(): void | Promise<void> {
    this.done.octets = MEDIA_START.length;
    return this.sink.write(MEDIA_START);
  }

  /* Throws CONFLICT: of another hub or camera. */
  runTake(run: ExportRun): void {
    if (this.run && same(this.run.header, run.header)) return; /* another piece of it */
    const { thing, stream } = runFields(run.fields);
    const from = join(run.by, thing, stream);
    if (this.from && !same(this.from, from)) throw new Fault('CONFLICT', 'another camera');
    this.from = from;
    this.run = run;
    this.said = this.joined = false;
    this.index = 0;
    this.waiting = [];
  }

  /* Throws CONFLICT: its pictures are of another codec. */
  async sampleTake(sample: ExportSample): Promise<void> {
    if (sample.index <= this.index) return;
    this.step(sample.index);
    if (isPicture(sample.kind)) this.codecTake(sample);
    if (this.joined) this.waiting.push({ sample, hash: await sha256(sample.octets) });
  }

  private codecTake({ kind, flags }: ExportSample): void {
    const h265 = kind === H265;
    if (h265 !== this.done.h265) {
      if (this.done.pictures > 0) throw new Fault('CONFLICT', 'codec');
      this.done.h265 = h265;
      this.joined = false;
      this.waiting = [];
    }
    if (flags & KEY) this.joined = true;
  }

  /* Something is missing: go on at a key frame. */
  private step(index: number): void {
    if (this.index !== 0 && index !== this.index + 1) {
      if (this.said) this.done.gaps = true;
      this.joined = false;
      this.waiting = [];
    }
    this.index = index;
  }

  async markTake(octets: Octets): Promise<void> {
    const mark = markParse(octets);
    const index = mark.firstIndex + mark.count; /* where the mark itself stands */
    if (index <= this.index) return;
    this.step(index);
    const waiting = this.waiting;
    this.waiting = [];
    if (!this.joined || (waiting.length === 0 && !this.said)) return;
    const leaves = await Promise.all(waiting.map(({ sample: s, hash }) => sha256(
      u8(0), u64(s.index), u8(s.flags), u64(s.time), u8(s.kind), hash)));
    if (!same(mark.leavesHash, await sha256(join(...leaves)))) {
      this.joined = false; /* never what nobody signed */
      if (this.said) this.done.gaps = true;
      return;
    }
    await this.runSay(mark.firstIndex);
    for (const w of waiting) await this.put(w);
    this.lastMark = octets;
    this.proof.put(u8(3), octets);
  }

  private async runSay(first: number): Promise<void> {
    const { header, fields } = this.run!;
    if (this.said) return;
    this.said = true;
    this.proof.put(u8(1), u16(header.length), header, fields);
    const { beforeRun, beforeMark } = runFields(fields);
    if (!this.lastMark || beforeRun.every((o) => o === 0)) return;
    if (first !== 1 || !same(beforeMark, await sha256(this.lastMark))) this.done.gaps = true;
  }

  private async put({ sample, hash }: Waiting): Promise<void> {
    const { index, flags, time, kind } = sample;
    const inside = isPicture(kind) ? this.picture(sample) : this.heard(sample);
    const { octets, head } = inside ?? { octets: NONE, head: NONE };
    this.proof.put(
      u8(2), u64(index), u8(flags), u64(time), u8(kind), u8(inside ? INSIDE : ABSENT),
      u32(octets.length), hash, u8(head.length), head);
    if (!inside) return;
    this.done.octets += octets.length;
    await this.sink.write(octets);
  }

  private picture({ octets, flags, time, kind }: ExportSample) {
    const key = flags & KEY ? shapeOf(kind, octets) : null;
    this.mp4.picture(this.done.octets, octets.length, time, key);
    if (this.done.pictures++ === 0) this.done.first = time;
    this.done.last = time;
    return { octets, head: NONE };
  }

  /* What sounds otherwise than the first stays out. */
  private heard({ octets, kind, time }: ExportSample) {
    if (kind !== SOUND || !this.sound) return null;
    let sound;
    try {
      sound = soundOf(octets);
    } catch {
      return null; /* signed, but nothing that can be heard */
    }
    this.kind ??= sound.kind;
    if (!same(this.kind, sound.kind)) return null;
    this.mp4.sound(this.done.octets, time, sound);
    this.done.sounds++;
    return { octets: sound.media, head: sound.head };
  }

  /* Throws MISSING: there is no picture that a mark covers. */
  async end(): Promise<Exported> {
    if (this.done.pictures === 0) throw new Fault('MISSING', 'no picture');
    const media = this.done.octets - MEDIA_START.length;
    const table = this.mp4.table();
    const version = this.done.h265 ? VERSION_H265 : VERSION_H264;
    const plain = join(u8(version), this.run!.by, this.proof.all, u8(0));
    const body = join(UUID, plain, await sha256(plain));
    await this.sink.write(table);
    await this.sink.write(join(u32(8 + body.length), utf8('uuid'), body));
    await this.sink.patch(MDAT_AT, mdatHead(media));
    this.done.octets += table.length + 8 + body.length;
    return this.done;
  }
}

export async function exportRange(
  items: AsyncIterable<ExportItem> | Iterable<ExportItem>, sink: Sink, options: ExportOptions = {},
): Promise<Exported> {
  const film = new Film(sink, options.sound ?? true);
  await film.begin();
  for await (const i of items) {
    if (i.t === 'run') film.runTake(i.run);
    else if (i.t === 'sample') await film.sampleTake(i.sample);
    else await film.markTake(i.octets);
    if (film.done.pictures > 0 && film.done.last >= (options.to ?? Infinity)) break;
  }
  return film.end();
}
