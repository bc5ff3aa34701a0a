/*
 * live.mjs - from the capture's stamp to the canvas, Eaves beside bare-live on
 * the same clip, 5 interleaved runs each; 720p15 and 1080p30. And start: the
 * server until it is ready, a signed-in page until its first picture.
 *
 *   node live.mjs BUILD live|start
 */
import { execFileSync, spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { chromiumClose, pageOpen } from '../tests/web/browser.mjs';
import { codeConfirm, firstRun, moves } from '../tests/web/steps.mjs';
import { until } from '../tests/web/engines.mjs';
import { System } from '../tests/web/system.mjs';

const [build, what] = process.argv.slice(2);
const RUNS = Number(process.env.EAVES_RUNS ?? 5);
const WARM_FRAMES = 45;
const FRAMES = 150;
const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'eaves-live-'));
const at = (q) => (rows) => [...rows].sort((a, b) => a - b)[Math.floor((rows.length - 1) * q)];
const p50 = at(0.5);
const p95 = at(0.95);
const say = (o) => console.log(JSON.stringify(o));

function clipMake(name, size, fps, kbps) {
  const file = path.join(dir, `${name}.h264`);
  execFileSync('ffmpeg', ['-v', 'error', '-f', 'lavfi', '-i', `testsrc2=size=${size}:rate=${fps}`, '-t', '10',
    '-c:v', 'libx264', '-preset', 'veryfast', '-tune', 'zerolatency', '-g', String(2 * fps), '-b:v', `${kbps}k`,
    '-bsf:v', 'h264_metadata=aud=insert', '-f', 'h264', file]);
  return file;
}

async function bare(clip, fps) {
  const feed = spawn(path.join(build, 'benches/feed'), [clip, String(fps)], { stdio: ['ignore', 'pipe', 'inherit'] });
  const live = spawn(path.join(build, 'benches/bare-live'), { stdio: [feed.stdout, 'pipe', 'inherit'] });
  const port = await new Promise((done) => live.stdout.on('data', (d) => done(/port (\d+)/.exec(d)[1])));
  const { page, context } = await pageOpen();
  await page.goto(`http://localhost:${port}/`);
  const rows = await until('the bare picture', () => page.evaluate((n) => globalThis.rows.length >= n && globalThis.rows, WARM_FRAMES + FRAMES), 60_000);
  await context.close();
  live.kill();
  feed.kill();
  return rows.slice(WARM_FRAMES, WARM_FRAMES + FRAMES);
}

/* The canvas says for each picture when it was captured. */
const WATCH = () => {
  const rows = globalThis.rows = [];
  const canvas = document.querySelector('canvas.picture');
  canvas.addEventListener('eaves-drawn', () =>
    rows.push(performance.timeOrigin + performance.now() - Number(canvas.dataset.captured) / 1000));
};

async function eaves(clip, fps) {
  const system = new System();
  const fifo = system.at('camera');
  execFileSync('mkfifo', ['-m', '600', fifo]);
  const held = fs.openSync(fifo, 'r+');
  const feed = spawn(path.join(build, 'benches/feed'), [clip, String(fps)], { stdio: ['ignore', held, 'inherit'] });
  system.hubArgs = ['--camera', `pipe:${fifo}`];
  await system.start();
  const { page, context } = await pageOpen();
  const { code } = await firstRun(page, await system.link(), 'ada', 'Home');
  await codeConfirm(page, code);
  await moves(page, WARM_FRAMES);
  await page.evaluate(WATCH);
  const rows = await until('the picture', () => page.evaluate((n) => globalThis.rows.length >= n && globalThis.rows, FRAMES), 60_000);
  await context.close();
  await system.stop();
  feed.kill();
  fs.closeSync(held);
  return rows.slice(0, FRAMES);
}

async function live() {
  for (const [name, size, fps, kbps] of [['720p15', '1280x720', 15, 1500], ['1080p30', '1920x1080', 30, 4000]]) {
    const clip = clipMake(name, size, fps, kbps);
    const ours = [], theirs = [];
    for (let i = 0; i < RUNS; i++) {
      const b = await bare(clip, fps), e = await eaves(clip, fps);
      theirs.push(p50(b));
      ours.push(p50(e));
      console.error(`${name} run ${i + 1}: eaves ${p50(e).toFixed(1)}/${p95(e).toFixed(1)} ms, bare ${p50(b).toFixed(1)}/${p95(b).toFixed(1)} ms (p50/p95)`);
    }
    say({ bench: 'live', clip: name, runs: RUNS, eaves_ms: +p50(ours).toFixed(2), bare_ms: +p50(theirs).toFixed(2), ratio: +(p50(ours) / p50(theirs)).toFixed(3) });
  }
}

async function start() {
  const system = await new System().start();
  const ready = [];
  const { page, context } = await pageOpen();
  const { code } = await firstRun(page, await system.link(), 'ada', 'Home');
  await codeConfirm(page, code);
  await moves(page, 20);
  const first = [];
  for (let i = 0; i < 4 * RUNS; i++) {
    const begin = performance.now();
    await page.reload({ waitUntil: 'commit' });
    await moves(page, 1);
    first.push(performance.now() - begin);
  }
  await context.close();
  for (let i = 0; i < RUNS; i++) {
    await system.server.stop();
    const begin = performance.now();
    await system.serverStart();
    ready.push(performance.now() - begin);
  }
  await system.stop();
  say({ bench: 'start', server_ready_ms: +p50(ready).toFixed(1), first_draw_ms: +p50(first).toFixed(1), first_draw_p95_ms: +p95(first).toFixed(1), of: first.length });
}

await (what === 'start' ? start() : live());
await chromiumClose();
fs.rmSync(dir, { recursive: true, force: true });
process.exit();
