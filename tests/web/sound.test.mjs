/*
 * Sound in step with its pictures: a camera that flashes and beeps at the same
 * moments, from its file through hub, server and worker to the loudspeaker and
 * the canvas of a real Chromium; live, and from the recording.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { after, before, test } from 'node:test';
import { chromiumClose, pageOpen, shot } from './browser.mjs';
import { accessible, codeConfirm, data, firstRun, moves, untilData } from './steps.mjs';
import { load } from './source.mjs';
import { System } from './system.mjs';

const DRIFT_MS = 80;
const system = new System();
let page;
let complaints;

/*
 * In the page, before the app: what goes to the loudspeaker is looked at, and
 * so is the canvas. Both note when a beep or a flash begins: moments (ms) at
 * which it is heard or seen.
 */
function watching() {
  const seen = { beeps: [], flashes: [], loud: [] };
  globalThis.seen = seen;
  const connect = AudioNode.prototype.connect;
  const onset = (list, at) => {
    if (at - (list.at(-1) ?? 0) > 500) list.push(at);
  };
  AudioNode.prototype.connect = function tapped(to, ...more) {
    if (to instanceof AudioDestinationNode) {
      const c = this.context;
      const a = new AnalyserNode(c, { fftSize: 8192 });
      connect.call(this, a);
      const room = new Float32Array(a.fftSize);
      const look = () => {
        if (c.state === 'closed') return;
        setTimeout(look, 40);
        a.getFloatTimeDomainData(room);
        const i = room.findIndex((v) => Math.abs(v) > 0.2);
        if (i < 1) return;
        const t = c.getOutputTimestamp();
        const at = c.currentTime - (room.length - i) / c.sampleRate;
        onset(seen.beeps, t.performanceTime + (at - t.contextTime) * 1000);
      };
      look();
    }
    return connect.call(this, to, ...more);
  };
  const small = new OffscreenCanvas(8, 8).getContext('2d', { willReadFrequently: true });
  const canvasLook = () => {
    requestAnimationFrame(canvasLook);
    const canvas = document.querySelector('canvas.picture');
    if (!canvas?.width) return;
    small.drawImage(canvas, 0, 0, 8, 8);
    if (small.getImageData(4, 4, 1, 1).data[0] > 128) onset(seen.flashes, performance.now());
  };
  requestAnimationFrame(canvasLook);
}

before(async () => {
  const clip = system.at('clip.mp4');
  execFileSync('ffmpeg', ['-v', 'error',
    '-f', 'lavfi', '-i', "color=black:size=320x180:rate=25,drawbox=color=white:t=fill:enable='lt(mod(t,1),0.2)'",
    '-f', 'lavfi', '-i', "aevalsrc='if(lt(mod(t,1),0.2),0.8*sin(2*PI*1000*t),0)':s=48000",
    '-t', '20', '-c:v', 'libx264', '-preset', 'veryfast', '-bf', '0', '-g', '25', '-c:a', 'aac', clip]);
  system.hubArgs = ['--camera', clip, '--camera-name', 'Nursery'];
  await system.start();
  const opened = await pageOpen();
  ({ page, complaints } = opened);
  await opened.context.addInitScript(watching);
  const { code } = await firstRun(page, await system.link(), 'Ada', 'House');
  await codeConfirm(page, code);
  await moves(page, 10);
});
after(async () => {
  await chromiumClose();
  await system.stop();
});

const button = () => page.getByRole('button', { name: /^Sound/ });

/* At n pictures in a row, what is heard beside them. */
async function drifts(n) {
  await untilData(page, (d) => d.heard !== '');
  return page.evaluate((count) => new Promise((done) => {
    const canvas = document.querySelector('canvas.picture');
    const all = [];
    canvas.addEventListener('eaves-drawn', function look() {
      const { heard, captured } = canvas.dataset;
      all.push(heard === '' ? null : (Number(heard) - Number(captured)) / 1000);
      if (all.length < count) return;
      canvas.removeEventListener('eaves-drawn', look);
      done(all);
    });
  }), n);
}

/* A moment in ten may be without sound, or its picture be late. */
function isInStep(all) {
  const off = all.filter((d) => d !== null).map(Math.abs).sort((a, b) => a - b);
  return off.length >= 0.9 * all.length && off[Math.floor(0.9 * off.length)] < DRIFT_MS &&
    off[off.length >> 1] < DRIFT_MS / 2;
}

/* A machine that stalls for long has another chance, and a third. */
async function inStep(n, what) {
  const said = [];
  for (let i = 0; i < 3; i++) {
    const all = await drifts(n);
    if (isInStep(all)) return;
    said.push(all.map((d) => d?.toFixed(0) ?? '-').join(' '));
  }
  assert.fail(`${what}: ${said.join(' | ')}`);
}

