/*
 * A range of a recording as a film: it plays everywhere, `eaves verify` finds
 * it as it was signed, and says where it is not.
 */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import http from 'node:http';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { chromiumClose, pageOpen } from './browser.mjs';
import { firefox, until, webkit } from './engines.mjs';
import { START, build, e, film, items, pictures, pictures265, records, run, sounds, together } from './film.mjs';
import { apart, sample, together as forged } from './forge.mjs';
import { load, root } from './source.mjs';

const esbuild = createRequire(path.join(root, 'web/package.json'))('esbuild');
const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'eaves-export-'));
const fine = /^Every picture is as the camera's hub signed it\.$/m;
const shots = pictures();
let page;
let server;
const at = () => `http://127.0.0.1:${server.address().port}`;
let plain; /* a film of 4 s with sound */

before(async () => {
  fs.writeFileSync(path.join(dir, 'empty.html'), '<!doctype html><title>film</title>');
  plain = await film(await items([run(together(shots, sounds('aac', 3.5), 120_000))]));
  server = http.createServer((q, r) => {
    const file = path.join(dir, path.basename(q.url));
    if (!fs.existsSync(file)) return r.writeHead(404).end();
    const whole = fs.readFileSync(file);
    const [, from = '0', to = ''] = /bytes=(\d+)-(\d*)/.exec(q.headers.range ?? '') ?? [];
    const end = to === '' ? whole.length - 1 : Number(to);
    const type = q.url.endsWith('.mp4') ? 'video/mp4' : 'text/html';
    r.writeHead(206, { 'content-type': type, 'accept-ranges': 'bytes',
      'content-range': `bytes ${from}-${end}/${whole.length}` });
    return r.end(whole.subarray(Number(from), end + 1));
  }).listen(0, '127.0.0.1');
  await new Promise((done) => server.once('listening', done));
});
after(async () => {
  await chromiumClose();
  server.close();
  server.closeAllConnections();
  fs.rmSync(dir, { recursive: true });
});

function put(name, octets) {
  const file = path.join(dir, `${name}.mp4`);
  fs.writeFileSync(file, octets);
  return file;
}

function verify(octets, ...more) {
  const { status, stdout } = spawnSync(path.join(build, 'src/cli/eaves'),
    ['verify', put('check', octets), ...more], { encoding: 'utf8' });
  return { status, said: stdout };
}

function passes(octets) {
  const { status, said } = verify(octets);
  assert.equal(status, 0, said);
  assert.match(said, fine);
  return said;
}

function refused(octets, words, what = String(words)) {
  const { status, said } = verify(octets);
  assert.equal(status, 1, `${what}: ${said}`);
  assert.match(said, words, what);
  assert.doesNotMatch(said, fine, what);
}

const ended = `const v = document.createElement('video');
  document.body.replaceChildren(v);
  window.said = null;
  v.muted = true;
  v.onended = () => { window.said = v.currentTime; };
  v.onerror = () => { window.said = v.error.message; };
  v.src = arguments[0];
  v.playbackRate = 4;
  v.play();`;

const silent = (program, ...args) => {
  const { stdout, stderr, status } = spawnSync(program, args, { encoding: 'utf8' });
  assert.equal(stderr, '', `${program}: ${stderr}`);
  assert.equal(status, 0);
  return stdout;
};

/* Plays it at four times its speed; how long it was, and what was decoded. */
async function plays(name) {
  page ??= (await pageOpen()).page;
  await page.goto(`${at()}/empty.html`);
  return page.evaluate((src) => new Promise((done, fail) => {
    const v = document.createElement('video');
    document.body.append(v);
    v.onerror = () => fail(new Error(v.error.message));
    v.onended = () => done({
      duration: v.duration, at: v.currentTime, heard: v.webkitAudioDecodedByteCount,
      pictures: v.getVideoPlaybackQuality().totalVideoFrames });
    v.src = src;
    v.playbackRate = 4;
    v.play().catch(fail);
  }), `${at()}/${name}.mp4`);
}

