/*
 * forge.mjs - somebody who changes an exported film and knows the format: the
 * pieces of its proof are taken apart, edited, and put together to a file
 * whose table, lengths and digest all fit.
 */
import { e } from './film.mjs';

const START = 52;
const buffer = (v) => Buffer.from(v);

function pieceAt(proof, at) {
  const kind = proof[at];
  let end = at + 1;
  if (kind === 1) end += 2 + proof.readUInt16BE(at + 1) + 257;
  else if (kind === 2) end += 56 + proof[at + 56];
  else if (kind === 3) end += 193;
  return { kind, plain: buffer(proof.subarray(at, end)), end };
}

/* { key, version, pieces: [{ kind, plain, media }] } */
export function apart(film) {
  const size = Number(film.readBigUInt64BE(44));
  let at = START;
  const moov = 36 + size;
  const uuid = moov + film.readUInt32BE(moov);
  const proof = film.subarray(uuid + 24, film.length - 32);
  const pieces = [];
  for (let p = 33; proof[p] !== 0;) {
    const { kind, plain, end } = pieceAt(proof, p);
    const n = kind === 2 ? plain.readUInt32BE(20) : 0;
    pieces.push({ kind, plain, media: buffer(film.subarray(at, at + n)) });
    at += n;
    p = end;
  }
  return { key: buffer(proof.subarray(1, 33)), version: proof[0], pieces, moov, uuid };
}

export const sample = {
  isPicture: (p) => p.kind === 2 && e.isPicture(p.plain[18]),
  time: (p) => Number(p.plain.readBigUInt64BE(10)),
  absent(p) {
    const plain = buffer(p.plain.subarray(0, 57));
    plain[19] = 0;
    plain.writeUInt32BE(0, 20);
    plain[56] = 0;
    return { ...p, plain, media: Buffer.alloc(0) };
  },
};

/* What is said to be a key frame may be none. */
function shape(kind, octets) {
  try {
    return e.shapeOf(kind, octets);
  } catch {
    return null;
  }
}

function tableAdd(mp4, p, place) {
  const flags = p.plain[9];
  const time = sample.time(p);
  const octets = new Uint8Array(p.media);
  if (sample.isPicture(p)) {
    mp4.picture(place, octets.length, time, flags & 1 ? shape(p.plain[18], octets) : null);
  } else {
    const record = Buffer.concat([p.plain.subarray(57), p.media]);
    const zeros = Buffer.alloc((128 - (record.length % 128)) % 128);
    mp4.sound(place, time, e.soundOf(new Uint8Array(Buffer.concat([record, zeros]))));
  }
}

export async function together({ key, version = 1, pieces }, { after = Buffer.alloc(0) } = {}) {
  const mp4 = new e.Mp4();
  let at = START;
  for (const p of pieces) {
    if (p.kind !== 2 || p.plain[19] !== 1) continue;
    tableAdd(mp4, p, at);
    at += p.media.length;
  }
  const media = Buffer.concat([...pieces.map((p) => p.media ?? Buffer.alloc(0)), after]);
  const plain = Buffer.concat([Buffer.from([version]), key, ...pieces.map((p) => p.plain), Buffer.from([0])]);
  const uuid = buffer(e.unhex('3f1c9a4e5b7d4c60a28e6561766573f1'));
  const body = Buffer.concat([uuid, plain, buffer(await e.sha256(new Uint8Array(plain)))]);
  return Buffer.concat([buffer(e.MEDIA_START).subarray(0, 36), buffer(e.mdatHead(media.length)), media,
    buffer(mp4.table()), buffer(e.u32(8 + body.length)), Buffer.from('uuid'), body]);
}