/* By how much beeps are heard later than flashes are seen, each. */
async function beepsAndFlashes(n) {
  await page.evaluate(() => { globalThis.seen.beeps.length = globalThis.seen.flashes.length = 0; });
  const { beeps, flashes } = await page.evaluate((count) => new Promise((done) => {
    const timer = setInterval(() => {
      const { seen } = globalThis;
      if (seen.beeps.length < count || seen.flashes.length < count) return;
      clearInterval(timer);
      done(seen);
    }, 100);
  }), n + 1);
  return beeps.map((b) => flashes.map((f) => b - f).sort((x, y) => Math.abs(x) - Math.abs(y))[0])
    .filter((d) => Math.abs(d) < 500).sort((x, y) => x - y);
}

/* What an eye and an ear before this machine would say: the middle one. */
async function looksInStep(n, what) {
  const said = [];
  for (let i = 0; i < 3; i++) {
    const apart = await beepsAndFlashes(n);
    if (Math.abs(apart[apart.length >> 1]) < DRIFT_MS) return;
    said.push(apart.map((d) => d.toFixed(0)).join(' '));
  }
  assert.fail(`${what}, to eye and ear: ${said.join(' | ')}`);
}

test('every octet of G.711 sounds as it does elsewhere; what a browser lacks is known', async () => {
  const { g711, canHear } = await load('player/g711', 'player/ear');
  const all = Buffer.from(Array.from({ length: 256 }, (_, i) => i));
  for (const [codec, name] of [[3, 'mulaw'], [4, 'alaw']]) {
    const pcm = execFileSync('ffmpeg', ['-v', 'error', '-f', name, '-ar', '8000', '-i', '-', '-f', 's16le', '-'], { input: all });
    const [plane] = g711(codec, 1, all);
    plane.forEach((v, i) => assert.equal(Math.round(v * 32768) + 0, pcm.readInt16LE(2 * i), `${name} ${i}`));
    assert.deepEqual(g711(codec, 2, all).map((p) => p[1]), [plane[2], plane[3]]);
    assert.equal(await canHear({ codec }), true);
  }
  assert.equal(await canHear({ codec: 2 }), false); /* here is no AudioDecoder */
});

test('it is muted at first, and heard in step with its pictures', { timeout: 120_000 }, async () => {
  await button().waitFor();
  assert.equal(await button().getAttribute('aria-pressed'), 'false');
  assert.equal((await data(page)).heard, '');
  assert.equal(await page.evaluate(() => globalThis.seen.beeps.length), 0);
  await button().click();
  assert.equal(await button().getAttribute('aria-pressed'), 'true');
  await untilData(page, (d) => d.heard !== '');
  await moves(page, 50);
  await looksInStep(4, 'live');
  await inStep(50, 'live');
});

test('what was recorded is heard at its own speed, and only there', { timeout: 120_000 }, async () => {
  const slider = page.getByRole('slider', { name: 'Time' });
  await slider.focus();
  await page.keyboard.press('ArrowDown'); /* ten seconds back */
  await untilData(page, (d) => d.picture === 'past' && d.heard !== '');
  await looksInStep(3, 'past');
  await inStep(50, 'past');
  await page.locator('.speed select').selectOption('2');
  await untilData(page, (d) => d.heard === '');
  await page.getByRole('button', { name: /normal speed/ }).waitFor();
  await page.locator('.speed select').selectOption('1');
  await untilData(page, (d) => d.heard !== '');
  await page.getByRole('button', { name: 'Pause' }).click();
  await page.evaluate(() => { globalThis.seen.beeps.length = 0; });
  await page.getByRole('button', { name: 'Play' }).waitFor();
  await slider.focus();
  await page.keyboard.press('.'); /* a picture on: beside it nothing is heard */
  await untilData(page, (d) => d.heard === '');
  await page.getByRole('button', { name: 'Back to live' }).click();
  await inStep(25, 'live again');
  assert.equal(await page.evaluate(() => globalThis.seen.beeps.length > 3), false);
});

test('one key mutes it, the volume is kept, and complaints there are none', { timeout: 120_000 }, async () => {
  await page.getByRole('slider', { name: 'Volume' }).fill('40');
  await shot(page, 'sound');
  await accessible(page, 'sound');
  await page.locator('canvas.picture').click();
  await page.keyboard.press('m');
  await untilData(page, (d) => d.heard === '');
  assert.equal(await button().getAttribute('aria-pressed'), 'false');
  await page.keyboard.press('m');
  await untilData(page, (d) => d.heard !== '');
  assert.equal(await page.getByRole('slider', { name: 'Volume' }).inputValue(), '40');
  assert.deepEqual(complaints, []);
});

test('a camera that is not to be heard is not', { timeout: 120_000 }, async () => {
  await system.hub.stop();
  system.hubArgs.push('--no-sound');
  system.hubStart();
  await page.getByRole('button', { name: /There is no sound/ }).waitFor();
  await moves(page, 50);
  await untilData(page, (d) => d.heard === '');
  await page.keyboard.press('m');
  await button().waitFor({ state: 'detached' });
});