async function ordinary(name, octets, seconds, count, codec) {
  const file = put(name, octets);
  const j = JSON.parse(silent('ffprobe', '-v', 'warning', '-count_packets', '-show_streams', '-show_format',
    '-of', 'json', file));
  assert.ok(Math.abs(Number(j.format.duration) - seconds) < 0.1, `${name}: ${j.format.duration}`);
  assert.equal(j.format.tags.creation_time, '2026-11-24T09:41:07.000000Z');
  assert.deepEqual(j.streams.map((s) => s.codec_name), codec ? ['h264', codec] : ['h264']);
  assert.equal(Number(j.streams[0].nb_read_packets), count);
  silent('ffmpeg', '-v', 'error', '-i', file, '-f', 'null', '-');
  const seen = await plays(name);
  assert.ok(Math.abs(seen.duration - seconds) < 0.1 && Math.abs(seen.at - seconds) < 0.1, JSON.stringify(seen));
  assert.equal(seen.pictures, count);
  assert.equal(seen.heard > 0, !!codec);
}

test('a film of pictures alone plays everywhere and is as it was signed', async () => {
  const { octets, done } = await film(await items([run(shots)]));
  assert.deepEqual(done, { first: START, last: START + 3933333, pictures: 60, sounds: 0,
    octets: octets.length, h265: false, gaps: false });
  await ordinary('pictures', octets, 4, 60);
  const said = passes(octets);
  assert.match(said, /^from +2026-11-24 09:41:07\.200 UTC$/m);
  assert.match(said, /^to +2026-11-24 09:41:11\.133 UTC$/m);
  assert.match(said, /^pictures +60$/m);
});

for (const [name, codec] of [['aac', 'aac'], ['aac16', 'aac'], ['opus', 'opus'], ['pcmu', 'pcm_mulaw'],
  ['pcma', 'pcm_alaw']])
  test(`a film with sound that begins later plays everywhere: ${name}`, async () => {
    const { octets } = await film(await items([run(together(shots, sounds(name, 3.5), 120_000))]));
    await ordinary(name, octets, 4, 60, codec);
    passes(octets);
    const starts = silent('ffprobe', '-v', 'error', '-show_entries', 'stream=start_time', '-of', 'csv=p=0',
      path.join(dir, `${name}.mp4`)).trim().split('\n').map(Number);
    assert.deepEqual(starts, [0, 0.12]);
  });

test('between two runs the last picture stays; other pictures may follow', async () => {
  const small = pictures({ size: '192x144', more: ['-profile:v', 'high', '-x264-params', 'aud=1:8x8dct=1'] });
  const { octets, done } = await film(await items([
    run(together(shots, sounds('aac', 4))), run(together(small, sounds('aac', 4)), START + 10e6)]));
  assert.equal(done.gaps, false);
  const file = put('runs', octets);
  const times = silent('ffprobe', '-v', 'warning', '-select_streams', 'v', '-show_entries', 'packet=pts_time',
    '-of', 'csv=p=0', file).trim().split('\n').map(parseFloat);
  assert.ok(Math.abs(times[60] - 10) < 0.001);
  await ordinary('runs', octets, 14, 120, 'aac');
  passes(octets);
});

test('sound from before the first picture is not heard too late', async () => {
  const early = sounds('aac', 4).map((s) => ({ ...s, us: s.us - 80_000 }));
  const order = [...shots, ...early].sort((a, b) => a.us - b.us + (a.sound ? 9e4 : 0) - (b.sound ? 9e4 : 0));
  const { octets } = await film(await items([run(order)]));
  await ordinary('early', octets, 4, 60, 'aac');
  passes(octets);
  const [first] = silent('ffprobe', '-v', 'warning', '-select_streams', 'a', '-show_entries', 'packet=pts_time',
    '-of', 'csv=p=0', path.join(dir, 'early.mp4')).trim().split('\n').map(parseFloat);
  assert.ok(Math.abs(first + 0.08) < 0.001, String(first));
});

for (const open of [firefox, webkit])
  test(`a film plays to its end in ${open.name}`, { timeout: 120_000 }, async () => {
    const small = pictures({ size: '192x144' });
    put('engine', (await film(await items([
      run(together(shots, sounds('aac', 3.5), 120_000)), run(small, START + 6e6)]))).octets);
    const browser = await open();
    after(() => browser.close());
    await browser.open(`${at()}/empty.html`);
    await browser.script(ended, `${at()}/engine.mp4`);
    const said = await until('the end', () => browser.script('return window.said'));
    assert.ok(Math.abs(said - 10) < 0.1, String(said));
  });

