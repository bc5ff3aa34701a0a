/*
 * What is missing, and why: the server stopped, the camera silent, the hub
 * killed, each for a while; then a server that keeps back what it has. Both
 * readers must say the same: `eaves gaps` and the app.
 *
 * EAVES_GAPS="300 60": the server away 300 s, the others 60 s. Without it a
 * few seconds each.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { chromiumClose, pageOpen, shot } from '../web/browser.mjs';
import { accessible, codeConfirm, firstRun, moves, signIn } from '../web/steps.mjs';
import { root } from '../web/source.mjs';
import { System } from '../web/system.mjs';
import { Tamper } from '../web/tamper.mjs';

const S = 1e6;
const NEAR = 2 * S;
const LIMIT_MS = 30_000;
const [AWAY_S, OTHER_S] = (process.env.EAVES_GAPS ?? '6 5').split(' ').map(Number);
const build = process.env.EAVES_BUILD ?? path.join(root, 'build');
const range = (m) => (m.readUInt32BE(0) & 0x80000000) !== 0;

const system = new System();
system.hubProgram = 'tests/fast/brisk/eaves-hub';
let between;
let page;
let phrase;
const now = () => Date.now() * 1000;
const passes = (s) => new Promise((done) => setTimeout(done, s * 1000));

/* `eaves gaps`, as somebody runs it; name and passphrase are typed. */
function gaps(url, ...words) {
  const child = spawn(path.join(build, 'src/cli/eaves'), ['gaps', '--server', url, ...words]);
  let out = '';
  let complaints = '';
  child.stdout.on('data', (d) => { out += d; });
  child.stderr.on('data', (d) => { complaints += d; });
  child.stdin.end(`ada \n${phrase}\n`);
  return new Promise((done) => child.once('close', (status) => done({ status, out, complaints })));
}
async function gapsJson(url) {
  const { status, out, complaints } = await gaps(url, '--json');
  assert.ok(status <= 1, complaints);
  return out.split('\n').filter(Boolean).map((l) => JSON.parse(l));
}

/*
 * Asked again until it is so: rows are written each minute, or soon. Not too
 * often: each sign-in is a try at the passphrase.
 */
async function gapsUntil(url, test_) {
  const end = Date.now() + 3 * LIMIT_MS;
  for (;;) {
    await passes(8);
    const all = await gapsJson(url);
    if (test_(all)) return all;
    assert.ok(Date.now() < end, `it never was so: ${test_} ${JSON.stringify(all)}`);
  }
}

function about(g, from, to, late = NEAR) {
  assert.ok(Math.abs(g.from - from) < NEAR && g.to - to > -NEAR && g.to - to < late,
    `${(g.from - from) / S} and ${(g.to - to) / S} s off: ${JSON.stringify(g)}`);
}

/* The hub says in its log that the server answers. */
const connections = () =>
  (fs.readFileSync(system.at('hub.log'), 'utf8').match(/HUB_CONNECTED/g) ?? []).length;
async function connected(count) {
  const end = Date.now() + 2 * LIMIT_MS;
  while (connections() < count) {
    assert.ok(Date.now() < end, 'the hub did not come back');
    await passes(0.05);
  }
  return now();
}

before(async () => {
  system.hubArgs.push(...(process.env.EAVES_HUB_ARGS ?? '').split(' ').filter(Boolean));
  await system.start();
  const first = await pageOpen();
  page = first.page;
  const got = await firstRun(page, await system.link(), 'Ada', 'House');
  phrase = got.passphrase;
  await codeConfirm(page, got.code);
  await moves(page);
});
after(async () => {
  await chromiumClose();
  await between?.close();
  await system.stop();
});

test('nothing is missing, and that is said plainly', async () => {
  const { status, out, complaints } = await gaps(system.url);
  assert.equal(status, 0, out + complaints);
  assert.match(out, /^ {2}0 s missing\.$/m);
  await page.getByText('Nothing is missing here.').waitFor();
});

test('a wrong passphrase tells nothing', async () => {
  const right = phrase;
  phrase = 'four other words and one';
  const { status, out, complaints } = await gaps(system.url);
  phrase = right;
  assert.deepEqual([status, out], [3, '']);
  assert.match(complaints, /name or passphrase is wrong/);
});

