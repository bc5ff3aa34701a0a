/*
 * seek.mjs - a recording of a day, made in two minutes by a hub whose clock
 * runs ahead (tests/fast): from a click on the timeline to the first picture
 * and to the exact one, at the start, in the middle and at the end of the day,
 * beside bare-seek on the same film; interleaved pairs. And what a day of one
 * camera's index and thumbnails takes.
 *
 * At a thousand times the speed a pause of this machine is seconds of the
 * recording: where the click meets such a hole it is made again, elsewhere.
 *
 * Then a day of four small cameras on one clock: how long a click takes until
 * all four stand, how far apart their pictures are, and whether each is the
 * newest that its camera had by then: played on, the next one must be later
 * than the clock stood. At that speed stamps are no finer than some tenths of a
 * second, so the pictures of one camera are not as far apart as its frames.
 *
 *   node seek.mjs BUILD
 */
import { execFileSync, spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { chromiumClose, pageOpen } from '../tests/web/browser.mjs';
import { codeConfirm, data, firstRun, moves, untilData } from '../tests/web/steps.mjs';
import { System } from '../tests/web/system.mjs';

const [build] = process.argv.slice(2);
const RUNS = Number(process.env.EAVES_RUNS ?? 20); /* pairs at each place */
const FPS = 15;
const DAY_S = 86400;
const PLACES = [['start', 0.02, 0.12], ['middle', 0.45, 0.55], ['end', 0.86, 0.96]]; /* parts of the timeline */
const MOONFIRE = 4096 * 1440; /* its index: about 4 KB a minute, by its own page on the schema */
let holes = 0;
const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'eaves-seek-'));
const say = (o) => console.log(JSON.stringify(o));
const at = (q, rows) => [...rows].sort((a, b) => a - b)[Math.floor((rows.length - 1) * q)];

function filmMake() {
  const file = path.join(dir, 'film.h264');
  execFileSync('ffmpeg', ['-v', 'error', '-f', 'lavfi', '-i', `testsrc2=size=640x360:rate=${FPS}`, '-t', '60',
    '-c:v', 'libx264', '-preset', 'veryfast', '-tune', 'zerolatency', '-bf', '0', '-g', String(2 * FPS),
    '-b:v', '100k', '-maxrate', '100k', '-bufsize', '100k', '-x264-params', 'scenecut=0',
    '-bsf:v', 'h264_metadata=aud=insert', '-f', 'h264', file]);
  return file;
}

async function bareOpen(film) {
  const server = spawn(path.join(build, 'benches/bare-seek'), [dir, film, String(FPS), String(DAY_S)],
    { stdio: ['ignore', 'pipe', 'inherit'] });
  const port = await new Promise((done) => server.stdout.on('data', (d) => done(/port (\d+)/.exec(d)[1])));
  const { page, context } = await pageOpen();
  await context.addInitScript(WATCH);
  await page.goto(`http://localhost:${port}/#/${FPS}/${DAY_S}`);
  await page.waitForFunction(() => document.title === 'ready');
  return { page, server };
}

/* What the page asks its worker for, and when the finger was lifted. */
const WATCH = () => {
  const post = Worker.prototype.postMessage;
  globalThis.seeks = { up: 0, wanted: 0, draws: [] };
  Worker.prototype.postMessage = function (m, ...rest) {
    if (m?.t === 'seek') globalThis.seeks.wanted = m.time;
    return post.call(this, m, ...rest);
  };
  addEventListener('pointerup', () => Object.assign(globalThis.seeks, { up: performance.now(), wanted: 0, draws: [] }), true);
  addEventListener('eaves-drawn', (e) => globalThis.seeks.draws.push([performance.now(), e.detail.captured]), true);
  addEventListener('bare-drawn', (e) => globalThis.seeks.draws.push([performance.now(), e.detail.exact]));
};

