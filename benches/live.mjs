/*
 * live.mjs - from the capture's stamp to the canvas, Eaves beside bare-live on
 * the same clip, 5 interleaved runs each; 720p15 and 1080p30. And start: the
 * server until it is ready, a signed-in page until its first picture.
 *
 * And rtsp: from the camera's hand to the canvas, the same clip by RTSP (a
 * gst-rtsp-server) and by `pipe:`, interleaved: a picture that waited for the next
 * one would cost RTSP a frame time.
 *
 *   node live.mjs BUILD live|start|rtsp
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

/* --- rtsp beside pipe --- */

const BITS = 8;
const NUMBERED = 240; /* pictures of the clip: all their numbers fit */

/* Its pictures carry their number: a row of light and dark boxes. */
function numberedClip() {
  const file = path.join(dir, 'numbered.h264');
  const boxes = Array.from({ length: BITS }, (_, b) =>
    `drawbox=x=${b * 32}:y=0:w=32:h=32:color=white:t=fill:enable='gt(mod(floor(n/${2 ** b}),2),0.5)'`);
  execFileSync('ffmpeg', ['-v', 'error', '-f', 'lavfi', '-i', 'testsrc2=size=1280x720:rate=15', '-vf',
    ['drawbox=x=0:y=0:w=256:h=32:color=black:t=fill', ...boxes].join(','), '-frames:v', String(NUMBERED),
    '-c:v', 'libx264', '-preset', 'veryfast', '-tune', 'zerolatency', '-g', '30', '-b:v', '1500k',
    '-bsf:v', 'h264_metadata=aud=insert', '-f', 'h264', file]);
  return file;
}

/* Each new number that the canvas shows, and when. */
const NUMBERS = (bits) => {
  const rows = globalThis.rows = [];
  const from = document.querySelector('canvas.picture');
  const c = document.createElement('canvas');
  c.width = bits * 32;
  c.height = 1;
  const g = c.getContext('2d', { willReadFrequently: true });
  let last = -1;
  const look = () => {
    g.drawImage(from, 0, 16, bits * 32, 1, 0, 0, bits * 32, 1);
    const dots = g.getImageData(0, 0, bits * 32, 1).data;
    let n = 0;
    for (let b = 0; b < bits; b++) if (dots[(b * 32 + 16) * 4] > 128) n += 2 ** b;
    if (n !== last) rows.push([n, (performance.timeOrigin + performance.now()) * 1000]);
    last = n;
    requestAnimationFrame(look);
  };
  look();
};

/* ms from the camera's hand to the canvas, for each picture seen. */
function delays(rows, given) {
  const at = new Map();
  for (const [n, us] of given) {
    const k = n % NUMBERED;
    if (!at.has(k)) at.set(k, []);
    at.get(k).push(us);
  }
  return rows.flatMap(([n, us]) => {
    const before = (at.get(n) ?? []).filter((t) => t <= us);
    return before.length ? [(us - Math.max(...before)) / 1000] : [];
  });
}

const givenOf = (text) => [...text.matchAll(/^given (\d+) (\d+)$/gm)].map((m) => [Number(m[1]), Number(m[2])]);

async function numberedRun(system) {
  await system.start();
  const { page, context } = await pageOpen();
  const { code } = await firstRun(page, await system.link(), 'ada', 'Home');
  await codeConfirm(page, code);
  await moves(page, WARM_FRAMES);
  await page.evaluate(NUMBERS, BITS);
  const rows = await until('the numbers', () => page.evaluate((n) => globalThis.rows.length >= n && globalThis.rows, FRAMES), 60_000);
  await context.close();
  await system.stop();
  return rows;
}

async function byPipe(clip) {
  const system = new System();
  const fifo = system.at('camera');
  const log = path.join(dir, 'given');
  execFileSync('mkfifo', ['-m', '600', fifo]);
  const held = fs.openSync(fifo, 'r+');
  const feed = spawn(path.join(build, 'benches/feed'), [clip, '15', log], { stdio: ['ignore', held, 'inherit'] });
  system.hubArgs = ['--camera', `pipe:${fifo}`];
  const rows = await numberedRun(system);
  feed.kill();
  fs.closeSync(held);
  return delays(rows, givenOf(fs.readFileSync(log, 'utf8')));
}

async function byRtsp(clip) {
  const system = new System();
  const camera = spawn(path.join(build, 'tests/camera/test-camera'), [clip, 'none', 'times'], { stdio: ['pipe', 'pipe', 'inherit'] });
  let said = '';
  const port = await new Promise((done) => camera.stdout.on('data', (d) => {
    said += d;
    const m = /port (\d+)/.exec(said);
    if (m) done(m[1]);
  }));
  system.hubArgs = ['--camera', `rtsp://127.0.0.1:${port}/live`];
  const rows = await numberedRun(system);
  camera.stdin.end('quit\n');
  return delays(rows, givenOf(said));
}

async function rtsp() {
  const clip = numberedClip();
  const pipes = [], cameras = [];
  for (let i = 0; i < RUNS; i++) {
    const p = await byPipe(clip), r = await byRtsp(clip);
    pipes.push(p50(p));
    cameras.push(p50(r));
    console.error(`run ${i + 1}: rtsp ${p50(r).toFixed(1)}/${p95(r).toFixed(1)} ms of ${r.length}, pipe ${p50(p).toFixed(1)}/${p95(p).toFixed(1)} ms of ${p.length} (p50/p95)`);
  }
  const more = p50(cameras) - p50(pipes);
  say({ bench: 'rtsp', clip: '720p15', runs: RUNS, rtsp_ms: +p50(cameras).toFixed(2), pipe_ms: +p50(pipes).toFixed(2), more_ms: +more.toFixed(2), frame_ms: +(1000 / 15).toFixed(1), of_a_frame: +(more / (1000 / 15)).toFixed(3) });
}

await { start, rtsp, live }[what]();
await chromiumClose();
fs.rmSync(dir, { recursive: true, force: true });
process.exit();