/* What the app drew live, by the hub's clock: the truth about a gap's ends. */
const drawnListen = () => page.evaluate(() => {
  globalThis.drawn = [];
  document.querySelector('canvas.picture').addEventListener('eaves-drawn', (e) =>
    globalThis.drawn.push(e.detail.captured));
});
async function drawnAround(from, to) {
  for (const end = Date.now() + LIMIT_MS; Date.now() < end; await passes(0.2)) {
    const all = await page.evaluate(() => globalThis.drawn);
    const after_ = all.find((t) => t > to);
    if (after_) return [all.findLast((t) => t <= from + S / 2), after_];
  }
  return assert.fail('no picture came back');
}

const pulled = {};
test('the server stopped, the camera silent, the hub killed: each is told', async () => {
  const capture = () => system.hub.tree().filter((pid) =>
    fs.readFileSync(`/proc/${pid}/comm`, 'utf8').startsWith('eaves-capture'));
  let seen = connections();
  await drawnListen();
  pulled.away = [now()];
  await system.server.stop();
  await passes(AWAY_S);
  await system.serverStart();
  pulled.away.push(await connected(++seen));
  await drawnAround(now(), now()); /* the page is back, too */

  pulled.camera = [now()];
  for (const pid of capture()) process.kill(pid, 'SIGSTOP');
  await passes(OTHER_S);
  for (const pid of capture()) process.kill(pid, 'SIGCONT');
  pulled.camera = await drawnAround(pulled.camera[0], now());
  await passes(8); /* it is written down after five */

  pulled.hub = [now()];
  for (const pid of system.hub.tree().reverse()) process.kill(pid, 'SIGKILL');
  await system.hub.ended;
  await passes(OTHER_S);
  const killed = now();
  system.hubStart();
  pulled.hub = await drawnAround(pulled.hub[0], killed);

  const all = await gapsUntil(system.url, (g) => g.some((x) => x.cause === 'hub'));
  const of = (cause) => all.filter((g) => g.cause === cause);
  /* spooled while the server was away: then nothing of that is missing */
  assert.ok(of('away').length <= 1, JSON.stringify(all));
  if (of('away').length > 0 || process.env.EAVES_HUB_ARGS?.includes('--spool 0'))
    about(of('away')[0], pulled.away[0], pulled.away[1], 5 * S); /* to a key frame */
  assert.equal(of('camera').length, 1, JSON.stringify(all));
  about(of('camera')[0], ...pulled.camera);
  assert.equal(of('hub').length, 1, JSON.stringify(all));
  about(of('hub')[0], ...pulled.hub);
  assert.equal(all.length, of('away').length + 2, JSON.stringify(all));
  pulled.all = all;
});

/* The app's list, as people read it. */
async function listed(p) {
  const list = p.locator('section.gaps details');
  if (!(await list.getAttribute('open').then((x) => x !== null))) await list.locator('summary').click();
  return list.locator('li').allInnerTexts();
}

test('the app lists the same', async () => {
  await page.reload();
  const words = { away: 'The server was away.', camera: 'It takes too long to answer.', hub: 'The hub was off.' };
  await page.locator('section.gaps summary', { hasText: `${pulled.all.length} gaps` }).waitFor();
  const rows = await listed(page);
  assert.equal(rows.length, pulled.all.length);
  pulled.all.forEach((g, i) => assert.ok(rows[i].includes(words[g.cause]), `${rows[i]} for ${g.cause}`));
  await page.getByText(/^Confirmed by the hub until/).waitFor();
  await accessible(page, 'gaps');
  await shot(page, 'gaps');
});

const bad = (g) => g.cause === 'server';