async function eavesOpen(film) {
  const system = new System();
  system.past('24h', film, FPS);
  system.serverArgs = ['--media-octets', String(4 * 2 ** 30)];
  await system.start();
  const { page, context } = await pageOpen();
  await context.addInitScript(WATCH);
  const { code } = await firstRun(page, await system.link(), 'ada', 'Home');
  await codeConfirm(page, code);
  await page.goto('about:blank');
  const begin = performance.now();
  await system.feed();
  console.error(`a day recorded in ${((performance.now() - begin) / 1000).toFixed(0)} s`);
  await page.goto(system.url);
  await moves(page, 4);
  await page.getByRole('slider', { name: 'Time' }).focus();
  for (let i = 0; i < 6; i++) await page.keyboard.press('-');
  /* what is sought from live plays on: from now on it stands */
  await page.keyboard.press('PageDown');
  await untilData(page, (d) => d.picture === 'past');
  const frames = async () => (await data(page)).frames;
  for (let still = false; !still;) {
    const was = await frames();
    await new Promise((done) => setTimeout(done, 1000));
    still = (await frames()) === was;
    if (!still) await page.getByRole('slider', { name: 'Time' }).press(' ');
  }
  return { page, system };
}

/* The picture sought is shown when it is the one that the page stands at. */
const LAST = {
  eaves: () => {
    const s = globalThis.seeks;
    const position = Number(document.querySelector('canvas.picture').dataset.position);
    return s.wanted > 0 && position <= s.wanted && s.draws.at(-1)?.[1] === position;
  },
  bare: () => globalThis.seeks.draws.at(-1)?.[1] === true,
};

/* What was drawn until then; null: nothing for seconds. */
async function until(page, test) {
  for (const end = Date.now() + 5_000; Date.now() < end;) {
    if (await page.evaluate(test)) return page.evaluate(() => globalThis.seeks);
    await new Promise((done) => setTimeout(done, 100));
  }
  return null;
}

/* A click at that part of a bar; ms to the first and the exact picture. */
async function seek(page, bar, part, test) {
  await page.bringToFront();
  const box = await bar.boundingBox();
  for (let i = 0; i < 10; i++) {
    await page.mouse.click(box.x + box.width * part(), box.y + box.height * 0.8, { delay: 80 });
    const s = await until(page, test);
    if (s) return { first: s.draws[0][0] - s.up, exact: s.draws.at(-1)[0] - s.up };
    holes++;
  }
  throw new Error(`no picture: ${JSON.stringify(await page.evaluate(() => globalThis.seeks))}`);
}

/* Of what was sought: the picture before it is not later, the next one is. */
async function isExact(page) {
  const { wanted } = await page.evaluate(() => globalThis.seeks);
  const { captured } = await data(page);
  await page.keyboard.press('.');
  const next = await untilData(page, (d, was) => Number(d.captured) > was, Number(captured));
  return Number(captured) <= wanted && Number(next.captured) > wanted;
}

async function place(eaves, bare, [name, from, to]) {
  const bars = [eaves.page.getByRole('slider', { name: 'Time' }), bare.page.locator('#bar')];
  const rows = { eaves: [], bare: [] };
  let exact = 0;
  for (let i = -1; i < RUNS; i++) {
    const part = () => from + (to - from) * Math.random();
    const e = await seek(eaves.page, bars[0], part, LAST.eaves);
    if (i % 5 === 4) exact += await isExact(eaves.page);
    const b = await seek(bare.page, bars[1], part, LAST.bare);
    if (i < 0) continue; /* the first of a place warms both */
    rows.eaves.push(e);
    rows.bare.push(b);
  }
  const p50 = (who, what) => at(0.5, rows[who].map((r) => r[what]));
  const p95 = (who, what) => +at(0.95, rows[who].map((r) => r[what])).toFixed(1);
  for (const what of ['first', 'exact'])
    say({ bench: 'seek', place: name, picture: what, runs: RUNS, eaves_ms: +p50('eaves', what).toFixed(1),
      bare_ms: +p50('bare', what).toFixed(1), ratio: +(p50('eaves', what) / p50('bare', what)).toFixed(2),
      eaves_p95_ms: p95('eaves', what), bare_p95_ms: p95('bare', what) });
  return exact;
}

/* --- four on one clock --- */

