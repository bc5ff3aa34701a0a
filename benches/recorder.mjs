/*
 * recorder.mjs - a recorder's day in small: 8 RTSP cameras (gst-rtsp-server,
 * 720p and 1080p, each with sound) recorded for a while, beside `ffmpeg -c copy`
 * of the same cameras, with somebody who looks now and then. A JSON line each
 * minute for each kind of process; at the end whether they were flat, what
 * a camera cost, and what `eaves gaps` finds missing.
 *
 *   node recorder.mjs BUILD [SECONDS]
 */
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { chromiumClose, pageOpen } from '../tests/web/browser.mjs';
import { codeConfirm, firstRun, moves } from '../tests/web/steps.mjs';
import { System } from '../tests/web/system.mjs';

const [build, seconds = '1800'] = process.argv.slice(2);
const SECONDS = Number(seconds);
const EACH = Math.max(2, SECONDS / 30);
const GROWTH_KB = 16384;
const CAMERAS = [
  ['1280x720', 'aac'], ['1920x1080', 'opus'], ['1280x720', 'pcmu'], ['1920x1080', 'pcma'],
  ['1280x720', 'opus'], ['1920x1080', 'aac'], ['1280x720', 'pcma'], ['1920x1080', 'aac'],
];
const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'eaves-recorder-'));
const say = (o) => console.log(JSON.stringify({ bench: 'recorder', ...o }));
const pause = (ms) => new Promise((done) => setTimeout(done, ms));

function clip(size) {
  const file = path.join(dir, `${size}.h264`);
  if (!fs.existsSync(file))
    execFileSync('ffmpeg', ['-v', 'error', '-f', 'lavfi', '-i', `testsrc2=size=${size}:rate=15`, '-t', '20',
      '-c:v', 'libx264', '-preset', 'veryfast', '-tune', 'zerolatency', '-g', '30',
      '-b:v', size === '1280x720' ? '1500k' : '3000k', '-f', 'h264', file]);
  return file;
}

async function camera([size, sound]) {
  const child = spawn(path.join(build, 'tests/camera/test-camera'), [clip(size), 'none', sound],
    { stdio: ['pipe', 'pipe', 'inherit'] });
  const port = await new Promise((done) => child.stdout.once('data', (d) => done(/port (\d+)/.exec(d)[1])));
  return { child, url: `rtsp://127.0.0.1:${port}/live` };
}

/* --- what processes hold --- */

const read = (pid, file) => {
  try {
    return fs.readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch {
    return '';
  }
};
const pss = (pid) => Number(/^Pss:\s+(\d+)/m.exec(read(pid, 'smaps_rollup'))?.[1] ?? 0);
const cpu = (pid) => {
  const words = read(pid, 'stat').replace(/.*\) /, '').split(' ');
  return (Number(words[11]) + Number(words[12])) / 100;
};
const fds = (pid) => {
  try {
    return fs.readdirSync(`/proc/${pid}/fd`).length;
  } catch {
    return 0;
  }
};

/* By what it is: the last word of its arguments tells eavesd's children. */
function kind(pid, top) {
  const words = read(pid, 'cmdline').split('\0').filter(Boolean);
  if (path.basename(words[0] ?? '') === 'eaves-capture') return 'captures';
  const role = words.slice(1).find((w) => ['edge', 'core', 'keeper', 'hub'].includes(w));
  return role ?? top;
}

function sample(system, copies) {
  const by = {};
  const add = (name, pid) => {
    const s = by[name] ??= { pids: [], pss_kb: 0, fds: 0, cpu_s: 0 };
    s.pids.push(pid);
    s.pss_kb += pss(pid);
    s.fds += fds(pid);
    s.cpu_s += cpu(pid);
  };
  for (const pid of system.server.tree()) add(kind(pid, 'eavesd'), pid);
  for (const pid of system.hub.tree()) add(kind(pid, 'eaves-hub'), pid);
  for (const c of copies) add('ffmpeg', c.pid);
  return by;
}

/* --- the end --- */

const mean = (rows) => rows.reduce((a, b) => a + b, 0) / rows.length;

