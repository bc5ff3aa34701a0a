/*
 * The whole way of a film: eavesd and eaves-hub with the demo camera record,
 * somebody chooses a range in the app and gets a file; it plays, `eaves
 * verify` knows the hub, and says where somebody changed it.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { chromiumClose, pageOpen, shot } from './browser.mjs';
import { build } from './film.mjs';
import { apart, sample, together } from './forge.mjs';
import { accessible, codeConfirm, firstRun, moves, title } from './steps.mjs';
import { System } from './system.mjs';

const NEAR_MS = 500;
const system = new System();
let page;
let context;
let complaints;
let film; /* the file of the first test */
let words;

/* Of the run's signed fields: which thing it is. */
const runFields = (run) => run.plain.subarray(-257).subarray(17, 33).toString('hex');
const button = (name) => page.getByRole('button', { name, exact: true });
const panel = () => page.locator('section.export');
const make = () => page.getByRole('button', { name: 'Make the film' });

async function open() {
  await button('Export').click();
  await panel().waitFor();
}
const planned = () => panel().locator('.sum:not(:has(.spin)), .note').waitFor();

function verify(file, ...more) {
  const { status, stdout } = spawnSync(path.join(build, 'src/cli/eaves'), ['verify', file, ...more], { encoding: 'utf8' });
  return { status, said: stdout };
}

function changed(name, octets) {
  const file = system.at(name);
  fs.writeFileSync(file, octets);
  return verify(file);
}

/* Of G.711 a film says how many channels there are, not where they belong. */
const guess = /^Guessed Channel Layout for Input Stream #0\.1 : mono\n/gm;

/* Nothing to complain about, for programs that look at each picture. */
function clean(file) {
  for (const [program, ...args] of [['ffprobe', '-v', 'warning', file],
    ['ffmpeg', '-v', 'warning', '-i', file, '-fps_mode', 'passthrough', '-enc_time_base', '-1', '-f', 'null', '-']]) {
    const { stdout, stderr, status } = spawnSync(program, args, { encoding: 'utf8' });
    assert.deepEqual([stdout, stderr.replace(guess, ''), status], ['', '', 0]);
  }
  const { stdout } = spawnSync('ffprobe', ['-v', 'error', '-count_packets', '-show_streams', '-of', 'json', file], { encoding: 'utf8' });
  return JSON.parse(stdout).streams;
}

/* As somebody plays it who was sent the file. */
async function plays(file) {
  const other = await context.newPage();
  await other.goto(pathToFileURL(file).href);
  const seen = await other.evaluate(() => new Promise((done, fail) => {
    const v = document.querySelector('video');
    v.muted = true;
    v.playbackRate = 8;
    v.onended = () => done({ at: v.currentTime, pictures: v.getVideoPlaybackQuality().totalVideoFrames });
    v.onerror = () => fail(new Error(v.error.message));
    v.play().catch(fail);
  }));
  await other.close();
  return seen;
}

before(async () => {
  system.hubArgs.push('--camera', 'demo', '--camera-name', 'Porch');
  await system.start();
  ({ page, context, complaints } = await pageOpen());
  await context.addInitScript(() => { /* between the page and its player */
    const send = Worker.prototype.postMessage;
    Worker.prototype.postMessage = function told(m, ...more) {
      if (m?.t === 'film' && globalThis.most) m.most = globalThis.most;
      if (m?.t === 'open') globalThis.hub = btoa(String.fromCharCode(...m.home.hubs[0].sign));
      return send.call(this, m, ...more);
    };
    const { set } = Object.getOwnPropertyDescriptor(Worker.prototype, 'onmessage');
    Object.defineProperty(Worker.prototype, 'onmessage', { set(take) {
      set.call(this, (e) => {
        if (e.data?.t === 'filmPlan') for (const r of e.data.rows ?? []) r.octets = globalThis.large ?? r.octets;
        take(e);
      });
    } });
  });
  const { code } = await firstRun(page, await system.link(), 'Maria', 'Lake house');
  await codeConfirm(page, code);
  await page.getByRole('button', { name: 'Front door' }).click(); /* of all cameras */
  await title(page, 'Front door');
  await moves(page, 75);
});
after(async () => {
  await chromiumClose();
  await system.stop();
});

