/*
 * The timeline on a recording of some hours: found by its index, sought,
 * played, and what is missing told with its cause. The server may keep half of
 * it: what it let go is named, and what is locked stays.
 */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { PHONE, chromiumClose, pageOpen, shot } from './browser.mjs';
import { build } from './film.mjs';
import { accessible, codeConfirm, data, firstRun, moves, untilData } from './steps.mjs';
import { System } from './system.mjs';
import { Tamper } from './tamper.mjs';

const S = 1e6;
const HOUR = 3600 * S;
const SEGMENTS = 6; /* of them two are being written */
const system = new System();
let page;
let phrase;
let between;

const slider = () => page.getByRole('slider', { name: 'Time' });
const press = async (key, times = 1) => {
  await slider().focus();
  for (let i = 0; i < times; i++) await page.keyboard.press(key);
};
const past = (d) => d.picture === 'past' && Number(d.captured) > 0;

/*
 * A busy machine does not keep pace with so quick a clock: what it missed is a
 * hole, and one looks farther on.
 */
async function recorded(go, test) {
  const hole = page.getByText('Nothing was recorded here').first();
  const near = (d) => past(d) && Math.abs(Number(d.captured) - Number(d.position)) < 0.3 * S;
  for (let i = 0; i < 8; i++) {
    const was = (await data(page)).position;
    await go();
    const end = Date.now() + 30_000;
    for (;;) { /* what it showed before, and an older hole, may still be there */
      const d = await data(page);
      if (d.position !== was && near(d) && test(d)) return;
      if (d.position !== was && !near(d) && (await hole.isVisible())) break;
      assert.ok(Date.now() < end, JSON.stringify(d));
      await new Promise((done) => setTimeout(done, 50)); /* the page wants to draw, too */
    }
  }
  assert.fail('nothing was recorded anywhere');
}

before(async () => {
  system.past('6h');
  system.serverArgs = ['--media-octets', String(SEGMENTS * 16 * 1024 * 1024)];
  await system.start();
  const first = await pageOpen({ timezoneId: 'UTC' });
  page = first.page;
  const { code, passphrase } = await firstRun(page, await system.link(), 'Tia', 'House');
  phrase = passphrase;
  await codeConfirm(page, code);
  await page.goto('about:blank');
  await system.feed();
  await page.goto(system.url);
  await moves(page, 4);
});
after(async () => {
  await chromiumClose();
  await between?.close();
  await system.stop();
});