test('times that jitter are kept, and sound that drifts stays with its pictures', async () => {
  const jitter = shots.map((s, i) => ({ ...s, us: s.us + (i * 7919) % 20000 }));
  const slow = sounds('pcmu', 4).map((s) => ({ ...s, us: Math.round(s.us * 1.2) }));
  const { octets } = await film(await items([run(together(jitter, slow))]));
  const file = put('jitter', octets);
  const times = (stream) => silent('ffprobe', '-v', 'warning', '-select_streams', stream, '-show_entries',
    'packet=pts_time', '-of', 'csv=p=0', file).trim().split('\n').map(parseFloat);
  times('v').forEach((t, i) => assert.ok(Math.abs(t - jitter[i].us / 1e6) < 0.0001, `${i}: ${t}`));
  times('a').forEach((t, i) => {
    const us = slow[Math.floor(i / 3)].us + (i % 3) * 20000;
    assert.ok(Math.abs(t - us / 1e6) < 0.11, `${i}: ${t}`);
  });
  passes(octets);
});

test('sound can stay out, and the film says so', async () => {
  const { octets } = await film(await items([run(together(shots, sounds('opus', 3.5)))]), { sound: false });
  assert.match(passes(octets), /^left out +\d+ /m);
  await ordinary('mute', octets, 4, 60);
});

test('what no mark covers stays out, and so does what comes before a key frame', async () => {
  const all = await items([run(shots)]);
  const late = await film([all[0], ...all.slice(9)]);
  assert.equal(late.done.first, START + 2e6);
  assert.equal(late.done.pictures, 30);
  passes(late.octets);
  const lastMark = all.findLastIndex((i) => i.t === 'mark');
  const cut = await film(all.slice(0, lastMark));
  assert.ok(cut.done.pictures < 60 && cut.done.pictures > 30);
  passes(cut.octets);
  const until = await film(all, { to: START + 1e6 });
  assert.ok(until.done.last >= START + 1e6 && until.done.last < START + 2.1e6);
  passes(until.octets);
  await assert.rejects(film(all.slice(0, 2)), (x) => e.isFault(x, 'MISSING'));
});

test('a hole in the recording is left open, and verify tells where it is', async () => {
  const all = await items([run(shots)]);
  const at = all.findIndex((i) => i.t === 'sample' && i.sample.time === START + 800000);
  const { octets, done } = await film(all.filter((_, i) => i !== at));
  assert.equal(done.gaps, true);
  refused(octets, /^Pictures are missing between 2026-11-24 09:41:0\S+ UTC and 2026-11-24 09:41:09\.200 UTC\.$/m);
});

test('a film may be fetched in pieces that overlap', async () => {
  const all = await items([run(shots), run(shots, START + 6e6)]);
  const whole = await film(all);
  const second = all.findLastIndex((i) => i.t === 'run');
  const pieces = [...all.slice(0, 40), all[0], ...all.slice(20, second + 30), all[second], ...all.slice(second + 1)];
  assert.ok((await film(pieces)).octets.equals(whole.octets));
  assert.equal(whole.done.gaps, false);
  passes(whole.octets);
});

test('a hole between two runs is known before verify tells it', async () => {
  const all = await items([0, 6e6, 12e6].map((at) => run(shots, START + at)));
  const starts = all.flatMap((i, n) => (i.t === 'run' ? [n] : []));
  for (const [from, to] of [[starts[1], starts[2]], [starts[1] - 1, starts[1]], [starts[1] + 1, starts[1] + 20]]) {
    const { octets, done } = await film([...all.slice(0, from), ...all.slice(to)]);
    assert.equal(done.gaps, true);
    refused(octets, /^Pictures are missing between/m);
  }
});

test('one film is one hub and one camera', async () => {
  const a = await items([run(shots)]);
  for (const [hub, camera] of [['2', '1'], ['1', '2']]) {
    const b = await items([run(shots, START + 1e7)], hub, camera);
    await assert.rejects(film([...a, ...b]), (x) => e.isFault(x, 'CONFLICT'), hub + camera);
  }
});