test('the last minute becomes a film that plays and that its hub vouches for', async () => {
  await open();
  await planned();
  await shot(page, 'export-choose');
  await accessible(page, 'export, choosing');
  const [download] = await Promise.all([page.waitForEvent('download'), make().click()]);
  assert.match(download.suggestedFilename(), /^Front door \d{4}-\d\d-\d\d \d\d\.\d\d\.\d\d\.mp4$/);
  film = system.at('film.mp4');
  await download.saveAs(film);
  await panel().getByText('The export is ready.').waitFor({ state: 'attached' });
  await shot(page, 'export-done');
  await accessible(page, 'export, done');

  words = await panel().locator('.words').textContent();
  const told = await panel().innerText();
  assert.ok(!told.includes('The server does not give out'), told); /* it gave all that it had */
  const key = (await page.evaluate(() => globalThis.hub)).replaceAll('+', '-').replaceAll('/', '_').replace(/=*$/, '');
  const { status, said } = verify(film, '--key', key);
  assert.equal(status, 0, said);
  assert.match(said, new RegExp(`^hub +${words}$`, 'm'));
  const [, pictures] = /^pictures +(\d+)$/m.exec(said);
  const [stream] = clean(film);
  assert.equal(stream.codec_name, 'h264');
  assert.equal(stream.nb_read_packets, pictures);
  assert.ok(Number(pictures) >= 60, pictures);
  assert.match(await panel().locator('.films').textContent(), new RegExp(` ${Number(pictures)} pictures`));
  const seen = await plays(film);
  assert.equal(seen.pictures, Number(pictures));
  assert.ok(Math.abs(seen.at - Number(stream.duration)) < 0.2, JSON.stringify(seen));
});

test('one octet changed, or one picture dropped from its end, is told with its time', async () => {
  const whole = fs.readFileSync(film);
  const { pieces, key } = apart(whole);
  const shots = pieces.filter((p) => sample.isPicture(p));
  const when = (p) => new Date(Math.floor(sample.time(p) / 1000)).toISOString().replace('T', ' ').replace('Z', ' UTC');
  const bent = Buffer.from(whole);
  bent[52 + shots[0].media.length + 40] ^= 1;
  const one = changed('bent.mp4', bent);
  assert.equal(one.status, 1);
  assert.ok(one.said.includes(`The picture of ${when(shots[1])} (sample 2) was changed.`), one.said);
  const less = changed('less.mp4', await together({ key, pieces: pieces.filter((p) => p !== shots.at(-1)) }));
  assert.equal(less.status, 1);
  /* between what stood before and behind it: that may be sound, which comes later than it was heard */
  const [, ...ends] = /^Pictures are missing between (.*) UTC and (.*) UTC\.$/m.exec(less.said) ?? assert.fail(less.said);
  const off = ends.map((t) => Date.parse(`${t.replace(' ', 'T')}Z`) - sample.time(shots.at(-1)) / 1000);
  assert.ok(off.every((ms) => Math.abs(ms) < NEAR_MS), `${off} ms off: ${less.said}`);
});

test('a large film goes to a file that somebody chooses, as it comes', async () => {
  await page.evaluate(async () => {
    const dir = await navigator.storage.getDirectory();
    globalThis.handle = await dir.getFileHandle('film.mp4', { create: true });
    globalThis.showSaveFilePicker = async (o) => {
      globalThis.proposed = o.suggestedName;
      if (globalThis.declined) throw new DOMException('no', 'AbortError');
      return globalThis.handle;
    };
    globalThis.large = 12e9;
    globalThis.declined = true;
  });
  await button('Another export').click();
  await panel().locator('.sum', { hasText: 'GB' }).waitFor();
  await make().click();
  await page.waitForFunction(() => globalThis.proposed);
  assert.equal(await make().isEnabled(), true, 'who declines is where he was');
  await page.evaluate(() => { globalThis.declined = false; });
  await make().click();
  await panel().getByText('Saved where you chose.').waitFor();
  const { octets, proposed } = await page.evaluate(async () => {
    const text = await new Promise((done) => {
      const r = new FileReader();
      r.onload = () => done(r.result);
      void globalThis.handle.getFile().then((f) => r.readAsDataURL(f));
    });
    return { octets: text.slice(text.indexOf(',') + 1), proposed: globalThis.proposed };
  });
  assert.match(proposed, /^Front door .*\.mp4$/);
  const other = changed('written.mp4', Buffer.from(octets, 'base64'));
  assert.equal(other.status, 0, other.said);
  assert.match(other.said, new RegExp(`^hub +${words}$`, 'm'));
});

