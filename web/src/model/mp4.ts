/*
 * mp4.ts - the frame of a film: ftyp, one mdat of 64 bits, and the table
 * (moov) behind it (ISO 14496-12, -14, -15). Every octet of the table follows
 * from the samples alone, so that `eaves verify` makes it again and compares:
 * who changes a rule here changes src/proto/mp4_table.c.
 *
 * No DOM. Give samples in the order in which they stand in mdat, each with
 * its record's time; take MEDIA_START before the first one, table() at the
 * end, and put mdatHead() at its place then.
 */
import { Fault } from '../base/fault';
import { Grown } from '../base/grown';
import { join, same, u16, u32, u64, u8, utf8, type Octets } from '../base/octets';
import type { Size } from '../proto/sps';
import { AAC, OPUS, PCMU, soundScale, type Sound } from '../proto/sound';

const SCALE = 90000; /* of the film and its pictures */
const DELTA_MAX = 0x7fffffff; /* what every player takes */
const LAST_MAX = SCALE; /* a second: how long the last picture stays */
const LAST_ONLY = 6000; /* when there is no other */
const ENTRIES_MAX = 255;
const SINCE_1904 = 2082844800;
const MOVIE = utf8('isom');

const octets = (n: number) => new Uint8Array(n) as Octets;

function box(type: string, ...parts: Uint8Array[]): Octets {
  const body = join(...parts);
  return join(u32(8 + body.length), utf8(type), body);
}

function full(type: string, version: number, flags: number, ...parts: Uint8Array[]): Octets {
  return box(type, u32(version * 2 ** 24 + flags), ...parts);
}

const FTYP = box('ftyp', MOVIE, u32(0x200), MOVIE, utf8('iso2'), utf8('avc1'), utf8('mp41'),
  utf8('eavs'));
const MATRIX = join(u32(0x10000), octets(12), u32(0x10000), octets(12), u32(0x40000000));
const DINF = box('dinf', full('dref', 0, 0, u32(1), full('url ', 0, 1)));

export const MDAT_AT = FTYP.length;

export function mdatHead(size: number): Octets {
  return join(u32(1), utf8('mdat'), u64(16 + size));
}

/* What stands before the first sample; the size of mdat is put in later. */
export const MEDIA_START = join(FTYP, mdatHead(0));

/* d µs in units of 1/scale s, rounded down, without leaving 2^53. */
function scaled(d: number, scale: number): number {
  return Math.floor(d / 1e6) * scale + Math.floor(((d % 1e6) * scale) / 1e6);
}

/* v units of 1/from s in those of the film. */
function inFilm(v: number, from: number): number {
  return Math.floor(v / from) * SCALE + Math.floor(((v % from) * SCALE) / from);
}

/* The tables of one track; each sample is a chunk of its own. */
class Track {
  first = 0; /* µs */
  at = 0; /* of the newest sample, in units */
  delta = 0; /* the newest one */
  count = 0;
  readonly entries: Octets[] = [];
  private same = 0; /* samples with that delta, not written yet */
  private times = 0;
  private keys = 0;
  private chunks = 0;
  private readonly stts = new Grown();
  private readonly stss = new Grown();
  private readonly stsc = new Grown();
  private readonly stsz = new Grown();
  private readonly co64 = new Grown();

  constructor(readonly scale: number) {}

  /* From the next sample on. */
  describe(entry: Octets): void {
    if (this.entries.length === ENTRIES_MAX) throw new Fault('LIMIT', 'descriptions');
    this.entries.push(entry);
    this.stsc.put(u32(this.count + 1), u32(1), u32(this.entries.length));
    this.chunks++;
  }

  add(place: number, size: number, at: number): void {
    if (this.count > 0) this.step(at - this.at);
    this.at = at;
    this.count++;
    this.stsz.put(u32(size));
    this.co64.put(u64(place));
  }

  key(): void {
    this.stss.put(u32(this.count));
    this.keys++;
  }

  private step(delta: number): void {
    if (delta > DELTA_MAX) throw new Fault('LIMIT', 'gap');
    if (delta !== this.delta) this.flush();
    this.delta = delta;
    this.same++;
  }

  private flush(): void {
    if (this.same === 0) return;
    this.stts.put(u32(this.same), u32(this.delta));
    this.same = 0;
    this.times++;
  }

  /* The last sample lasts so long; returns the duration of all. */
  end(last: number): number {
    this.step(last);
    this.flush();
    return this.at + last;
  }

  stbl(): Octets {
    const counted = (type: string, n: number, all: Octets) => full(type, 0, 0, u32(n), all);
    return box('stbl', counted('stsd', this.entries.length, join(...this.entries)),
      counted('stts', this.times, this.stts.all),
      this.keys > 0 ? counted('stss', this.keys, this.stss.all) : octets(0),
      counted('stsc', this.chunks, this.stsc.all),
      full('stsz', 0, 0, u32(0), u32(this.count), this.stsz.all),
      counted('co64', this.count, this.co64.all));
  }
}

/* Of a key frame: avcC or hvcC, and the size. */
export interface Shape {
  h265: boolean;
  setup: Octets;
  size: Size;
}

function pictureEntry({ h265, setup, size }: Shape): Octets {
  return box(h265 ? 'hvc1' : 'avc1', octets(6), u16(1), octets(16), u16(size.width), u16(size.height),
    u32(0x480000), u32(0x480000), u32(0), u16(1), octets(32), u16(24), u16(0xffff),
    box(h265 ? 'hvcC' : 'avcC', setup));
}

