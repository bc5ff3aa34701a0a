/*
 * The whole way of a film: eavesd and eaves-hub with the demo camera record,
 * Chromium signs in, fetches what was recorded and makes a film of it;
 * `eaves verify` knows the hub.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { chromiumClose, pageOpen } from './browser.mjs';
import { build } from './film.mjs';
import { root } from './source.mjs';
import { codeConfirm, firstRun, moves } from './steps.mjs';
import { System } from './system.mjs';

const esbuild = createRequire(path.join(root, 'web/package.json'))('esbuild');
const system = new System();
before(async () => { await system.start(); });
after(async () => {
  await chromiumClose();
  await system.stop();
});

/* What the page told its player: the ticket, and keys as handles. */
function listen() {
  const send = Worker.prototype.postMessage;
  globalThis.told = {};
  Worker.prototype.postMessage = function told(m, ...more) {
    if (m?.t === 'open') Object.assign(globalThis.told, { url: m.url, ticket: m.ticket, home: m.home });
    if (m?.t === 'show' && m.camera) globalThis.told.camera = m.camera;
    return send.call(this, m, ...more);
  };
}

/* In the page: the recording of the camera as a film, with the app's parts. */
async function filmOf() {
  const { Line, CameraKeys, exportRun, exportItem, exportRange, blobSink, keyWords, b64, unb64 } = globalThis.app;
  const { url, ticket, home, camera } = globalThis.told;
  const items = [];
  let run;
  let tail = Promise.resolve();
  const keys = new CameraKeys(unb64(home.home, 16), camera);
  const take = async (record) => {
    if (record[1] === 2) {
      run = await keys.open(record, camera.stream, 1, Date.now() * 1000);
      if (typeof run === 'string') throw new Error(run);
      items.push(exportRun(run));
      return;
    }
    const said = await run.open(record);
    await run.follow(said);
    items.push(exportItem(said));
  };
  let ended;
  const end = new Promise((done) => { ended = done; });
  const line = await new Promise((done) => {
    const l = new Line(url, ticket, {
      state() {}, opened: () => done(l), record: (_, r) => { tail = tail.then(() => take(r.slice())); },
      message: (t) => { if (t === 'end') ended(); },
    });
    l.connect();
  });
  const groups = (await line.ask({ t: 'groups', stream: camera.stream, most: 64 })).list('groups');
  await line.ask({ t: 'range', stream: camera.stream, run: groups[0][0], index: groups[0][1], groups: groups.length });
  await end;
  await tail;
  const sink = blobSink();
  const done = await exportRange(items, sink);
  const film = b64(new Uint8Array(await sink.blob().arrayBuffer()));
  return { film, done, words: await keyWords(camera.hub.sign), key: b64(camera.hub.sign) };
}

test('what the demo camera recorded becomes a film that its hub vouches for', async () => {
  const { page, context } = await pageOpen();
  await context.addInitScript(listen);
  const { code } = await firstRun(page, await system.link(), 'Maria', 'Lake house');
  await codeConfirm(page, code);
  await moves(page, 75);
  const bundle = await esbuild.build({
    stdin: { resolveDir: path.join(root, 'web'), contents: ['player/line', 'player/track', 'model/export',
      'model/words5', 'base/codec'].map((m) => `export * from './src/${m}';`).join('\n') },
    bundle: true, write: false, format: 'iife', globalName: 'app' });
  await page.evaluate(`${bundle.outputFiles[0].text}; globalThis.app = app; null`);
  const { film, done, words, key } = await page.evaluate(filmOf);
  const file = system.at('film.mp4');
  fs.writeFileSync(file, Buffer.from(film, 'base64url'));
  assert.equal(fs.statSync(file).size, done.octets);
  assert.ok(done.pictures >= 30 && !done.gaps, JSON.stringify(done));

  const said = spawnSync(path.join(build, 'src/cli/eaves'), ['verify', file, '--key', key], { encoding: 'utf8' });
  assert.equal(said.status, 0, said.stdout);
  assert.match(said.stdout, new RegExp(`^hub +${words}$`, 'm'));
  assert.match(said.stdout, new RegExp(`^pictures +${done.pictures}$`, 'm'));
  for (const [program, ...args] of [['ffprobe', '-v', 'warning', file],
    ['ffmpeg', '-v', 'warning', '-i', file, '-fps_mode', 'passthrough', '-enc_time_base', '-1', '-f', 'null', '-']]) {
    const { stdout, stderr, status } = spawnSync(program, args, { encoding: 'utf8' });
    assert.deepEqual([stdout, stderr, status], ['', '', 0]);
  }
  await context.close();
});