test('hours back, a picture is found by the index and is verified', async () => {
  await press('PageDown', 6); /* an hour */
  /* the key frame before it may be there first */
  await untilData(page, (x) => past(x) && Date.now() * 1000 - Number(x.captured) > 0.9 * HOUR
    && Date.now() * 1000 - Number(x.captured) < 1.2 * HOUR && x.verified === 'true'
    && Math.abs(Number(x.captured) - Number(x.position)) < 0.1 * S);
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
  const was = Number((await data(page)).captured);
  await recorded(() => press('PageDown'), (d) => Number(d.captured) < was - 500 * S);
  const on = await step('.');
  assert.ok(on > 0 && on < 3 * S, `on by ${on}`); /* a hub in such a hurry may miss a picture */
  assert.equal(await step(','), -on);
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

test('movements are listed, and keys go from one to the next', async () => {
  const summary = page.locator('.moves summary');
  await summary.click();
  const there = async (go, test) => {
    const from = Number((await data(page)).position);
    await go();
    return Number((await untilData(page, (d, [t, was]) => past(d) && Number(d.position) !== was &&
      Math.abs(Number(d.captured) - Number(d.position)) < 3 * S && (t === 'any' || (t === 'on') === Number(d.position) > was),
    [test, from])).position);
  };
  const items = page.locator('.moves li button');
  await there(() => items.nth(3).click(), 'any');
  await there(() => press('m'), 'on');
  await there(() => press('M'), 'back');
  await page.locator('.keys summary').click();
  await shot(page, 'timeline-lists');
  await accessible(page, 'timeline with its lists');
  await page.locator('.keys summary').click();
  await summary.click();
});

const hours = () => page.locator('.track .tick text').allTextContents();

test('a day at a glance, by its buttons, by keys and by the calendar', async () => {
  await press('[');
  await page.locator('.day', { hasText: 'Yesterday' }).waitFor();
  await press('[');
  await press(']');
  await page.locator('.day', { hasText: 'Yesterday' }).waitFor();
  const day = page.getByLabel('Go to a day');
  await day.fill(await day.getAttribute('max'));
  await page.locator('.day', { hasText: 'Today' }).waitFor();
  await page.waitForFunction(() => document.querySelectorAll('.track .kept').length > 0);
  const all = await hours();
  assert.ok(all.length >= 7, all.join());
  await shot(page, 'timeline-day');
});

test('two fingers zoom, and move what is under them', async () => {
  const touch = await page.context().newCDPSession(page);
  const box = await slider().boundingBox();
  const fingers = (type, ...parts) => touch.send('Input.dispatchTouchEvent', {
    type, touchPoints: parts.map((x, id) => ({ x: box.x + box.width * x, y: box.y + 30, id })) });
  const before = await hours();
  const position = (await data(page)).position;
  await fingers('touchStart', 0.4, 0.6);
  for (let i = 1; i <= 6; i++) await fingers('touchMove', 0.4 - i * 0.05, 0.6 + i * 0.05);
  await fingers('touchEnd');
  await page.waitForFunction((was) => [...document.querySelectorAll('.track .tick text')]
    .map((t) => t.textContent).join() !== was, before.join());
  assert.equal((await data(page)).position, position, 'a pinch seeks nothing');
  await fingers('touchStart', 0.5);
  await fingers('touchMove', 0.45);
  await page.locator('.peek').waitFor();
  await fingers('touchEnd');
  await page.locator('.peek').waitFor({ state: 'detached' });
});

test('ten minutes of an hour ago become a film of ten minutes', async () => {
  await page.getByRole('button', { name: 'Export', exact: true }).click();
  const panel = page.locator('section.export');
  const [from, to] = [panel.getByLabel('From', { exact: true }), panel.getByLabel('To', { exact: true })];
  const now = Math.floor(Date.now() / 1000);
  const wall = (s) => new Date((now - s) * 1000).toISOString().slice(0, 19).replace(/(T.{5}):00$/, '$1');
  await from.fill(wall(4800));
  await to.fill(wall(4200));
  await panel.locator('.sum', { hasText: /10 min · about/ }).waitFor();
  const handle = page.getByRole('slider', { name: 'End of the export' });
  await handle.focus();
  await page.keyboard.press('ArrowLeft');
  await page.keyboard.press('Shift+ArrowLeft');
  await page.waitForFunction(([label, value]) => [...document.querySelectorAll('section.export label')]
    .some((l) => l.textContent === label && l.control.value === value), ['To', wall(4200 + 61)]);
  await page.keyboard.press('Shift+ArrowRight');
  await shot(page, 'export-hour-ago');
  const [download] = await Promise.all([page.waitForEvent('download'), panel.getByRole('button', { name: 'Make the film' }).click()]);
  const file = system.at('film.mp4');
  await download.saveAs(file);
  const { status, stdout } = spawnSync(path.join(build, 'src/cli/eaves'), ['verify', file], { encoding: 'utf8' });
  assert.equal(status, 0, stdout);
  const { stdout: said, stderr } = spawnSync('ffprobe', ['-v', 'warning', '-show_entries', 'format=duration', '-of', 'csv=p=0', file], { encoding: 'utf8' });
  /* a hole of the hurried recording is one of the film, and no fault */
  assert.deepEqual(stderr.split('\n').filter((l) => l && !l.includes('DTS discontinuity')), []);
  assert.ok(Number(said) > 300 && Number(said) < 606, said);
  await panel.getByRole('button', { name: 'Close' }).click();
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

/* --- how long it is kept --- */

const button = (name) => page.getByRole('button', { name, exact: true });
const settings = () => button('Settings of Front door').click();

async function lock(from, to) {
  await button('Keep').click();
  await page.getByLabel('From', { exact: true }).fill(from);
  await page.getByLabel('To', { exact: true }).fill(to);
  await button('Keep it').click();
}

/* n minutes before now, as the home's clocks show it. */
const ago = (n) => page.evaluate((m) => {
  const t = new Date(Date.now() - m * 60_000);
  return new Date(t.getTime() - t.getTimezoneOffset() * 60_000).toISOString().slice(0, 19).replace(/(T.{5}):00$/, '$1');
}, n);

test('what was let go is named', async () => {
  await page.setViewportSize({ width: 1280, height: 800 });
  await press('End');
  for (let i = 0; i < 5 && await button('Farther').isEnabled(); i++) await button('Farther').click();
  await page.locator('rect.gap.why-gone').first().waitFor({ state: 'attached' });
  assert.equal(await page.locator('rect.gap.why-server').count(), 0);
  /* the list is that of a day: of today, or of the one before when it has just begun */
  const list = page.locator('section.gaps summary', { hasText: 'missing' });
  const told = page.locator('section.gaps li', { hasText: 'it had no room' }).first();
  const comes = (what) => what.waitFor({ timeout: 8000 }).then(() => true, () => false);
  for (const key of [']', '[']) {
    await press(key);
    if (!(await comes(list))) continue;
    await list.click();
    if (await comes(told)) return;
  }
  assert.fail('it is told on no day');
});

/* Of the morning that was recorded, by `eaves gaps`: [from, to, cause, state] */
async function gapsOf(url) {
  const child = spawn(path.join(build, 'src/cli/eaves'), ['gaps', '--quick', '--json', '--server', url,
    '--from', new Date(Date.now() - 7 * 3600e3).toISOString().slice(0, 16).replace('T', ' ')]);
  let out = '';
  let complaints = '';
  child.stdout.on('data', (d) => { out += d; });
  child.stderr.on('data', (d) => { complaints += d; });
  child.stdin.end(`Tia\n${phrase}\n`);
  await new Promise((done) => child.once('close', done));
  assert.equal(complaints, '');
  return out.split('\n').filter(Boolean).map((l) => JSON.parse(l));
}
const long = (all, cause, state = 0) => all.filter((g) => g.cause === cause && g.state === state)
  .reduce((sum, g) => sum + (g.to - g.from) / S, 0);

test('on a terminal it is the same, and a server that had room is named', async () => {
  between = await new Tamper(system.port).listen();
  const rightly = await gapsOf(between.url);
  assert.ok(long(rightly, 'gone', 1) > 3600, JSON.stringify(rightly));
  assert.equal(long(rightly, 'gone'), 0, 'seven days are kept');
  assert.equal(long(rightly, 'server'), 0, JSON.stringify(rightly));
  between.keep = (a) => ({ ...a, used: 0, most: 9 * a.most });
  const early = await gapsOf(between.url);
  assert.equal(long(early, 'gone', 1), 0);
  assert.ok(Math.abs(long(early, 'server') - long(rightly, 'gone', 1)) < 60, JSON.stringify(early));
});

test('more than half of the room cannot be locked', async () => {
  await button('Keep').click();
  await accessible(page, 'lock');
  await page.keyboard.press('Escape');
  await lock(await ago(170), await ago(5));
  await page.getByText('That is more than may be locked').waitFor();
  await shot(page, 'lock');
  await button('Cancel').click();
});

test('a stretch is locked and shown', async () => {
  await lock(await ago(60), await ago(50));
  await page.locator('rect.locked').first().waitFor({ state: 'attached' });
  assert.equal(await page.locator('.note.bad:visible').count(), 0);
  await shot(page, 'locked');
});

test('a camera is kept as long as somebody says', async () => {
  await settings();
  await page.getByText(/Keeps (about|less)/).waitFor();
  await page.getByRole('listitem').filter({ hasText: 'Front door' }).waitFor();
  await page.getByLabel('Days').fill('0');
  await page.getByText('A number from 1 to 3650.').waitFor();
  await page.getByLabel('Days').fill('3');
  await page.locator('form', { has: page.getByLabel('Days') }).getByRole('button', { name: 'Save' }).click();
  await page.getByText('Saved.').waitFor();
  await accessible(page, 'settings');
  await shot(page, 'settings');
  await page.setViewportSize(PHONE);
  await accessible(page, 'settings, phone');
  await shot(page, 'settings-phone');
});

test('another name; gone and back, all of it is as it was set', async () => {
  await page.getByLabel('Name', { exact: true }).fill('Yard');
  await page.locator('form', { has: page.getByLabel('Name', { exact: true }) })
    .getByRole('button', { name: 'Save' }).click();
  await page.getByRole('heading', { name: 'Yard' }).waitFor();
  await page.reload();
  await button('Settings of Yard').click();
  await page.getByText(/Keeps (about|less)/).waitFor();
  assert.equal(await page.getByLabel('Days').inputValue(), '3');
});

test('without a connection it says so, and tries again', async () => {
  await page.context().setOffline(true);
  await button('Home').click();
  await button('Settings of Yard').click();
  await page.getByText('The server does not say what it keeps.').waitFor();
  await page.context().setOffline(false);
  await button('Try again').click();
  await page.getByText(/Keeps (about|less)/).waitFor();
});

test('the home tells how full it is, and what is locked', async () => {
  await button('Home').click();
  await button('Account').click();
  await button('Look').click();
  await page.getByText(/of 101 MB are used/).waitFor();
  await page.getByText(/\d+ MB are locked; 50 MB may be/).waitFor();
  await accessible(page, 'recordings');
  await shot(page, 'recordings-phone');
  await page.getByRole('button', { name: /^Unlock/ }).click();
  await button('Yes, unlock').click();
  await page.getByRole('heading', { name: 'Kept for ever' }).waitFor({ state: 'detached' });
});

test('a camera is removed when one is asked again and says yes', async () => {
  await button('Home').click();
  await button('Settings of Yard').click();
  await button('Remove this camera').click();
  await page.getByText('Remove Yard?').waitFor();
  await accessible(page, 'remove');
  await button('Yes, remove it').click();
  await page.getByRole('heading', { name: 'No camera yet' }).waitFor();
});