/* ISO 14496-1 section 7.2.6.5; no length here reaches 128. */
function esds(config: Octets): Octets {
  const tagged = (tag: number, ...parts: Uint8Array[]) => {
    const body = join(...parts);
    return join(u8(tag), u8(body.length), body);
  };
  const decoder = tagged(4, u8(0x40), u8(0x15), octets(11), tagged(5, config));
  return full('esds', 0, 0, tagged(3, u16(2), u8(0), decoder, tagged(6, u8(2))));
}

function soundEntry(s: Sound, scale: number): Octets {
  const [type, more] =
    s.codec === AAC ? ['mp4a', esds(s.config)]
    : s.codec === OPUS
      ? ['Opus', box('dOps', u8(0), u8(s.channels), u16(0), u32(s.rate), u16(0), u8(0))]
    : [s.codec === PCMU ? 'ulaw' : 'alaw', octets(0)];
  const rate = scale < 65536 ? scale * 65536 : 0; /* 16.16 */
  return box(type as string, octets(6), u16(1), octets(8), u16(s.channels), u16(16), octets(4),
    u32(rate), more as Octets);
}

export class Mp4 {
  private readonly pictures = new Track(SCALE);
  private sounds: Track | null = null;
  private setup: Octets | null = null;
  private size: Size = { width: 0, height: 0 };
  private due = 0; /* where the next sound begins if all goes on evenly */

  /* All of one codec. Throws LIMIT: a gap of six hours. */
  picture(place: number, octets: number, time: number, key: Shape | null) {
    const t = this.pictures;
    if (t.count === 0) t.first = time;
    if (key && !(this.setup && same(this.setup, key.setup))) {
      this.setup = key.setup;
      if (t.count === 0) this.size = key.size;
      t.describe(pictureEntry(key));
    }
    const at = scaled(Math.max(0, time - t.first), SCALE);
    t.add(place, octets, t.count === 0 ? 0 : Math.max(at, t.at + 1));
    if (key) t.key();
  }

  /*
   * The frames of a record; all sounds of a film are alike. They follow each
   * other evenly; a record that is a tenth of a second off begins at its own
   * time.
   */
  sound(place: number, time: number, s: Sound): void {
    this.sounds ??= new Track(soundScale(s));
    const t = this.sounds;
    if (t.count === 0) {
      t.first = time;
      t.describe(soundEntry(s, t.scale));
    }
    const real = scaled(Math.max(0, time - t.first), t.scale);
    const even = t.count === 0 || Math.abs(real - this.due) <= Math.floor(t.scale / 10);
    let at = even ? this.due : Math.max(real, t.at + 1);
    for (const f of s.frames) {
      t.add(place, f.octets.length, at);
      place += f.octets.length;
      at += f.length;
    }
    this.due = at;
  }

  /* moov. Once, at the end, when there is a picture. */
  table(): Octets {
    const p = this.pictures;
    const s = this.sounds;
    const born = u64(Math.floor(p.first / 1e6) + SINCE_1904);
    const length = p.end(p.count > 1 ? Math.min(p.delta, LAST_MAX) : LAST_ONLY);
    const heard = s ? s.end(this.due - s.at) : 0;
    const later = s ? scaled(Math.max(0, s.first - p.first), SCALE) : 0;
    const early = s ? Math.min(heard, scaled(Math.max(0, p.first - s.first), s.scale)) : 0;
    const hearing = s ? inFilm(heard - early, s.scale) : 0;
    const tracks = [this.trak(born, 1, p, length, { shown: length, later: 0, early: 0 })];
    if (s) tracks.push(this.trak(born, 2, s, heard, { shown: hearing, later, early }));
    return box('moov',
      full('mvhd', 1, 0, born, born, u32(SCALE), u64(Math.max(length, later + hearing)),
        u32(0x10000), u16(0x100), octets(10), MATRIX, octets(24), u32(tracks.length + 1)),
      ...tracks);
  }

  /* later: before it begins, in the film; early: what is skipped, in the track. */
  private trak(
    born: Octets, id: number, t: Track, length: number,
    { shown, later, early }: { shown: number; later: number; early: number },
  ): Octets {
    const picture = id === 1;
    const { width, height } = picture ? this.size : { width: 0, height: 0 };
    const empty = later > 0 ? join(u64(later), octets(8).fill(255), u32(0x10000)) : octets(0);
    const edit = later > 0 || early > 0
      ? box('edts', full('elst', 1, 0, u32(later > 0 ? 2 : 1), empty, u64(shown), u64(early),
        u32(0x10000)))
      : octets(0);
    return box('trak',
      full('tkhd', 1, 3, born, born, u32(id), u32(0), u64(later + shown), octets(12),
        u16(picture ? 0 : 0x100), u16(0), MATRIX, u32(width * 65536), u32(height * 65536)),
      edit,
      box('mdia',
        full('mdhd', 1, 0, born, born, u32(t.scale), u64(length), u16(0x55c4), u16(0)),
        full('hdlr', 0, 0, u32(0), utf8(picture ? 'vide' : 'soun'), octets(12), utf8('Eaves\0')),
        box('minf', picture ? full('vmhd', 0, 1, octets(8)) : full('smhd', 0, 0, octets(4)),
          DINF, t.stbl())));
  }
}
