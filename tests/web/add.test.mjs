/*
 * A home whose hub has no camera adds one in the app: by its address, with its
 * password, over a command that only the hub can read; then renames nothing,
 * and sees it move. Then one in a USB port of the hub's machine, which is
 * found there. Its device is a stand-in (tests/camera/usb): a file that gives
 * the pictures of a film; no real one was ever tried.
 */
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { chromiumClose, pageOpen, shot } from './browser.mjs';
import { accessible, codeConfirm, firstRun, go, moves, title, untilData } from './steps.mjs';
import { System } from './system.mjs';

const program = path.join(process.env.EAVES_BUILD ?? 'build', 'tests/camera/test-camera');
const PASSWORD = 'a-long-secret';
const system = new System();
let page;
let camera;
let port;

/* Devices as this hub sees them: /dev is a folder of files. */
function devicesMake() {
  const at = (...parts) => system.at('dev', ...parts);
  const film = system.at('film.mjpeg');
  execFileSync('ffmpeg', ['-v', 'error', '-f', 'lavfi', '-i', 'testsrc2=size=640x480:rate=10', '-t', '2', '-c:v',
    'mjpeg', '-q:v', '5', '-f', 'mjpeg', film]);
  const starts = [];
  const octets = fs.readFileSync(film);
  for (let i = octets.indexOf('ffd8ff', 0, 'hex'); i >= 0; i = octets.indexOf('ffd8ff', i + 3, 'hex')) starts.push(i);
  const frames = starts.map((from, i) => octets.subarray(from, starts[i + 1] ?? octets.length));
  const length = (n) => Buffer.from([n >> 24, n >> 16, n >> 8, n]);
  fs.writeFileSync(system.at('frames'), Buffer.concat(frames.flatMap((f) => [length(f.length), f])));
  fs.mkdirSync(at('v4l/by-id'), { recursive: true });
  const device = (name, words) => {
    fs.writeFileSync(at(name), '');
    if (!words) return;
    fs.truncateSync(at(name), 8 << 20);
    fs.appendFileSync(at(name), `device ${words}`);
  };
  device('video0', `name=Desk ${system.at('frames')} mjpeg`);
  device('video1', 'name=Radio radio');
  device('video2', '');
  fs.symlinkSync('../../video0', at('v4l/by-id', 'usb-Maker_Desk_7-video-index0'));
  process.env.DEVICE_FOLDER = at();
}

before(async () => {
  devicesMake();
  system.hubProgram = 'tests/camera/usb/eaves-hub';
  const clip = system.at('clip.h264');
  execFileSync('ffmpeg', ['-v', 'error', '-f', 'lavfi', '-i', 'testsrc2=size=1280x720:rate=15', '-t', '8', '-c:v',
    'libx264', '-preset', 'veryfast', '-tune', 'zerolatency', '-g', '30', '-f', 'h264', clip]);
  camera = spawn(program, [clip, 'digest'], { env: { ...process.env, CAMERA_PASSWORD: PASSWORD } });
  port = await new Promise((done) => camera.stdout.on('data', (d) => done(/port (\d+)/.exec(d)[1])));
  system.hubArgs = [];
  await system.start();
  ({ page } = await pageOpen());
  const { code } = await firstRun(page, await system.link(), 'Ada', 'Home');
  await codeConfirm(page, code);
  await title(page, 'No camera yet');
});
after(async () => {
  await chromiumClose();
  await system.stop();
  camera.stdin.end('quit\n');
});

test('what is no address is told', async () => {
  await page.getByRole('main').getByRole('button', { name: 'Add a camera' }).click();
  await page.getByLabel('Address of the camera').fill('no address: at all');
  await page.getByRole('button', { name: 'Continue' }).click();
  await page.getByText('That is no address.').waitFor();
  await accessible(page, 'add a camera');
  await shot(page, 'add');
});

test('a wrong password is told in words', async () => {
  await page.getByLabel('Address of the camera').fill(`rtsp://127.0.0.1:${port}/live`);
  await page.getByRole('button', { name: 'Continue' }).click();
  await page.getByLabel('User name of the camera').fill('ada');
  await page.getByLabel('Password of the camera').fill('not this one');
  await go(page);
  await page.getByText('It refuses the user name or the password.').waitFor();
  await accessible(page, 'add: sign in');
  await shot(page, 'add-login');
});

test('its picture is shown before it is added; then it moves', async () => {
  await page.getByLabel('Password of the camera').fill(PASSWORD);
  await go(page);
  await page.locator('canvas.tried').waitFor();
  await page.getByLabel('Name', { exact: true }).fill('Yard');
  await accessible(page, 'add: name');
  await shot(page, 'add-name');
  await go(page);
  await moves(page, 20);
  await title(page, 'Yard');
  const d = await untilData(page, (x) => x.verified === 'true');
  assert.equal(d.size, '1280x720');
});

test('after a restart the hub knows it again', async () => {
  await system.hub.stop();
  system.hubStart();
  await page.reload();
  await moves(page, 10);
});

test('a webcam of the hub’s machine is found, looked at and added, without a login', async () => {
  await page.getByRole('button', { name: 'Add a camera' }).click();
  await page.getByRole('button', { name: 'Look for cameras' }).click();
  const webcam = page.getByRole('button', { name: 'Webcam: Desk' });
  await webcam.waitFor();
  assert.equal(await page.locator('.found li').count(), 1, 'a radio is no camera');
  await page.getByText('(video2) cannot be looked at. The hub may not open it').waitFor();
  await accessible(page, 'add: found');
  await shot(page, 'add-found');
  await webcam.click();
  await page.locator('canvas.tried').waitFor();
  assert.equal(await page.getByLabel('Name', { exact: true }).inputValue(), 'Desk');
  assert.equal(await page.getByLabel('Record sound').count(), 0);
  await page.getByLabel('Name', { exact: true }).fill('Study');
  await shot(page, 'add-webcam');
  await go(page);
  for (const [name, size] of [['Study', '640x480'], ['Yard', '1280x720']]) {
    await page.getByRole('navigation', { name: 'Cameras' }).getByRole('button', { name }).click();
    await untilData(page, (x, [wide, from]) => x.size === wide && x.picture === 'live' && x.verified === 'true' &&
      Number(x.captured) > from, [size, Date.now() * 1000]);
  }
});

test('what the home has already is not offered again', async () => {
  await page.getByRole('button', { name: 'Add a camera' }).click();
  await page.getByRole('button', { name: 'Look for cameras' }).click();
  await page.getByText('(video2) cannot be looked at.').waitFor();
  assert.equal(await page.locator('.found li').count(), 0);
});

test('the server holds neither its address nor its password', () => {
  for (const file of fs.readdirSync(system.at('server'), { recursive: true })) {
    const at = system.at('server', String(file));
    if (!fs.statSync(at).isFile()) continue;
    const octets = fs.readFileSync(at);
    for (const word of [PASSWORD, `127.0.0.1:${port}/live`, 'Yard', 'Study', 'usb-Maker_Desk_7'])
      assert.ok(!octets.includes(word), `${word} in ${file}`);
  }
});