test('what is too big is said before, and when it comes as a surprise', async () => {
  await page.evaluate(() => { delete globalThis.showSaveFilePicker; delete Window.prototype.showSaveFilePicker; });
  await button('Another export').click();
  await panel().getByText('more than this browser can keep').waitFor();
  assert.equal(await make().isDisabled(), true);
  await page.evaluate(() => Object.assign(globalThis, { large: 1e5, most: 100_000 }));
  await panel().getByLabel('With sound').uncheck();
  await planned();
  await make().click();
  await panel().getByText('larger than it may be').waitFor();
  await page.evaluate(() => { globalThis.most = 0; });
});

test('several cameras become a film each', async () => {
  await button('Another export').click();
  await panel().getByLabel('Porch').check();
  await planned();
  await shot(page, 'export-two');
  await button('Make 2 films').click();
  await panel().getByText('The export is ready.').waitFor({ state: 'attached' });
  await page.waitForFunction(() => document.querySelectorAll('section.export a[download]').length === 2);
  const cameras = [];
  for (const n of [0, 1]) {
    const [download] = await Promise.all([page.waitForEvent('download'), panel().getByRole('link', { name: 'Save' }).nth(n).click()]);
    assert.match(download.suggestedFilename(), n === 0 ? /^Front door / : /^Porch /);
    const file = system.at(`camera${n}.mp4`);
    await download.saveAs(file);
    assert.equal(verify(file).status, 0);
    cameras.push(runFields(apart(fs.readFileSync(file)).pieces[0]));
  }
  assert.notEqual(cameras[0], cameras[1]);
  await button('Another export').click();
  await panel().getByLabel('Porch').uncheck();
  await make().click();
  await panel().getByText('The export is ready.').waitFor({ state: 'attached' });
});

test('what was not recorded makes no film, and that is said before', async () => {
  await button('Another export').click();
  const to = panel().getByLabel('To', { exact: true });
  const from = panel().getByLabel('From', { exact: true });
  const day = (await from.inputValue()).slice(0, 10);
  await from.fill('2026-01-02T03:04:05');
  await panel().getByText('6 hours at most').waitFor();
  assert.equal(await make().isDisabled(), true);
  await to.fill('2026-01-02T03:05:05');
  await panel().getByText('Nothing was recorded there.').waitFor();
  assert.equal(await make().isDisabled(), true);
  await shot(page, 'export-error');
  await accessible(page, 'export, error');
  await to.fill(`${day}T00:00:01`);
  await button('Close').click();
  assert.equal(await panel().count(), 0);
});

test('it can be canceled, and goes on after the line was lost', async () => {
  await open();
  await planned();
  system.server.pause(true);
  await make().click();
  await page.getByRole('progressbar').waitFor();
  await shot(page, 'export-running');
  await accessible(page, 'export, running');
  await button('Cancel').click();
  await panel().getByText('Canceled.').waitFor();
  system.server.pause(false);
  await system.server.stop();
  await page.getByText('The server does not answer').first().waitFor();
  await button('Another export').click();
  const download = page.waitForEvent('download');
  await make().click();
  await panel().locator('.films').getByText('The connection is lost.').waitFor();
  await shot(page, 'export-lost');
  await system.serverStart();
  await page.getByRole('button', { name: 'Try now' }).click().catch(() => undefined);
  const file = system.at('later.mp4');
  await (await download).saveAs(file);
  assert.equal(verify(file).status, 0);
  await button('Close').click();
});

test('the picture that is shown becomes a JPEG with its time in its name', async () => {
  await moves(page, 4);
  const [download] = await Promise.all([page.waitForEvent('download'), button('Save this picture').click()]);
  assert.match(download.suggestedFilename(), /^Front door \d{4}-\d\d-\d\d \d\d\.\d\d\.\d\d\.jpg$/);
  const file = system.at('picture.jpg');
  await download.saveAs(file);
  const [stream] = clean(file);
  assert.equal(stream.codec_name, 'mjpeg');
  assert.equal(`${stream.width}x${stream.height}`, await page.evaluate(() => document.querySelector('canvas.picture').dataset.size));
  assert.deepEqual(complaints.filter((c) => !/Failed to load|WebSocket/.test(c)), []);
});