test('the words of a hub are those that the app shows, and its key can be asked for', async () => {
  const key = apart(plain.octets).key;
  const said = passes(plain.octets);
  assert.match(said, new RegExp(`^hub +${await e.keyWords(new Uint8Array(key))}$`, 'm'));
  assert.match(said, new RegExp(`^key +${e.b64(key)}$`, 'm'));
  assert.equal(verify(plain.octets, '--key', e.b64(key)).status, 0);
  key[0] ^= 1;
  const other = verify(plain.octets, '--key', e.b64(key));
  assert.equal(other.status, 1);
  assert.match(other.said, /Another hub's key signed this film/);
  assert.equal(verify(plain.octets, '--key', 'AAAA').status, 2);
});

const changed = (octets, at, bit = 1) => {
  const bent = Buffer.from(octets);
  bent[at] ^= bit;
  return bent;
};

test('one octet changed in a picture or in the sound is told with its time', () => {
  const { pieces } = apart(plain.octets);
  let at = 52;
  let picture = 0;
  let sound = 0;
  for (const p of pieces.filter((q) => q.kind === 2)) {
    const n = sample.isPicture(p) ? ++picture : ++sound;
    const when = new Date(Math.floor(sample.time(p) / 1000)).toISOString().replace('T', ' ').replace('Z', ' UTC');
    if (n % 17 === 3)
      refused(changed(plain.octets, at + p.media.length - 1), new RegExp(
        `^The ${sample.isPicture(p) ? 'picture' : 'sound'} of ${when} \\(sample ${n}\\) was changed\\.$`, 'm'));
    at += p.media.length;
  }
  assert.ok(picture === 60 && sound > 50);
});

test('one octet changed in the proof, the table or the frame is told', () => {
  const { moov, uuid } = apart(plain.octets);
  const end = plain.octets.length;
  for (let at = uuid + 24; at < end; at += 997) refused(changed(plain.octets, at), /^The proof itself was changed/m);
  for (let at = moov + 8; at < uuid; at += 101) refused(changed(plain.octets, at, 4), /^The table that tells players/m);
  for (const at of [44, 46, 51, moov + 1, moov + 5, uuid + 2, uuid + 7, uuid + 9])
    refused(changed(plain.octets, at), /^The (frame of the film was changed|end of the film was cut off)/m);
  assert.equal(verify(changed(plain.octets, 5)).status, 2);
  refused(Buffer.concat([plain.octets, Buffer.from([0])]), /^The frame of the film was changed/m);
});

test('a film that was cut off anywhere is refused', () => {
  const { moov, uuid } = apart(plain.octets);
  for (const at of [50, 52, 1000, moov - 1, moov, moov + 20, uuid - 1, uuid, uuid + 9, plain.octets.length - 1])
    refused(plain.octets.subarray(0, at), /^The end of the film was cut off/m, String(at));
});

const forge = async (edit, options) => {
  const all = apart(plain.octets);
  return forged({ key: all.key, pieces: edit(all.pieces) ?? all.pieces }, options);
};
const picturesOf = (pieces) => pieces.filter((p) => sample.isPicture(p));
const without = (pieces, ...gone) => pieces.filter((p) => !gone.includes(p));

test('putting a film together again changes nothing', async () => {
  assert.ok((await forge((p) => p)).equals(plain.octets));
  const golden = fs.readFileSync(path.join(root, 'tests/vectors/eaves/film.mp4'));
  assert.ok((await forged(apart(golden))).equals(golden));
  passes(golden);
});

test('somebody who knows the format cannot take pictures out', async () => {
  const lastMark = (p) => p.findLastIndex((q) => q.kind === 3);
  refused(await forge((p) => without(p, picturesOf(p).at(-1))),
    /^Pictures are missing between 2026-11-24 09:41:1\S+ UTC and 2026-11-24 09:41:11\.133 UTC\.$/m, 'the last');
  refused(await forge((p) => without(p, picturesOf(p)[20])),
    /^Pictures are missing between 2026-11-24 09:41:08\.466 UTC and 2026-11-24 09:41:08\.600 UTC\.\nhub/m, 'one inside');
  refused(await forge((p) => p.slice(0, lastMark(p))),
    /^The end was cut off: what signs the pictures from .* to .* is missing\.$/m, 'the last mark');
  refused(await forge((p) => {
    const marks = p.flatMap((q, i) => (q.kind === 3 ? [i] : []));
    return [...p.slice(0, marks[1] + 1), ...p.slice(marks[2] + 1)];
  }), /^Pictures are missing between/m, 'all of a mark');
  refused(await forge((p) => p.map((q) => (q === picturesOf(p)[20] ? sample.absent(q) : q))),
    /^The picture of 2026-11-24 09:41:08\.533 UTC was taken out\.$/m, 'said to be absent');
});

test('of a film with sound a picture that is missing lies between two pictures, to the millisecond', async () => {
  const golden = apart(fs.readFileSync(path.join(root, 'tests/vectors/eaves/film.mp4')));
  const shown = picturesOf(golden.pieces);
  const when = (p) => new Date(Math.floor(sample.time(p) / 1000)).toISOString().replace('T', ' ').replace('Z', ' UTC');
  let runs = 0;
  for (let i = 1; i < shown.length - 1; i++) {
    const said = verify(await forged({ key: golden.key, pieces: without(golden.pieces, shown[i]) })).said;
    const begins = golden.pieces[golden.pieces.indexOf(shown[i + 1]) - 1].kind === 1;
    if (begins) runs++; /* the last of its run: as its mark tells */
    else assert.ok(said.includes(`Pictures are missing between ${when(shown[i - 1])} and ${when(shown[i + 1])}.`), `${i}: ${said}`);
  }
  assert.ok(runs <= 1);
});

test('somebody who knows the format cannot swap, move or add pictures', async () => {
  const two = (p) => [picturesOf(p)[20], picturesOf(p)[21]];
  refused(await forge((p) => {
    const [a, b] = two(p);
    return p.map((q) => (q === a ? b : q === b ? a : q));
  }), /is not where it belongs|Pictures are missing/m, 'with what is said of them');
  refused(await forge((p) => {
    const [a, b] = two(p);
    for (const [q, r] of [[a, b.media], [b, Buffer.from(a.media)]]) {
      q.media = r;
      q.plain.writeUInt32BE(r.length, 20);
    }
  }), /^The picture of 2026-11-24 09:41:08\.533 UTC \(sample 21\) was changed\.\nThe picture of 2026-11-24 09:41:08\.600 UTC \(sample 22\)/m,
  'without');
  refused(await forge((p) => { p[5].plain.writeBigUInt64BE(BigInt(START + 3600e6), 10); }),
    /^What the film says about .* is not what the hub signed\.$/m, 'another time');
  refused(await forge((p) => { picturesOf(p)[3].plain[9] ^= 1; }), /is not what the hub signed|table/m, 'another flag');
  refused(await forge((p) => p, { after: Buffer.from('more') }),
    /^There is something in the film that nobody signed\.$/m, 'more octets');
});

test('a hub, a camera or a run cannot be put in place of another', async () => {
  const parts = async (hub, at, camera) =>
    apart((await film(await items([run(shots, at)], hub, camera))).octets);
  const own = await parts('1', START);
  const strange = await parts('2', START);
  const later = await parts('1', START + 6e6);
  refused(await forged({ key: strange.key, pieces: own.pieces }),
    /^The hub whose key is in the film did not sign the recording/m, 'key');
  refused(await forged({ key: own.key, pieces: [...own.pieces, ...strange.pieces] }),
    /^The hub whose key is in the film did not sign the recording/m, 'run of another hub');
  const garden = await parts('1', START + 6e6, '2');
  refused(await forged({ key: own.key, pieces: [...own.pieces, ...garden.pieces] }),
    /^What begins at 2026-11-24 09:41:13\.200 UTC comes from another camera\.$/m, 'another camera');
  refused(await forged({ key: own.key, pieces: [later.pieces[0], ...own.pieces.slice(1)] }),
    /is not what the hub signed/m, 'header of another run');
  refused(await forged({ key: own.key, pieces: [...later.pieces, ...own.pieces] }),
    /is not where it belongs/m, 'order of runs');
  const unknown = await forged({ key: own.key, pieces: [...own.pieces, ...later.pieces] });
  assert.match(passes(unknown), /^restarts +1 /m);
});

test('a run or its end cannot be left out between two others', async () => {
  const { octets } = await film(await items([0, 6e6, 12e6].map((at) => run(shots, START + at))));
  passes(octets);
  const { key, pieces } = apart(octets);
  const starts = pieces.flatMap((p, i) => (p.kind === 1 ? [i] : []));
  refused(await forged({ key, pieces: [...pieces.slice(0, starts[1]), ...pieces.slice(starts[2])] }),
    /^Pictures are missing between 2026-11-24 09:41:11\.\d+ UTC and 2026-11-24 09:41:19\.200 UTC\.$/m, 'a run');
  const marks = pieces.flatMap((p, i) => (p.kind === 3 && i < starts[1] ? [i] : []));
  refused(await forged({ key, pieces: [...pieces.slice(0, marks.at(-2) + 1), ...pieces.slice(starts[1])] }),
    /^Pictures are missing between/m, 'its end');
});

test('what is no film of ours is said to be none', () => {
  for (const octets of [Buffer.from('x'), Buffer.alloc(100), Buffer.alloc(0)])
    assert.equal(verify(octets).status, 2);
  assert.equal(spawnSync(path.join(build, 'src/cli/eaves'), ['verify', dir]).status, 2);
  assert.equal(spawnSync(path.join(build, 'src/cli/eaves'), ['verify']).status, 2);
  const file = path.join(dir, 'other.mp4');
  execFileSync('ffmpeg', ['-v', 'error', '-f', 'lavfi', '-i', 'testsrc', '-t', '1', file]);
  assert.equal(verify(fs.readFileSync(file)).status, 2);
});

test('a picture becomes a file that is named after its camera and its time', async () => {
  const v = await load('view/snapshot');
  assert.equal(v.mediaName('Front door', START, 'jpg', 'UTC'), 'Front door 2026-11-24 09.41.07.jpg');
  assert.equal(v.mediaName('Front door', START, 'mp4', 'Asia/Tokyo'), 'Front door 2026-11-24 18.41.07.mp4');
  assert.equal(v.mediaName('../a/b:c*\n', START, 'jpg', 'UTC'), 'a b c 2026-11-24 09.41.07.jpg');
  assert.equal(v.mediaName(' ', START, 'jpg', 'UTC'), 'Camera 2026-11-24 09.41.07.jpg');
  const bundle = await esbuild.build({ entryPoints: [path.join(root, 'web/src/view/snapshot.ts')], bundle: true,
    write: false, format: 'iife', globalName: 'snap' });
  page ??= (await pageOpen()).page;
  await page.goto('about:blank');
  await page.addScriptTag({ content: bundle.outputFiles[0].text });
  for (const on of ['page', 'no page']) {
    const file = await page.evaluate(async ([where, time]) => {
      const c = where === 'page' ? document.createElement('canvas') : new OffscreenCanvas(64, 32);
      c.width = 64;
      c.height = 32;
      const g = c.getContext('2d');
      g.fillStyle = '#0a0';
      g.fillRect(0, 0, 64, 32);
      const f = await globalThis.snap.snapshot(c, 'Porch', time, 'UTC');
      const seen = await createImageBitmap(f);
      return { name: f.name, type: f.type, width: seen.width, height: seen.height };
    }, [on, START]);
    assert.deepEqual(file, { name: 'Porch 2026-11-24 09.41.07.jpg', type: 'image/jpeg', width: 64, height: 32 });
  }
});

test('the size of pictures of many kinds is found, in the app and by verify', async () => {
  const kinds = [['1920x1080', 'yuv420p', []], ['322x182', 'yuv420p', ['-profile:v', 'main']],
    ['320x180', 'yuv422p', []], ['322x182', 'yuv444p', []], ['320x240', 'gray', []],
    ['320x240', 'yuv420p', ['-x264-params', 'aud=1:interlaced=1:cqm=jvt:8x8dct=1']],
    ['176x144', 'yuv420p', ['-profile:v', 'baseline', '-x264-params', 'aud=1:ref=4']]];
  for (const [size, format, more] of kinds) {
    const all = pictures({ size, rate: 5, seconds: 0.4, group: 2, more: [...more, '-pix_fmt', format] });
    const avcc = e.pictureOf(new Uint8Array(all[0].octets)).setup.description;
    const { width, height } = e.avccSize(avcc);
    assert.equal(`${width}x${height}`, size, `${size} ${format} ${more}`);
    passes((await film(await items([run(all)]))).octets);
  }
  const avcc = e.pictureOf(new Uint8Array(shots[0].octets)).setup.description;
  for (let n = 0; n < 8; n++) {
    const bent = avcc.slice(0, 8 + n);
    bent[7] = n;
    assert.throws(() => e.avccSize(bent), (x) => e.isFault(x, 'SYNTAX'));
  }
});

/* What the browsers here do not play, ffmpeg does. */
function ordinary265(name, octets, size, count, codec) {
  const file = put(name, octets);
  const { streams } = JSON.parse(silent('ffprobe', '-v', 'warning', '-count_packets', '-show_streams', '-of', 'json', file));
  const [v, a] = streams;
  assert.deepEqual([v.codec_name, v.codec_tag_string, `${v.width}x${v.height}`, Number(v.nb_read_packets), a?.codec_name],
    ['hevc', 'hvc1', size, count, codec]);
  silent('ffmpeg', '-v', 'error', '-i', file, '-f', 'null', '-');
  return v;
}

test('a film of H.265, with sound and without, of many kinds, is as it was signed', async () => {
  const plain265 = pictures265();
  const { octets, done } = await film(await items([run(together(plain265, sounds('aac', 3.5), 120_000)),
    run(pictures265({ size: '192x144' }), START + 6e6)]));
  assert.equal(done.h265, true);
  ordinary265('h265', octets, '320x180', 120, 'aac');
  passes(octets);
  const parts = apart(octets);
  const when = sample.time(picturesOf(parts.pieces)[20]);
  const bent = Buffer.from(octets);
  bent[octets.indexOf(picturesOf(parts.pieces)[20].media) + 40] ^= 1;
  refused(bent, /^The picture of 2026-11-24 09:41:08\.533 UTC \(sample 21\) was changed\.$/m);
  assert.equal(when, START + 1333333);
  refused(await forged({ ...parts, pieces: without(parts.pieces, picturesOf(parts.pieces)[20]) }),
    /^Pictures are missing between 2026-11-24 09:41:08\.466 UTC and 2026-11-24 09:41:08\.600 UTC\.$/m);
  const box = octets.indexOf('hvcC');
  const table = Buffer.from(octets);
  table[box + 4 + 12] ^= 1; /* the level */
  refused(table, /^The table that tells players when to show what was changed/m);

  const kinds = [['1920x1080', 'yuv420p', 'Main'], ['322x182', 'yuv420p10le', 'Main 10'], ['320x182', 'yuv422p', 'Rext'],
    ['322x183', 'yuv444p', 'Rext'], ['320x241', 'gray', 'Rext']];
  for (const [size, format, profile] of kinds) {
    const all = pictures265({ size, rate: 5, seconds: 0.4, group: 2, more: ['-pix_fmt', format] });
    const one = (await film(await items([run(all)]))).octets;
    const v = ordinary265('kind', one, size, 2);
    assert.deepEqual([v.profile, v.pix_fmt], [profile, format]);
    passes(one);
  }
});

test('a film is of one codec', async () => {
  const [a, b] = [shots, pictures265()];
  for (const [first, then] of [[a, b], [b, a]])
    await assert.rejects(items([run(first), run(then, START + 6e6)]).then((all) => film(all)), (x) => e.isFault(x, 'CONFLICT'));
  /* of the other one is nothing that a mark covers: as if it had not been */
  const { done, octets } = await film((await items([run(a), run(b, START + 6e6)])).filter((i, n, all) =>
    n >= all.findLastIndex((x) => x.t === 'run') || i.t !== 'mark'));
  assert.deepEqual([done.h265, done.pictures], [true, 60]);
  passes(octets);
  const mixed = apart(octets);
  refused(await forged({ ...mixed, version: 1 }), /^There is something in the film that nobody signed\.$/m);
});

test('where a camera goes over to another codec a film ends, and the next one begins', async () => {
  const all = await records([run(shots), run(pictures265(), START + 4.1e6)]);
  const made = async (from, to) => {
    const sink = e.blobSink();
    const f = new e.Film(sink);
    await f.begin();
    const making = new e.Making(f, e, START + from, START + to, () => {});
    for (const { run: of, said } of all) if (said && !making.full()) await making.said(of, said);
    const done = await f.end();
    passes(Buffer.from(await sink.blob().arrayBuffer()));
    return { h265: done.h265, pictures: done.pictures, end: making.codecEnd - START, have: making.have.map((s) => s.from - START) };
  };
  assert.deepEqual(await made(1e6, 7e6), { h265: false, pictures: 60, end: 4.1e6, have: [0] });
  assert.deepEqual(await made(4.05e6, 8e6), { h265: true, pictures: 60, end: Infinity, have: [4.1e6] });
  assert.deepEqual(await made(6.5e6, 8e6), { h265: true, pictures: 30, end: Infinity, have: [6.1e6] });
});

test('what a server kept back is not told as the change of codec behind it', async () => {
  const all = await records([run(shots), run(pictures265(), START + 4.1e6)]);
  const f = new e.Film(e.blobSink());
  await f.begin();
  const making = new e.Making(f, e, START, START + 7e6, () => {});
  const kept = ({ said }) => said.kind === 3 || said.time < START + 2.1e6;
  for (const r of all) if (r.said && kept(r) && !making.full()) await making.said(r.run, r.said);
  const days = { rows: [{ hour: { from: START - 1e9, before: true } }], until: START + 1e9, loaded: () => false, places: () => [] };
  const holes = e.holesIn({ days, kept: { told: {} } }, START, START + 7e6, making, { lost: [], bad: 0, asked: START + 1e9 });
  assert.deepEqual(holes.map((h) => [h.cause, Math.round((h.from - START) / 1e5), Math.round((h.to - START) / 1e5)]),
    [['server', 20, 41], ['codec', 41, 70]]);
});

test('what a camera of H.264 says of itself is limited, as verify limits it', () => {
  const key = new Uint8Array(shots[0].octets);
  const sets = [...e.units(key)].map(([from, to]) => key.subarray(from, to));
  const [sps, pps] = [7, 8].map((type) => sets.find((n) => (n[0] & 31) === type));
  const unit = (...nals) => e.join(...nals.flatMap((n) => [e.u32(n.length), n]));
  assert.equal(e.pictureOf(unit(...Array(31).fill(sps), ...Array(31).fill(pps))).setup.description[5], 0xe0 | 31);
  for (const nals of [[...Array(32).fill(sps), pps], [sps, ...Array(32).fill(pps)], [sps, e.join(pps, new Uint8Array(65536))]])
    assert.throws(() => e.pictureOf(unit(...nals)), (x) => e.isFault(x, 'LIMIT'));
});

test('what a camera of H.265 says of itself is limited', () => {
  const [{ octets }] = pictures265({ seconds: 0.2 });
  const key = new Uint8Array(octets);
  const sets = [...e.units(key)].map(([from, to]) => key.subarray(from, to)).slice(0, 3);
  const unit = (...nals) => e.join(...nals.flatMap((n) => [e.u32(n.length), n]));
  const [vps, sps, pps] = sets;
  assert.deepEqual(e.picture265(unit(...sets)).setup.size, { width: 320, height: 180 });
  assert.equal(e.picture265(unit(vps, sps)).setup, null);
  const fails = (code, ...nals) => assert.throws(() => e.picture265(unit(...nals)), (x) => e.isFault(x, code), code);
  for (let n = 1; n < 22; n++) fails('SYNTAX', vps, sps.slice(0, n), pps);
  const more = sps.slice();
  more[2] |= 0x0e; /* eight layers */
  fails('SYNTAX', vps, more, pps);
  fails('SYNTAX', vps, e.join(sps.subarray(0, 15), new Uint8Array(400)), pps); /* a number without an end */
  fails('LIMIT', ...Array(65).fill(vps), sps, pps);
  fails('LIMIT', vps, sps, e.join(pps, new Uint8Array(65536)));
});
