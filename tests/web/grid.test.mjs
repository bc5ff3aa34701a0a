/*
 * All cameras at once, each with its own state; one of them large; and four
 * of them on one clock.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { chromiumClose, pageOpen, shot } from './browser.mjs';
import { FPS, Many } from './many.mjs';
import { accessible, codeConfirm, firstRun, moves, title } from './steps.mjs';

const S = 1e6;
const FRAME = S / FPS;
const system = new Many(4);
let page;
let complaints;
let began; /* us: all four were live */

/* The data of each tile's canvas, in the page's order. */
const tiles = () => page.evaluate(() =>
  [...document.querySelectorAll('.grid canvas.picture')].map((c) => ({ ...c.dataset })));
async function untilTiles(test_, limit_ms = 30_000) {
  const end = Date.now() + limit_ms;
  for (;;) {
    const all = await tiles();
    if (all.length > 0 && test_(all)) return all;
    if (Date.now() > end) assert.fail(`the tiles never were so: ${test_} ${JSON.stringify(all)}`);
    await page.evaluate(() => new Promise((done) => {
      for (const c of document.querySelectorAll('.grid canvas.picture'))
        c.addEventListener('eaves-drawn', done, { once: true });
      const timer = setInterval(done, 250);
      setTimeout(() => clearInterval(timer), 260);
    }));
  }
}
const captured = (t) => Number(t.captured);
const apart = (all) => Math.max(...all.map(captured)) - Math.min(...all.map(captured));
const tile = (name) => page.locator('.grid').getByRole('button', { name });

before(async () => {
  await system.start();
  ({ page, complaints } = await pageOpen());
  const { code } = await firstRun(page, await system.link(), 'Ada', 'House');
  await codeConfirm(page, code);
});
after(async () => {
  await chromiumClose();
  await system.stop();
});

test('all tiles move, are verified, and say how late they are', async () => {
  await title(page, 'All cameras');
  const live = (d) => d.picture === 'live' && d.verified === 'true' && Number(d.frames) > 2 * FPS;
  const all = await untilTiles((x) => x.length === 4 && x.every(live) && x.every((d) => d.latency !== ''));
  for (const d of all) assert.ok(Number(d.latency) < 2000, d.latency);
  began = Math.max(...all.map(captured));
  for (const name of system.names) await tile(`${name}: Live`).waitFor();
  await accessible(page, 'grid');
  await shot(page, 'grid-4');
});

test('keys go from tile to tile, open one and come back', async () => {
  await tile('Front door').focus();
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Enter');
  await title(page, system.names[3]);
  await page.locator('.stage .badge.live').waitFor();
  await moves(page, 3 * FPS); /* the tile that went took nothing with it */
  await page.keyboard.press('Escape');
  await title(page, 'All cameras');
  await untilTiles((x) => x.length === 4 && x.every((d) => d.picture === 'live'));
  assert.equal(await page.evaluate(() => document.activeElement.ariaLabel.split(':')[0]), system.names[3]);
  await tile('Garden').click();
  await title(page, 'Garden');
  await page.goBack();
  await title(page, 'All cameras');
});

test('four cameras on one clock show the same moment', async () => {
  /* some seconds to look back to, and none of them only in this page */
  await untilTiles((x) => x.length === 4 && x.every((d) => d.picture === 'live' && captured(d) > began + 14 * S));
  await page.getByRole('button', { name: 'Look back' }).click();
  await title(page, 'On one clock');
  await untilTiles((x) => x.length === 4 && x.every((d) => d.picture === 'live'));
  await page.getByRole('slider', { name: 'Time' }).focus();
  await page.keyboard.press('ArrowDown'); /* ten seconds */
  const past = (x) => x.length === 4 && x.every((d) => d.picture === 'past' && captured(d) > 0) && apart(x) <= FRAME;
  const playing = await untilTiles(past);
  await untilTiles((x) => past(x) && x.every((d, i) => captured(d) > captured(playing[i]) + 2 * S));
  await page.keyboard.press(' ');
  await page.getByRole('button', { name: 'Play' }).waitFor();
  /* Each has its newest picture by then. Frames of two cameras may lie a little more than one apart. */
  const away = (d) => Number(d.position) - captured(d);
  const stands = (x) => x.length === 4 &&
    x.every((d) => d.picture === 'past' && away(d) >= 0 && away(d) <= 1.5 * FRAME && d.position === x[0].position);
  const still = await untilTiles(stands);
  await page.keyboard.press(',');
  const back = await untilTiles((x) => stands(x) && captured(x[0]) < captured(still[0]));
  assert.ok(captured(still[0]) - captured(back[0]) < 1.5 * FRAME);
  await page.keyboard.press('.');
  await untilTiles((x) => stands(x) && captured(x[0]) === captured(still[0]));
  await accessible(page, 'one clock');
  await shot(page, 'together');
  await page.keyboard.press('End');
  await untilTiles((x) => x.every((d) => d.picture === 'live'));
});

test('a camera that is pulled is told on its tile, the others go on', async () => {
  await page.keyboard.press('Escape');
  await title(page, 'All cameras');
  await untilTiles((x) => x.length === 4 && x.every((d) => d.picture === 'live'));
  await system.pull(1);
  await tile('Garden: The camera is offline').waitFor();
  const all = await untilTiles((x) => x[1].picture !== 'live');
  const n = Number(all[0].frames);
  await untilTiles((x) => Number(x[0].frames) > n + FPS && x[0].picture === 'live');
  assert.equal(await page.locator('.tile').nth(1).locator('.badge.live').count(), 0);
  await accessible(page, 'grid with one offline');
  await shot(page, 'grid-offline');
  system.plug(1);
  await tile('Garden: Live').waitFor();
});

test('nobody complained', () => {
  assert.deepEqual(complaints, []);
});
