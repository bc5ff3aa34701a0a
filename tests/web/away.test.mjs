/*
 * The server is away, then its disk is full: what the app says is missing, and
 * why; and that what the hub kept meanwhile plays.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import { after, before, test } from 'node:test';
import { chromiumClose, pageOpen, shot } from './browser.mjs';
import { accessible, codeConfirm, data, firstRun, moves, untilData } from './steps.mjs';
import { System } from './system.mjs';

const S = 1e6;
const LIMIT_MS = 30_000;
const system = new System();
system.hubProgram = 'tests/fast/brisk/eaves-hub';
const segments = system.at('server', 'segments');
let disk = false; /* a small one of its own */
let page;
let first; /* gaps from before the camera was let in */

/* A change of the folder, and whatever it may mean by then. */
async function until(what, holds) {
  const end = Date.now() + LIMIT_MS;
  while (!holds()) {
    assert.ok(Date.now() < end, what);
    await new Promise((go) => setTimeout(go, 50));
  }
}
const spooled = () => {
  const dir = system.at('hub/spool');
  return fs.readdirSync(dir).reduce((n, f) => n + (fs.statSync(`${dir}/${f}`, { throwIfNoEntry: false })?.size ?? 0), 0);
};
const nowUs = () => Date.now() * 1000;
const slider = () => page.getByRole('slider', { name: 'Time' });
const press = async (key, times = 1) => {
  await slider().focus();
  for (let i = 0; i < times; i++) await page.keyboard.press(key);
};
const live = () => untilData(page, (d, t) => d.picture === 'live' && d.verified === 'true' &&
  Number(d.captured) > t, nowUs());

/*
 * What is listed as missing of the day: its cause and its time. And until when
 * the hub confirms that this is all: s of the day, or -1.
 */
const gaps = () => page.evaluate(() => {
  const said = /^Confirmed by the hub until (\d+):(\d+):(\d+) ?([AP]?)M?\.$/;
  const hints = [...document.querySelectorAll('section.gaps .hint')].map((p) => said.exec(p.textContent));
  const [, h, m, s, half] = hints.find(Boolean) ?? [];
  return {
    whole: document.querySelector('section.gaps .hint.whole') !== null,
    list: [...document.querySelectorAll('section.gaps li')].map((li) =>
      `${li.querySelector('.dot').className.replace('dot why-', '')} ${li.querySelector('button').textContent}`),
    confirmed: h ? (half ? Number(h) % 12 + (half === 'P' ? 12 : 0) : Number(h)) * 3600 + m * 60 + Number(s) : -1,
  };
});
/* Whether the list tells of all until then; the days are those of the page. */
const tells = (g, us) => {
  const day = new Date(us / 1000);
  const past = g.confirmed - (day.getHours() * 3600 + day.getMinutes() * 60 + day.getSeconds());
  return g.confirmed >= 0 && past > 0 && past < 43_200;
};
async function gapsUntil(what, holds) {
  const end = Date.now() + LIMIT_MS;
  for (let n = 1; ; n++) {
    const g = await gaps();
    if (holds(g)) return g;
    assert.ok(Date.now() < end, `${what}: ${JSON.stringify(g)}`);
    await page.evaluate(() => new Promise((go) => setTimeout(go, 250)));
    if (n % 20 === 0) await page.reload(); /* it reads the index now and then */
  }
}

before(async () => {
  fs.mkdirSync(segments, { mode: 0o700 });
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=200m,mode=700', 'eaves-test', segments], { stdio: 'ignore' });
    disk = true;
  } catch { /* not for ordinary users */ }
  await system.start();
  ({ page } = await pageOpen());
  const { code } = await firstRun(page, await system.link(), 'Ida', 'House');
  await codeConfirm(page, code);
  await moves(page, 4);
  first = (await gapsUntil('the index is there', (g) => g.whole || g.list.length > 0)).list;
});
after(async () => {
  await chromiumClose();
  await system.server.stop();
  if (disk) execFileSync('umount', [segments]);
  await system.stop();
});

test('what the hub saw while the server was away plays, and nothing is missing', async () => {
  await system.server.stop('SIGKILL');
  const left = nowUs();
  await until('the hub keeps something', () => fs.existsSync(system.at('hub/spool')) && spooled() > 0);
  const some = spooled();
  await until('and more', () => spooled() > some + 800_000 && nowUs() > left + 4 * S);
  const back = nowUs();
  await system.serverStart();
  await until('the server has it all', () => spooled() === 0);
  await live();
  await page.reload();
  await live();
  /* into the middle of it */
  await press('ArrowDown');
  await untilData(page, (d) => d.picture === 'past' && Number(d.captured) > 0);
  await page.getByRole('button', { name: 'Pause' }).click();
  const end = Date.now() + LIMIT_MS;
  for (;;) {
    const at = Number((await data(page)).position);
    if (at < back - 1.5 * S) break;
    assert.ok(Date.now() < end, `still ${(at - back) / S} s after the return`);
    await press('ArrowLeft');
    /* not before the index tells of that time: then it is asked again */
    await untilData(page, (d, was) => Number(d.position) < was, at, 2000).catch(() => {});
  }
  await press(' ');
  const d = await untilData(page, (x, [a, b]) => x.picture === 'past' && x.verified === 'true' &&
    Number(x.captured) > a && Number(x.captured) < b, [left + S / 2, back]);
  assert.ok(Number(d.captured) < back);
  await press('End');
  await live();
  const { list } = await gapsUntil('the hub confirms that time', (g) => tells(g, back));
  assert.deepEqual(list, first);
});

test('a full disk is told as what it is; live goes on, and recording when there is room', async (t) => {
  if (!disk) return t.skip('no disk to fill');
  const filler = `${segments}/filler`;
  try {
    for (;;) fs.appendFileSync(filler, Buffer.alloc(65536));
  } catch (e) {
    assert.equal(e.code, 'ENOSPC');
  }
  await gapsUntil('the disk is named', (g) => g.list.some((x) => x.startsWith('disk')));
  await live();
  fs.rmSync(filler);
  const before_ = fs.readdirSync(segments).length;
  await until('it records again', () => fs.readdirSync(segments).length > before_);
  await live();
  await shot(page, 'disk-full');
  await accessible(page, 'disk full');
  const { list } = await gaps();
  assert.deepEqual(list.slice(0, first.length), first);
  assert.ok(list.slice(first.length).every((x) => x.startsWith('disk')), `${list}`);
});
