/*
 * camera.test.mjs - an RTSP camera (gst-rtsp-server, Digest) from the hub's
 * command line to the canvas; and what is said when its password is wrong or it
 * goes away.
 */
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { after, test } from 'node:test';
import { chromiumClose, pageOpen } from './browser.mjs';
import { codeConfirm, data, firstRun, moves, untilData } from './steps.mjs';
import { System } from './system.mjs';

const program = path.join(process.env.EAVES_BUILD ?? 'build', 'tests/camera/test-camera');
after(chromiumClose);

async function camera(system, words) {
  const clip = system.at('clip');
  const h265 = words.includes('h265');
  const format = h265 ? ['libx265', '-x265-params', 'log-level=none', '-f', 'matroska'] : ['libx264', '-f', 'h264'];
  execFileSync('ffmpeg', ['-v', 'error', '-f', 'lavfi', '-i', `testsrc2=size=${h265 ? '320x180' : '1280x720'}:rate=15`, '-t', '8',
    '-preset', 'veryfast', '-tune', 'zerolatency', '-g', '30', '-c:v', ...format, clip]);
  const child = spawn(program, [clip, 'digest', ...words], { env: { ...process.env, CAMERA_PASSWORD: 'a-long-secret' } });
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
  const { page, source } = await house('a-long-secret');
  await moves(page, 30);
  assert.equal((await data(page)).size, '1280x720');
  assert.equal((await data(page)).verified, 'true');
  source.stop();
  await page.getByText('The camera is offline').first().waitFor();
});

test('a camera with sound that sends by UDP alone reaches the canvas', { timeout: 120_000 }, async () => {
  const { page } = await house('a-long-secret', 'udp', 'aac');
  await moves(page, 30);
  await page.getByRole('button', { name: 'Sound' }).click();
  await untilData(page, (d) => d.heard !== '' && Math.abs(Number(d.heard) - Number(d.captured)) < 80_000);
  assert.equal((await data(page)).verified, 'true');
});

test('a camera that sends H.265 alone is told in plain words', { timeout: 120_000 }, async () => {
  const { page } = await house('a-long-secret', 'h265');
  await page.getByText('The camera sends H.265. It is recorded').first().waitFor();
});

test('a wrong camera password is told in plain words', { timeout: 120_000 }, async () => {
  const { page } = await house('wrong');
  await page.getByText(/password/i).first().waitFor();
});