const FOUR = ['Front door', 'Garden', 'Garage', 'Kitchen'];
const FOUR_FPS = 2;

class Four extends System {
  past() {
    super.past('24h', 'none', FOUR_FPS);
    this.hubArgs = FOUR.flatMap((name, i) => {
      execFileSync('mkfifo', ['-m', '600', this.at(`camera-${i}`)]);
      return ['--camera', `pipe:${this.at(`camera-${i}`)}`, '--camera-name', name];
    });
    FOUR.forEach((_, i) => execFileSync('ffmpeg', ['-v', 'error', '-f', 'lavfi', '-i',
      `testsrc2=size=320x180:rate=${FOUR_FPS}`, '-vf', `hue=h=${i * 80}`, '-t', '60', '-c:v', 'libx264', '-preset', 'veryfast',
      '-tune', 'zerolatency', '-bf', '0', '-g', String(4 * FOUR_FPS), '-crf', '34', '-x264-params', 'scenecut=0',
      '-bsf:v', 'h264_metadata=aud=insert', '-f', 'h264', this.at(`film-${i}`)]));
  }

  feed() {
    this.feeders = FOUR.map((_, i) => {
      const to = fs.openSync(this.at(`camera-${i}`), 'r+');
      const f = spawn(path.join(build, 'tests/fast/24h/feed'), [this.at(`film-${i}`), String(FOUR_FPS)],
        { stdio: ['ignore', to, 'pipe'] });
      fs.closeSync(to);
      return f;
    });
    return Promise.all(this.feeders.map((f) => new Promise((done) => f.stderr.once('data', done))));
  }

  async stop() {
    for (const f of this.feeders) f.kill();
    await super.stop();
  }
}

const TILES = () => {
  globalThis.tiles = { up: 0, last: 0, seen: new Set(), drawn: new Map() };
  addEventListener('pointerup', () => Object.assign(globalThis.tiles, { up: performance.now(), seen: new Set() }), true);
  addEventListener('eaves-drawn', (e) => {
    const { seen, drawn } = globalThis.tiles;
    seen.add(e.target);
    if (!drawn.has(e.target)) drawn.set(e.target, []);
    drawn.get(e.target).push(e.detail.captured);
    globalThis.tiles.last = performance.now();
  }, true);
};

async function fourOpen() {
  const system = new Four();
  system.past();
  system.serverArgs = ['--media-octets', String(4 * 2 ** 30)];
  await system.start();
  const { page, context } = await pageOpen();
  await context.addInitScript(TILES);
  const { code } = await firstRun(page, await system.link(), 'ada', 'Home');
  await codeConfirm(page, code);
  await page.goto('about:blank');
  await system.feed();
  await page.goto(system.url);
  await page.getByRole('button', { name: 'Look back' }).click();
  const slider = page.getByRole('slider', { name: 'Time' });
  await slider.focus();
  for (let i = 0; i < 6; i++) await page.keyboard.press('-');
  await page.keyboard.press('PageDown'); /* from live on it plays */
  await page.getByRole('button', { name: 'Pause' }).waitFor();
  await slider.press(' ');
  await page.getByRole('button', { name: 'Play', exact: true }).waitFor();
  return { page, system };
}

const canvases = (page) => page.evaluate(() =>
  [...document.querySelectorAll('.grid canvas.picture')].map((c) => ({ ...c.dataset })));

/* Nothing is drawn any more: when the last of four was, and their times. */
async function fourSeek(page, part) {
  const box = await page.getByRole('slider', { name: 'Time' }).boundingBox();
  await page.mouse.click(box.x + box.width * part, box.y + box.height * 0.8, { delay: 80 });
  for (let i = 0; i < 20; i++) {
    await new Promise((done) => setTimeout(done, 250));
    const t = await page.evaluate(() => ({ ...globalThis.tiles, seen: globalThis.tiles.seen.size, now: performance.now() }));
    if (t.seen < FOUR.length || t.now - t.last < 400) continue;
    const all = await canvases(page);
    const at = all.map((d) => Number(d.captured));
    if (all.some((d, k) => d.position !== all[0].position || at[k] > Number(d.position))) continue;
    const stale = await staleOf(page, at, Number(all[0].position));
    return stale === null ? null : { ms: t.last - t.up, spread: (Math.max(...at) - Math.min(...at)) / 1000, stale };
  }
  return null;
}

