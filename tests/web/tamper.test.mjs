/*
 * What a malicious server can do to the pictures, and what people are told:
 * the real parts, with somebody in between.
 */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { after, before, test } from 'node:test';
import { chromiumClose, pageOpen, shot } from './browser.mjs';
import { accessible, codeConfirm, data, firstRun, moves, signIn, untilData } from './steps.mjs';
import { System } from './system.mjs';
import { Tamper, flagsOf } from './tamper.mjs';

const KEY = 1;
const HEADER = 2;
const MARK = 4;
const system = new System();
system.hubProgram = 'tests/fast/brisk/eaves-hub';
let between;
let page;

before(async () => {
  await system.start();
  const first = await pageOpen();
  const { passphrase, code } = await firstRun(first.page, await system.link(), 'Ben', 'Home');
  await codeConfirm(first.page, code);
  await moves(first.page);
  await first.context.close();
  between = await new Tamper(system.port).listen();
  ({ page } = await pageOpen());
  await signIn(page, between.url, 'Ben', passphrase);
  await moves(page);
});
after(async () => {
  await chromiumClose();
  await between?.close();
  await system.stop();
});

const good = async () => {
  between.bend = (m) => m;
  await untilData(page, (d) => d.picture === 'live' && d.verified === 'true');
};

test('pictures whose signatures are kept back are not shown', async () => {
  await good();
  between.bend = (m) => ((flagsOf(m) & MARK) ? null : m);
  await untilData(page, (d) => d.picture === 'unmarked');
  await page.getByText('Not shown: no signature').first().waitFor();
  await accessible(page, 'unmarked');
  await shot(page, 'unmarked');
  await good();
});

test('records that were changed do not open, and that is told', async () => {
  await good();
  between.bend = (m) => { m[m.length - 1] ^= 1; return m; };
  await untilData(page, (d) => d.picture === 'shut');
  await page.getByText('Does not open').first().waitFor();
  await accessible(page, 'shut');
  await shot(page, 'shut');
  await good();
});

test('a picture that is left out is never papered over', async () => {
  await good();
  let n = 0;
  between.bend = (m) => (flagsOf(m) === 0 && ++n % 5 === 0 ? null : m);
  const from = Number((await data(page)).frames);
  /* only what reaches from a key frame without a gap is shown */
  await untilData(page, (d, a) => Number(d.frames) > a, from + 8);
  assert.ok(['live', 'unmarked', 'old'].includes((await data(page)).picture));
  await good();
});

test('repeated and swapped records change nothing', async () => {
  await good();
  let held = null;
  const sent = [];
  between.bend = (m) => {
    if (flagsOf(m) === KEY) sent.push(m);
    if (sent.length > 1 && flagsOf(m) === 0 && !held) { held = m; return sent[0]; }
    return m;
  };
  const before_ = Number((await data(page)).captured);
  await untilData(page, (d, a) => d.picture === 'live' && d.verified === 'true' && Number(d.captured) > a + 3e6, before_);
  await good();
});

/* A new run: the camera's process is another one. */
const runAnew = () => {
  const captures = system.hub.tree().filter((p) =>
    fs.readFileSync(`/proc/${p}/comm`, 'utf8').startsWith('eaves-capture'));
  assert.ok(captures.length > 0);
  for (const p of captures) process.kill(p, 'SIGKILL');
};

test('a whole run that is left out is missed by the next one', async () => {
  await good();
  let headers = 0;
  const fresh = () => new Promise((done) => {
    const from = headers;
    const look = between.bend;
    between.bend = (m) => {
      const goes = look(m);
      if (headers > from) done();
      return goes;
    };
  });
  between.bend = (m) => {
    if (flagsOf(m) === HEADER) headers++;
    return headers === 1 ? null : m;
  };
  const first = fresh();
  runAnew();
  await first;
  const second = fresh();
  runAnew();
  await second;
  await page.getByText('A part is missing').waitFor();
  await accessible(page, 'left out');
  await shot(page, 'left-out');
  await good();
  /* an honest server is not accused */
  await page.reload();
  await good();
  headers = 0;
  between.bend = (m) => { if (flagsOf(m) === HEADER) headers++; return m; };
  const again = fresh();
  runAnew();
  await again;
  const d = await data(page);
  await untilData(page, (x, t) => x.verified === 'true' && Number(x.captured) > t, Number(d.captured) + 3e6);
  assert.equal(await page.getByText('A part is missing').count(), 0);
});

test('a server that holds pictures back is found out by the hub\'s own word', async () => {
  await good();
  between.bend = () => null;
  await untilData(page, (d) => d.picture === 'old');
  await page.getByText('may be holding newer ones back').waitFor();
  await accessible(page, 'stale');
  await shot(page, 'stale');
  await good();
  await page.getByText('may be holding newer ones back').waitFor({ state: 'detached' });
});
