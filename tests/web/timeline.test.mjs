/*
 * The timeline on a recording of some hours: found by its index, sought,
 * played, and what is missing told with its cause.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { PHONE, chromiumClose, pageOpen, shot } from './browser.mjs';
import { accessible, codeConfirm, data, firstRun, moves, untilData } from './steps.mjs';
import { System } from './system.mjs';

const S = 1e6;
const HOUR = 3600 * S;
const system = new System();
let page;

const slider = () => page.getByRole('slider', { name: 'Time' });
const press = async (key, times = 1) => {
  await slider().focus();
  for (let i = 0; i < times; i++) await page.keyboard.press(key);
};
const past = (d) => d.picture === 'past' && Number(d.captured) > 0;

before(async () => {
  system.past('6h');
  await system.start();
  const first = await pageOpen();
  page = first.page;
  const { code } = await firstRun(page, await system.link(), 'Tia', 'House');
  await codeConfirm(page, code);
  await page.goto('about:blank');
  await system.feed();
  await page.goto(system.url);
  await moves(page, 4);
});
after(async () => {
  await chromiumClose();
  await system.stop();
});

test('hours back, a picture is found by the index and is verified', async () => {
  await press('PageDown', 6); /* an hour */
  const d = await untilData(page, (x) => past(x) && Date.now() * 1000 - Number(x.captured) > 0.9 * HOUR
    && Date.now() * 1000 - Number(x.captured) < 1.2 * HOUR && x.verified === 'true');
  const wanted = Number((await data(page)).position);
  assert.ok(Math.abs(Number(d.captured) - wanted) < 0.1 * S, `${d.captured} for ${wanted}`);
  await page.getByRole('button', { name: 'Pause' }).click();
  await shot(page, 'timeline');
  await accessible(page, 'timeline');
});

test('it plays on from there, at other speeds too, and stops', async () => {
  const from = Number((await data(page)).captured);
  await press(' ');
  await untilData(page, (d) => Number(d.captured) > from + 3 * S);
  await page.locator('.speed select').selectOption('16');
  const fast = Number((await data(page)).captured);
  await untilData(page, (d) => Number(d.captured) > fast + 60 * S);
  await press(' ');
  await untilData(page, past);
});

test('a picture on, a picture back', async () => {
  await page.locator('.speed select').selectOption('1');
  await press(' ');
  const step = async (key) => {
    const was = Number((await data(page)).captured);
    await press(key);
    const d = await untilData(page, (x) => past(x) && Number(x.captured) !== was);
    return Number(d.captured) - was;
  };
  const before_ = Number((await data(page)).captured);
  await press('PageDown');
  await untilData(page, (d) => past(d) && Number(d.captured) < before_ - 500 * S &&
    Math.abs(Number(d.captured) - Number(d.position)) < 0.3 * S);
  const on = await step('.');
  assert.ok(on > 0 && on < 0.5 * S, `on by ${on}`);
  const back = await step(',');
  assert.ok(back < 0 && back > -0.5 * S, `back by ${back}`);
});

test('dragging shows small pictures', async () => {
  const box = await slider().boundingBox();
  await page.mouse.move(box.x + box.width * 0.5, box.y + 30);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * 0.4, box.y + 30, { steps: 5 });
  await page.locator('.peek canvas:not([hidden])').waitFor();
  await shot(page, 'peek');
  await page.mouse.up();
  await untilData(page, past);
});

test('back to live', async () => {
  await press('End');
  await untilData(page, (d) => d.picture === 'live' && d.verified === 'true');
});

test('on a phone it looks as it should', async () => {
  await page.setViewportSize(PHONE);
  await press('PageDown', 3);
  await untilData(page, past);
  await shot(page, 'timeline-phone');
});