/* The last third beside the first after a sixth to get warm. */
function flat(samples) {
  const warm = Math.floor(samples.length / 6);
  const third = Math.floor((samples.length - warm) / 3);
  let ok = true;
  for (const name of Object.keys(samples[0]).filter((n) => n !== 'ffmpeg')) {
    const rows = samples.map((s) => s[name]);
    const first = mean(rows.slice(warm, warm + third).map((s) => s.pss_kb));
    const last = mean(rows.slice(-third).map((s) => s.pss_kb));
    const same = rows.every((s) => String(s.pids) === String(rows[0].pids));
    const calm = last - first < GROWTH_KB && same;
    ok &&= calm;
    say({
      process: name, first_kb: Math.round(first), last_kb: Math.round(last),
      growth_percent: Number((100 * (last - first) / first).toFixed(1)),
      fds_first: rows[warm].fds, fds_last: rows.at(-1).fds, restarted: !same,
    });
  }
  return ok;
}

/* CPU ms of a camera and second, KiB of a camera. */
function cost(samples, span, names) {
  const sum = (s, what) => names.reduce((n, name) => n + (s[name]?.[what] ?? 0), 0);
  const a = samples[1];
  const b = samples.at(-1);
  return {
    cpu_ms: 1000 * (sum(b, 'cpu_s') - sum(a, 'cpu_s')) / span / CAMERAS.length,
    pss_kb: mean(samples.slice(1).map((s) => sum(s, 'pss_kb'))) / CAMERAS.length,
  };
}

function gaps(system, passphrase) {
  const r = spawnSync(path.join(build, 'src/cli/eaves'),
    ['gaps', '--server', system.url, '--json'],
    { input: `ada\n${passphrase}\n`, encoding: 'utf8', timeout: 300_000 });
  if (r.status !== 0 && r.status !== 1) throw new Error(`eaves gaps: ${r.stderr}`);
  return r.stdout.split('\n').filter(Boolean).map((l) => JSON.parse(l));
}

const cameras = [];
for (const c of CAMERAS) cameras.push(await camera(c));
const system = new System();
system.hubArgs = cameras.flatMap((c, i) => ['--camera', c.url, '--camera-name', `Camera ${i + 1}`]);
await system.start();
const { page, context } = await pageOpen();
const { passphrase, code } = await firstRun(page, await system.link(), 'ada', 'Home');
await codeConfirm(page, code);
await moves(page, 15);
await context.close();
await chromiumClose();

const copies = cameras.map((c, i) => spawn('ffmpeg', ['-v', 'error', '-nostdin', '-rtsp_transport', 'tcp',
  '-i', c.url, '-c', 'copy', path.join(dir, `copy-${i}.mkv`)], { stdio: 'ignore' }));
await pause(5000);
const began = Date.now();
const samples = [sample(system, copies)];
let firstAt = 0;
while (Date.now() - began < SECONDS * 1000) {
  await pause(EACH * 1000);
  samples.push(sample(system, copies));
  firstAt ||= Date.now();
  for (const [process, s] of Object.entries(samples.at(-1)))
    say({ s: Math.round((Date.now() - began) / 1000), process, pss_kb: s.pss_kb, fds: s.fds });
}
const span = (Date.now() - firstAt) / 1000;
const calm = flat(samples);
const ours = cost(samples, span, ['eaves-hub', 'hub', 'captures']);
const theirs = cost(samples, span, ['ffmpeg']);
say({
  cameras: CAMERAS.length, hub_cpu_ms: Number(ours.cpu_ms.toFixed(2)), ffmpeg_cpu_ms: Number(theirs.cpu_ms.toFixed(2)),
  cpu_ratio: Number((ours.cpu_ms / theirs.cpu_ms).toFixed(2)),
  hub_pss_kb: Math.round(ours.pss_kb), ffmpeg_pss_kb: Math.round(theirs.pss_kb),
  pss_ratio: Number((ours.pss_kb / theirs.pss_kb).toFixed(2)),
});
for (const c of copies) c.kill('SIGINT');
await system.hub.stop(); /* ends its runs: all is written down */
const missing = gaps(system, passphrase);
for (const g of missing) say({ gap: g });
say({ seconds: SECONDS, cameras: CAMERAS.length, gaps: missing.length, flat: calm });
await system.stop();
for (const c of cameras) c.child.stdin.end('quit\n');
fs.rmSync(dir, { recursive: true, force: true });
process.exitCode = calm && missing.length === 0 ? 0 : 1;
