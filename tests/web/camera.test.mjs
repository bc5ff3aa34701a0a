/*
 * camera.test.mjs - an RTSP camera (gst-rtsp-server, Digest) from the hub's
 * command line to the canvas; and what is said when its password is wrong, it
 * goes away, or sends H.265, which this browser does not play.
 */
import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { after, test } from 'node:test';
import { chromiumClose, pageOpen, shot } from './browser.mjs';
import { build } from './film.mjs';
import { apart, sample } from './forge.mjs';
import { accessible, codeConfirm, data, firstRun, go, moves, title, untilData } from './steps.mjs';
import { root } from './source.mjs';
import { System } from './system.mjs';

const PASSWORD = 'a-long-secret';
const program = path.join(build, 'tests/camera/test-camera');
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
  return { page, source, system };
}

function verify(file) {
  const { status, stdout } = spawnSync(path.join(build, 'src/cli/eaves'), ['verify', file], { encoding: 'utf8' });
  return { status, said: stdout };
}

function silent(program, ...args) {
  const { status, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8' });
  assert.deepEqual([stderr, status], ['', 0], program);
  return stdout;
}

/* A film of H.265: every program that knows it takes it, and `eaves verify` says where it was changed. */
async function film265(system, page, size, sounds) {
  await page.getByRole('button', { name: 'Export', exact: true }).click();
  const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'Make the film' }).click()]);
  const file = system.at('film.mp4');
  await download.saveAs(file);
  await page.getByText('It is H.265, as the camera sent it. Safari usually plays it').waitFor();
  await accessible(page, 'export of H.265');
  const whole = verify(file);
  assert.equal(whole.status, 0, whole.said);
  assert.match(whole.said, /^Every picture is as the camera's hub signed it\.$/m);
  const { streams } = JSON.parse(silent('ffprobe', '-v', 'error', '-count_packets', '-show_streams', '-of', 'json', file));
  const [v, ...more] = streams;
  assert.deepEqual([v.codec_name, v.codec_tag_string, `${v.width}x${v.height}`, more.map((a) => a.codec_name)],
    ['hevc', 'hvc1', size, sounds]);
  assert.equal(v.nb_read_packets, /^pictures +(\d+)$/m.exec(whole.said)[1]);
  silent('ffmpeg', '-v', 'error', '-i', file, '-fps_mode', 'passthrough', '-enc_time_base', '-1', '-f', 'null', '-');

  const octets = fs.readFileSync(file);
  const shots = apart(octets).pieces.filter(sample.isPicture);
  assert.ok(shots.length >= 15, String(shots.length));
  octets[octets.indexOf(shots[10].media) + shots[10].media.length - 1] ^= 1;
  fs.writeFileSync(file, octets);
  const bent = verify(file);
  const when = new Date(Math.floor(sample.time(shots[10]) / 1000)).toISOString().replace('T', ' ').replace('Z', ' UTC');
  assert.equal(bent.status, 1);
  assert.ok(bent.said.startsWith(`The picture of ${when} (sample 11) was changed.\nhub`), bent.said);
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
  const { page, system } = await house(PASSWORD, 'h265');
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
  await film265(system, page, '320x180', []);
});

/* What a camera with two streams tells of itself. */
async function onvif(...ports) {
  const child = spawn('python3', [path.join(root, 'tests/camera/onvif_camera.py'), ...ports.map((p) => `rtsp://127.0.0.1:${p}/live`)]);
  const url = await new Promise((done) => child.stdout.on('data', (d) => done(String(d).trim())));
  return { url, stop: () => child.stdin.end() };
}

test('of a big picture in H.265 the small one is shown, the big one recorded', { timeout: 120_000 }, async () => {
  const system = new System();
  const sources = [await camera(system, ['h265', 'aac'], '480x270'), await camera(system, [], '640x360')];
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

  /* what lies on the main stream is a film in H.265, in full size */
  await film265(system, page, '480x270', ['aac']);
  await shot(page, 'export-h265');
});

test('a wrong camera password is told in plain words', { timeout: 120_000 }, async () => {
  const { page } = await house('wrong');
  await page.getByText(/password/i).first().waitFor();
});
