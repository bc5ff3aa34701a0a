/*
 * camera.test.mjs - an RTSP camera (gst-rtsp-server, Digest) from the hub's
 * command line to the canvas; and what is said when its password is wrong, it
 * goes away, or sends H.265, which this browser does not play.
 */
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { after, test } from 'node:test';
import { chromiumClose, pageOpen, shot } from './browser.mjs';
import { accessible, codeConfirm, data, firstRun, go, moves, title, untilData } from './steps.mjs';
import { root } from './source.mjs';
import { System } from './system.mjs';

const PASSWORD = 'a-long-secret';
const program = path.join(process.env.EAVES_BUILD ?? 'build', 'tests/camera/test-camera');
after(chromiumClose);

async function camera(system, words, size = words.includes('h265') ? '320x180' : '1280x720') {
  const clip = system.at(`clip-${size}`);
  const h265 = words.includes('h265');
  const format = h265 ? ['libx265', '-x265-params', 'log-level=none', '-f', 'matroska'] : ['libx264', '-f', 'h264'];
  execFileSync('ffmpeg', ['-v', 'error', '-f', 'lavfi', '-i', `testsrc2=size=${size}:rate=15`, '-t', h265 ? '40' : '8',
    '-preset', 'veryfast', '-tune', 'zerolatency', '-g', '30', '-c:v', ...format, clip]);
  const child = spawn(program, [clip, 'digest', ...words], { env: { ...process.env, CAMERA_PASSWORD: PASSWORD } });
  const port = await new Promise((done) => child.stdout.on('data', (d) => done(/port (\d+)/.exec(d)[1])));
  return { port, stop: () => child.stdin.end('quit\n') };
}

async function house(password, ...words) {
  const system = new System();
  const source = await camera(system, words);
  after(async () => { await system.stop(); source.stop(); });
  fs.writeFileSync(system.at('hub/camera-password'), `${password}\n`, { mode: 0o600 });
  system.hubArgs = ['--camera', `rtsp://ada@127.0.0.1:${source.port}/live`];
  await system.start();
  const { page } = await pageOpen();
  const { code } = await firstRun(page, await system.link(), 'ada', 'Home');
  await codeConfirm(page, code);
  return { page, source };
}

test('an RTSP camera reaches the canvas, and is told when it goes', { timeout: 120_000 }, async () => {
  const { page, source } = await house(PASSWORD);
  await moves(page, 30);
  assert.equal((await data(page)).size, '1280x720');
  assert.equal((await data(page)).verified, 'true');
  source.stop();
  await page.getByText('The camera is offline').first().waitFor();
});

test('a camera with sound that sends by UDP alone reaches the canvas', { timeout: 120_000 }, async () => {
  const { page } = await house(PASSWORD, 'udp', 'aac');
  await moves(page, 30);
  await page.getByRole('button', { name: 'Sound' }).click();
  await untilData(page, (d) => d.heard !== '' && Math.abs(Number(d.heard) - Number(d.captured)) < 80_000);
  assert.equal((await data(page)).verified, 'true');
});

test('a camera that sends H.265 alone is told in plain words', { timeout: 120_000 }, async () => {
  const { page } = await house(PASSWORD, 'h265');
  const told = page.getByText('The camera sends H.265. It is recorded').locator('visible=true').first();
  await told.waitFor();
  await page.locator('canvas.picture').waitFor({ state: 'attached' });
  await accessible(page, 'H.265 alone');
  await shot(page, 'h265-alone');
  /* nor does what was recorded of it */
  const slider = page.getByRole('slider', { name: 'Time' });
  await slider.focus();
  for (let i = 0; i < 3; i++) await page.keyboard.press('ArrowLeft');
  await untilData(page, (d) => Number(d.position) > 0 && d.picture === 'unplayable');
  await told.waitFor();
  await page.keyboard.press('End');
  await untilData(page, (d) => d.position === '0' && d.picture === 'unplayable');
});

/* What a camera with two streams tells of itself. */
async function onvif(...ports) {
  const child = spawn('python3', [path.join(root, 'tests/camera/onvif_camera.py'), ...ports.map((p) => `rtsp://127.0.0.1:${p}/live`)]);
  const url = await new Promise((done) => child.stdout.on('data', (d) => done(String(d).trim())));
  return { url, stop: () => child.stdin.end() };
}

test('of a big picture in H.265 the small one is shown, the big one recorded', { timeout: 120_000 }, async () => {
  const system = new System();
  const sources = [await camera(system, ['h265'], '480x270'), await camera(system, [], '640x360')];
  sources.push(await onvif(...sources.map((s) => s.port)));
  after(async () => { await system.stop(); for (const s of sources) s.stop(); });
  system.hubArgs = [];
  await system.start();
  const { page } = await pageOpen();
  const { code } = await firstRun(page, await system.link(), 'Ada', 'Home');
  await codeConfirm(page, code);
  await page.getByRole('main').getByRole('button', { name: 'Add a camera' }).click();
  await page.getByLabel('Address of the camera').fill(sources[2].url);
  await page.getByRole('button', { name: 'Continue' }).click();
  await page.getByLabel('User name of the camera').fill('ada');
  await page.getByLabel('Password of the camera').fill(PASSWORD);
  await go(page);
  await page.locator('canvas.tried').waitFor(); /* a small picture is made of H.265, too */
  await page.getByText('Its big picture is H.265.').waitFor();
  await accessible(page, 'add: H.265');
  await page.getByLabel('Name', { exact: true }).fill('Yard');
  await go(page);
  await title(page, 'Yard');
  const told = page.getByText('Recorded in full size as H.265, which this browser does not play: you see the small picture.');
  await told.waitFor();
  await moves(page, 30);
  const d = await untilData(page, (x) => x.picture === 'live' && x.verified === 'true');
  assert.equal(d.size, '640x360');
  await page.getByText(/Safari usually plays it/).waitFor();
  await accessible(page, 'H.265 beside H.264');
  await shot(page, 'h265-small');

  /* some seconds back, of what this page never had: the small one, and it moves */
  await page.reload();
  await told.waitFor();
  const now = Number((await untilData(page, (x) => x.picture === 'live')).captured);
  await page.getByRole('slider', { name: 'Time' }).focus();
  for (let i = 0; i < 3; i++) await page.keyboard.press('ArrowLeft');
  const past = (x, us) => x.picture === 'past' && Number(x.captured) > 0 && Number(x.captured) < us;
  const was = await untilData(page, past, now);
  assert.equal(was.size, '640x360');
  await moves(page, 5);
  assert.equal((await data(page)).picture, 'past');
  await told.waitFor();

  /* what lies on the main stream is H.265: of the small one a film could be made */
  await page.getByRole('button', { name: 'Export', exact: true }).click();
  await page.getByRole('button', { name: 'Make the film' }).click();
  await page.getByText('This camera sends H.265. No plain film can be made of it yet.').first().waitFor();
});

test('a wrong camera password is told in plain words', { timeout: 120_000 }, async () => {
  const { page } = await house('wrong');
  await page.getByText(/password/i).first().waitFor();
});
