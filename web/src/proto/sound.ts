/*
 * sound.ts - what a record of kind 2 carries: docs/FORMATS.md section 10. A
 * head that says how it sounds, then one frame.
 */
import { Reader } from '../base/codec';
import { Fault } from '../base/fault';
import type { Octets } from '../base/octets';

export const KIND_SOUND = 2; /* of the record */
export const AAC = 1;
export const OPUS = 2;
export const PCMU = 3;
export const PCMA = 4;

const HEAD_OCTETS = 7;
const CONFIG_MAX = 64;
const RATE_MIN = 8000;
const RATE_MAX = 96000;

export interface Sound {
  codec: number;
  rate: number;
  channels: number;
  config: Octets; /* AAC: its AudioSpecificConfig */
  head: Octets; /* all of the above, as it stands in the record */
  frame: Octets;
  length: number; /* samples of one channel in the frame */
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

/* Throws SYNTAX. */
export function soundOf(octets: Octets): Sound {
  const r = new Reader(octets);
  const codec = r.u8();
  const rate = r.u32();
  const channels = r.u8();
  const config = r.octets(r.u8());
  const head = octets.subarray(0, HEAD_OCTETS + config.length) as Octets;
  const frame = octets.subarray(head.length) as Octets;
  if (codec < AAC || codec > PCMA || (codec === AAC) !== config.length > 0 ||
    config.length > CONFIG_MAX || rate < RATE_MIN || rate > RATE_MAX ||
    channels < 1 || channels > 2 || frame.length === 0)
    throw new Fault('SYNTAX', 'sound');
  const length = lengthOf(codec, channels, config, frame);
  if (length < 1) throw new Fault('SYNTAX', 'sound');
  return { codec, rate, channels, config, head, frame, length };
}