test('a server that keeps back its newest rows is named', async () => {
  const before_ = connections();
  await system.server.stop(); /* its count of tries at a passphrase begins anew */
  await system.serverStart();
  await connected(before_ + 1);
  between = await new Tamper(system.port).listen();
  ({ page } = await pageOpen());
  await signIn(page, between.url, 'Ada', phrase);
  await moves(page);
  /* the runs of an index have no order that a server could read: the first life's are known */
  const known = new Set();
  between.rows = (a) => { for (const r of a.rows) known.add(r.run); return a; };
  const honest = await gapsJson(between.url);
  assert.ok(!honest.some(bad), JSON.stringify(honest));
  /* what the hub writes from now on, in a run that is new, is kept back */
  between.rows = (a) => ({ rows: a.rows.filter((r) => known.has(r.run)) });
  await system.hub.stop();
  system.hubStart();
  await connected(before_ + 2);
  Object.assign(pulled, { hidden: now(), known });
  const all = await gapsUntil(between.url, (g) => g.some(bad));
  assert.ok(all.find(bad).to > pulled.hidden, JSON.stringify(all));
  await page.reload();
  await page.locator('section.gaps summary').waitFor();
  await page.waitForFunction(() => document.body.innerText.includes('The server does not give out') ||
    [...document.querySelectorAll('section.gaps details:not([open]) summary')].some((s) => s.click()), null,
  { polling: 500, timeout: LIMIT_MS });
  await shot(page, 'gaps-server');
});

test('a server that keeps back rows in the middle is named', async () => {
  const all = [];
  between.rows = (a) => { all.push(...a.rows); return a; };
  assert.ok(!(await gapsJson(between.url)).some(bad));
  /* without each of them in turn: the first has nothing before it, the last has heads */
  const runs = [...new Set(all.map((r) => r.run))];
  assert.ok(runs.length >= 3);
  for (const run of runs.slice(0, 3)) {
    between.rows = (a) => ({ rows: a.rows.filter((r) => r.run !== run) });
    const got = await gapsJson(between.url);
    assert.ok(got.some(bad), JSON.stringify(got));
  }
});

/* Back in steps of 10 s until it is so: one of them may land where nothing was recorded. */
async function back(so) {
  await page.getByRole('slider', { name: 'Time' }).focus();
  for (const end = Date.now() + 2 * LIMIT_MS; Date.now() < end; await passes(1)) {
    await page.keyboard.press('ArrowDown');
    if (await page.evaluate(so)) return;
  }
  assert.fail(`it never was so: ${so}`);
}

test('a row that is given twice is refused: one given for ever would fill the memory', async () => {
  between.rows = (a) => ({ rows: a.rows.flatMap((r) => [r, r]) });
  const { status, complaints } = await gaps(between.url, '--quick', '--json');
  assert.equal(status, 3, complaints);
  assert.match(complaints, /not well formed/);
});

test('a server that is busy for a while keeps nothing back', async () => {
  let asked = 0;
  between.rows = (a) => a;
  between.text = (m) => {
    const { t, n } = JSON.parse(m);
    return t === 'range' && ++asked <= 2 ? JSON.stringify({ t: 'error', n, error: 'later' }) : m;
  };
  await page.reload();
  await moves(page, 3);
  await page.evaluate(() => {
    globalThis.past = false;
    document.querySelector('canvas.picture').addEventListener('eaves-drawn', (e) => {
      globalThis.past ||= e.detail.captured < Date.now() * 1000 - 5e6;
    });
  });
  await back(() => globalThis.past);
  assert.ok(asked > 2, `asked ${asked} times`);
  assert.ok(!(await page.getByText('The server does not give out').isVisible()));
  between.text = (m) => m;
});

test('a server that keeps back the pictures themselves is named', async () => {
  between.rows = (a) => a;
  between.bend = (m) => (range(m) ? null : m);
  const got = await gapsJson(between.url);
  assert.ok(got.some(bad), JSON.stringify(got));
  await page.reload();
  await moves(page, 3);
  await back(() => document.body.innerText.includes('The server does not give out') ||
    [...document.querySelectorAll('section.gaps details:not([open]) summary')].some((x) => x.click()));
  between.bend = (m) => m;
});

test('a server that keeps back its newest rows is named while the hub is away, too', async () => {
  between.bend = (m) => m; /* if the test before broke */
  between.rows = (a) => ({ rows: a.rows.filter((r) => pulled.known.has(r.run)) });
  await system.hub.stop();
  const all = await gapsJson(between.url);
  assert.ok(all.find(bad)?.to > pulled.hidden, JSON.stringify(all));
});
