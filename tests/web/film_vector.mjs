/*
 * film_vector.mjs - writes tests/vectors/eaves/film.mp4, a small film of two
 * runs with sound, film_h265.mp4, and the seeds of the fuzzers that come from
 * them. With `h265`, those of H.265 alone.
 */
import fs from 'node:fs';
import path from 'node:path';
import { START, e, film, items, pictures, pictures265, run, sounds, together } from './film.mjs';
import { apart } from './forge.mjs';
import { root } from './source.mjs';

const vectors = path.join(root, 'tests/vectors/eaves');
const corpus = path.join(root, 'tests/corpus');
const small = { size: '48x32', rate: 5, group: 3, more: ['-crf', '40'] };

/* As src/model/proof_fuzz.c takes it. */
function seed({ pieces }) {
  const media = Buffer.concat(pieces.map((p) => p.media));
  return Buffer.concat([Buffer.from(e.u16(media.length)), media, ...pieces.map((p) => p.plain)]);
}

async function h264() {
  const runs = [
    run(together(pictures({ ...small, seconds: 1 }), sounds('pcma', 1).filter((_, i) => i % 7 === 1))),
    run(together(pictures({ ...small, seconds: 0.8 }), sounds('pcma', 0.1)), START + 3e6)];
  const { octets } = await film(await items(runs));
  fs.writeFileSync(path.join(vectors, 'film.mp4'), octets);
  fs.writeFileSync(path.join(corpus, 'mp4/film'), octets);
  for (const name of ['aac', 'opus']) {
    const all = together(pictures({ ...small, seconds: 0.4 }), sounds(name, 0.1));
    fs.writeFileSync(path.join(corpus, 'mp4', name), (await film(await items([run(all)]))).octets);
  }
  const high = pictures({ ...small, seconds: 0.4, more: ['-profile:v', 'high', '-x264-params', 'aud=1:8x8dct=1:cqm=jvt'] });
  fs.writeFileSync(path.join(corpus, 'mp4/lists'), (await film(await items([run(high)]))).octets);
}

/* 50 lines: a conformance window. */
async function h265() {
  const all = together(pictures265({ ...small, size: '64x50', seconds: 0.8 }), sounds('pcma', 0.1));
  const { octets } = await film(await items([run(all)]));
  fs.writeFileSync(path.join(vectors, 'film_h265.mp4'), octets);
  fs.writeFileSync(path.join(corpus, 'mp4/h265'), octets);
  fs.writeFileSync(path.join(corpus, 'proof/h265'), seed(apart(octets)));
}

if (process.argv[2] !== 'h265') await h264();
await h265();
