/*
 * film_vector.mjs - writes tests/vectors/eaves/film.mp4, a small film of two
 * runs with sound, and the seeds of the fuzzer that come from it.
 */
import fs from 'node:fs';
import path from 'node:path';
import { START, film, items, pictures, run, sounds, together } from './film.mjs';
import { root } from './source.mjs';

const small = { size: '48x32', rate: 5, group: 3, more: ['-crf', '40'] };
const runs = [
  run(together(pictures({ ...small, seconds: 1 }), sounds('pcma', 1).filter((_, i) => i % 7 === 1))),
  run(together(pictures({ ...small, seconds: 0.8 }), sounds('pcma', 0.1)), START + 3e6)];
const { octets } = await film(await items(runs));
const corpus = path.join(root, 'tests/corpus/mp4');
fs.writeFileSync(path.join(root, 'tests/vectors/eaves/film.mp4'), octets);
fs.writeFileSync(path.join(corpus, 'film'), octets);
for (const name of ['aac', 'opus']) {
  const all = together(pictures({ ...small, seconds: 0.4 }), sounds(name, 0.1));
  fs.writeFileSync(path.join(corpus, name), (await film(await items([run(all)]))).octets);
}
const high = pictures({ ...small, seconds: 0.4, more: ['-profile:v', 'high', '-x264-params', 'aud=1:8x8dct=1:cqm=jvt'] });
fs.writeFileSync(path.join(corpus, 'lists'), (await film(await items([run(high)]))).octets);