/* Of four that stand: how many have a picture between the one shown and that time. */
async function staleOf(page, shown, time) {
  const slider = page.getByRole('slider', { name: 'Time' });
  await page.evaluate(() => globalThis.tiles.drawn.clear());
  await slider.press(' ');
  let next = [];
  for (let i = 0; i < 30 && !next.every(Boolean) || next.length === 0; i++) {
    await new Promise((done) => setTimeout(done, 100));
    next = await page.evaluate((at) => [...document.querySelectorAll('.grid canvas.picture')].map((c, k) =>
      (globalThis.tiles.drawn.get(c) ?? []).find((t) => t > at[k]) ?? 0), shown);
  }
  await slider.press(' ');
  await page.getByRole('button', { name: 'Play', exact: true }).waitFor();
  return next.every(Boolean) ? next.filter((t) => t <= time).length : null;
}

async function fourPlaces() {
  const { page, system } = await fourOpen();
  for (const [name, from, to] of PLACES) {
    const rows = [];
    for (let i = 0; i < 2 * RUNS && rows.length < RUNS; i++) {
      const r = await fourSeek(page, from + (to - from) * Math.random());
      if (r) rows.push(r);
      else holes++;
    }
    const [ms, spread] = ['ms', 'spread'].map((k) => rows.map((r) => r[k]));
    say({ bench: 'seek', place: name, picture: 'four', runs: rows.length, all_four_ms: +at(0.5, ms).toFixed(1),
      all_four_p95_ms: +at(0.95, ms).toFixed(1), spread_ms: +at(0.5, spread).toFixed(1),
      spread_p95_ms: +at(0.95, spread).toFixed(1), spread_max_ms: +at(1, spread).toFixed(1), frame_ms: 1000 / FOUR_FPS,
      not_their_newest: rows.reduce((n, r) => n + r.stale, 0), of: rows.length * FOUR.length });
  }
  await system.stop();
}

/* Octets of each stream on the server: files of segments, rows of the index. */
const BY_STREAM = `
import os, shutil, sqlite3, sys
server, copy = sys.argv[1:]
for f in ("store.db", "store.db-wal"):
    if os.path.exists(f"{server}/{f}"): shutil.copy(f"{server}/{f}", copy)
db = sqlite3.connect(copy + "/store.db")
sizes = {}
for id, stream in db.execute("SELECT id, stream FROM segment"):
    sizes[stream] = sizes.get(stream, 0) + os.stat(f"{server}/segments/{id.hex()}").st_size
print(*sorted(sizes.values(), reverse=True))
print(*(n for (n,) in db.execute("SELECT sum(length(body)) FROM record GROUP BY stream ORDER BY 1 DESC")))`;

function dayTell(system) {
  const days = 100_000 / DAY_S; /* what tests/fast/24h records */
  const [segments, rows] = execFileSync('python3', ['-c', BY_STREAM, system.at('server'), dir]).toString().trim()
    .split('\n').map((l) => l.split(' ').map(Number));
  say({ bench: 'day', cameras: 1, fps: FPS, size: '640x360', video_octets: Math.round(segments[0] / days),
    thumb_octets: Math.round((segments[1] ?? 0) / days), index_octets: Math.round(rows[0] / days),
    moonfire_index_octets: MOONFIRE });
}

const film = filmMake();
const eaves = await eavesOpen(film);
const bare = await bareOpen(film);
let exact = 0;
for (const p of PLACES) exact += await place(eaves, bare, p);
say({ bench: 'seek', holes, exact, of: PLACES.length * Math.floor(RUNS / 5) });
dayTell(eaves.system);
bare.server.kill();
await eaves.page.close();
await eaves.system.stop();
await fourPlaces();
await chromiumClose();
fs.rmSync(dir, { recursive: true, force: true });
process.exit();
