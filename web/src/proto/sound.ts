/*
 * sound.ts - what a record of kind 2 carries: docs/FORMATS.md section 3. A
 * head that says how it sounds and how long each frame is, then the frames,
 * then zeros up to a multiple of 128. The same as src/proto/sound.c.
 */
import { Reader } from '../base/codec';
import { Fault } from '../base/fault';
import type { Octets } from '../base/octets';

export const AAC = 1;
export const OPUS = 2;
export const PCMU = 3;
export const PCMA = 4;

const HEAD_OCTETS = 7;
const CONFIG_MAX = 64;
const RATE_MIN = 8000;
const RATE_MAX = 96000;

const FRAMES_MAX = 32;
const FRAME_MAX = 8192;
const PADDED_TO = 128;

export interface SoundFrame {
  octets: Octets;
  length: number; /* samples of one channel */
}

export interface Sound {
  codec: number;
  rate: number;
  channels: number;
  config: Octets; /* AAC: its AudioSpecificConfig */
  kind: Octets; /* all of the above, as it stands in the record */
  head: Octets; /* all before the frames */
  frames: SoundFrame[];
  media: Octets; /* all frames, one behind the other */
  length: number; /* samples of one channel in all of them */
}

/* Samples at 48 kHz in a packet (RFC 6716 section 3.1). */
function opusLength(packet: Uint8Array): number {
  const toc = packet[0]!;
  const c = toc >> 3;
  const ms = c < 12 ? [10, 20, 40, 60][c & 3]! : c < 16 ? [10, 20][c & 1]! : [2.5, 5, 10, 20][c & 3]!;
  const code = toc & 3;
  const frames = code === 0 ? 1 : code < 3 ? 2 : (packet[1] ?? 0) & 63;
  return ms * 48 * frames;
}

function lengthOf(codec: number, channels: number, config: Uint8Array, frame: Uint8Array): number {
  if (codec === OPUS) return opusLength(frame);
  if (codec !== AAC) return Math.floor(frame.length / channels);
  const type = config[0]! >> 3;
  return type === 5 || type === 29 ? 2048 : 1024; /* with or without bands made up */
}

/* Samples in a second, as lengths are counted. */
export function soundScale(s: Sound): number {
  return s.codec === OPUS ? 48000 : s.rate;
}

function headOf(octets: Octets) {
  const r = new Reader(octets);
  const codec = r.u8();
  const rate = r.u32();
  const channels = r.u8();
  const config = r.octets(r.u8());
  const count = r.u8();
  const sizes = Array.from({ length: Math.min(count, FRAMES_MAX) }, () => r.u16());
  if (codec < AAC || codec > PCMA || (codec === AAC) !== config.length > 0 ||
    config.length > CONFIG_MAX || rate < RATE_MIN || rate > RATE_MAX ||
    channels < 1 || channels > 2 || count < 1 || count > FRAMES_MAX ||
    sizes.some((n) => n < 1 || n > FRAME_MAX))
    throw new Fault('SYNTAX', 'sound');
  const kind = octets.subarray(0, HEAD_OCTETS + config.length) as Octets;
  const head = octets.subarray(0, kind.length + 1 + 2 * count) as Octets;
  return { codec, rate, channels, config, kind, head, sizes };
}

/* Throws SYNTAX. */
export function soundOf(octets: Octets): Sound {
  const { sizes, ...h } = headOf(octets);
  const end = h.head.length + sizes.reduce((sum, n) => sum + n, 0);
  const rest = octets.subarray(end);
  if (end > octets.length || rest.some((o) => o !== 0) ||
    octets.length !== Math.ceil(end / PADDED_TO) * PADDED_TO)
    throw new Fault('SYNTAX', 'sound');
  let at = h.head.length;
  const frames = sizes.map((n) => {
    const frame = octets.subarray(at, at + n) as Octets;
    at += n;
    return { octets: frame, length: lengthOf(h.codec, h.channels, h.config, frame) };
  });
  if (frames.some((f) => f.length < 1)) throw new Fault('SYNTAX', 'sound');
  return {
    ...h, frames, media: octets.subarray(h.head.length, end) as Octets,
    length: frames.reduce((sum, f) => sum + f.length, 0),
  };
}
