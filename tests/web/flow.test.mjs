/*
 * The whole way, with real parts: eavesd, eaves-hub with its demo camera, and
 * Chromium. One household lives through all tests of this file, in order.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { PHONE, chromiumClose, pageOpen, shot, stampRead } from './browser.mjs';
import {
  accessible, account, codeConfirm, codeTake, data, firstRun, go, moves, signIn, signInHere, title,
  untilData,
} from './steps.mjs';
import { System } from './system.mjs';

const NAME = 'Maria';
const HOME = 'Lake house';
const system = new System();
let maria; /* her first browser */
let passphrase;
let code;

before(async () => { await system.start(); });
after(async () => {
  await chromiumClose();
  await system.stop();
});

/* A picture's blocks say the very time that its record carried, sealed. */
async function stampHolds(page) {
  for (let i = 0; i < 5; i++) {
    const s = await stampRead(page);
    if (s.us === s.captured % 2 ** 48) return s;
  }
  return assert.fail(`the picture says ${JSON.stringify(await stampRead(page))}`);
}

test('without a link a new server says where to find it', async () => {
  const { page, context, complaints } = await pageOpen();
  await page.goto(system.url);
  await title(page, 'Nobody lives here yet');
  await accessible(page, 'new server');
  await shot(page, 'fresh');
  assert.deepEqual(complaints, []);
  await context.close();
});

test('a link from another hub is refused before anything is asked', async () => {
  const { page, context } = await pageOpen();
  const link = await system.link();
  const bent = link.slice(0, -6) + (link.at(-6) === 'A' ? 'B' : 'A') + link.slice(-5);
  await page.goto(bent);
  await title(page, 'This link does not work');
  assert.match(await page.getByRole('alert').innerText(), /not the hub that printed this link/);
  await accessible(page, 'bad link');
  await shot(page, 'bad-link');
  await context.close();
});

test('from the link to a moving picture that carries its own time', async () => {
  maria = await pageOpen();
  const { page } = maria;
  const asked = [];
  page.on('request', (r) => asked.push(r.url()));
  const link = await system.link();
  await page.goto(link);
  await title(page, 'Welcome home');
  assert.equal(await page.evaluate(() => location.href), `${system.url}/`);
  assert.equal(await page.evaluate(() => history.length), 2, 'the link is not in the history');
  await accessible(page, 'welcome');
  await shot(page, 'welcome');
  ({ passphrase, code } = await firstRunShots(page, link));
  await codeConfirm(page, code);
  await moves(page, 20);
  const s = await stampHolds(page);
  assert.ok(Date.now() * 1000 - s.captured < 5e6, 'it is live');
  const d = await untilData(page, (x) => x.verified === 'true' && x.latency !== '');
  assert.equal(d.picture, 'live');
  assert.ok(Number(d.latency) > 0 && Number(d.latency) < 1000, d.latency);
  assert.deepEqual(asked.filter((u) => !u.startsWith(`${system.url}/`)), [], 'no third party');
  assert.deepEqual(asked.filter((u) => u.includes('#') || u.includes('?')), []);
  assert.deepEqual(maria.complaints, []);
  await accessible(page, 'live');
  await shot(page, 'live');
});

async function firstRunShots(page, link) {
  const got = await firstRun(page, link, NAME, HOME);
  await accessible(page, 'recovery code');
  await shot(page, 'code');
  return got;
}

test('the link works once', async () => {
  const { page, context } = await pageOpen();
  await page.goto(await system.link());
  await title(page, 'Welcome back');
  await accessible(page, 'sign in');
  await shot(page, 'signin');
  await context.close();
});

test('keys in the browser cannot be exported', async () => {
  const kinds = await maria.page.evaluate(async () => {
    const db = await new Promise((done) => { indexedDB.open('eaves').onsuccess = (e) => done(e.target.result); });
    const all = await new Promise((done) => {
      db.transaction('keep').objectStore('keep').getAll().onsuccess = (e) => done(e.target.result);
    });
    const found = [];
    const look = (v) => {
      if (v instanceof CryptoKey) found.push(v.extractable);
      else if (v && typeof v === 'object' && !ArrayBuffer.isView(v)) Object.values(v).forEach(look);
    };
    all.forEach(look);
    return found;
  });
  assert.equal(kinds.length, 3);
  assert.ok(kinds.every((extractable) => extractable === false));
});

test('a minute back by keyboard, and live again', async () => {
  const { page } = maria;
  await untilData(page, (d) => d.picture === 'live');
  const live = Number((await data(page)).captured);
  const slider = page.getByRole('slider');
  await slider.focus();
  for (let i = 0; i < 5; i++) await page.keyboard.press('ArrowLeft');
  await untilData(page, (d) => d.picture === 'past' && Number(d.captured) < live);
  await stampHolds(page);
  assert.match(await slider.getAttribute('aria-valuetext'), /^Today, .*\d:\d\d:\d\d/);
  assert.equal((await data(page)).verified, 'true');
  const at = Number((await data(page)).captured);
  await untilData(page, (d) => Number(d.captured) > at + 1e6); /* it plays */
  await page.getByRole('button', { name: 'Pause' }).click();
  await page.getByRole('button', { name: 'Play' }).waitFor();
  await accessible(page, 'a minute back');
  await shot(page, 'past');
  await page.getByRole('button', { name: 'Back to live' }).click();
  await untilData(page, (d) => d.picture === 'live' && Date.now() * 1000 - Number(d.captured) < 3e6);
});

test('what was before this page is fetched and opens', async () => {
  const { page } = maria;
  const opened = Date.now() * 1000;
  await page.reload();
  await moves(page);
  const slider = page.getByRole('slider');
  await slider.focus();
  for (let i = 0; i < 15; i++) await page.keyboard.press('ArrowLeft');
  await untilData(page, (d) => d.picture === 'past' && Number(d.captured) < opened - 1e6);
  await slider.press('ArrowLeft');
  const d = await untilData(page, (x) => Number(x.captured) < opened - 1e6 && x.verified === 'true');
  assert.ok(Number(d.captured) > 0);
  await stampHolds(page);
  await page.getByRole('button', { name: 'Back to live' }).click();
  await untilData(page, (x) => x.picture === 'live');
});

test('a second browser signs in, and the first one can end its session', async () => {
  const other = await pageOpen({ viewport: PHONE, hasTouch: true, isMobile: true });
  await signIn(other.page, system.url, NAME.toUpperCase(), passphrase);
  await moves(other.page);
  await stampHolds(other.page);
  /* a finger on the slider: back to what was before this page */
  const box = await other.page.getByRole('slider').boundingBox();
  await other.page.touchscreen.tap(box.x + box.width * 0.75, box.y + box.height / 2);
  await untilData(other.page, (d) => d.picture === 'past' && Date.now() * 1000 - Number(d.captured) > 4e6);
  await stampHolds(other.page);
  const { page } = maria;
  await account(page);
  await accessible(page, 'account');
  await shot(page, 'account');
  await page.getByRole('button', { name: 'Show' }).first().click();
  await page.getByLabel('Passphrase').fill(passphrase);
  await go(page);
  await page.locator('.sessions li').nth(1).waitFor();
  await accessible(page, 'sessions');
  await shot(page, 'sessions');
  await page.getByRole('button', { name: /End the session/ }).click();
  await page.locator('.sessions li').nth(1).waitFor({ state: 'detached' });
  /* at once, not at the next visit */
  await title(other.page, 'Welcome back');
  assert.match(await other.page.getByRole('alert').innerText(), /has ended/);
  await other.context.close();
  await page.getByRole('button', { name: 'Home', exact: true }).click();
  await moves(page);
});

test('signing out forgets the keys; a wrong passphrase is told in words', async () => {
  const { page } = maria;
  await account(page);
  /* the page's way into the home, in the hands of who saw it once */
  const seen = page.waitForRequest('**/api/home/read');
  await page.reload();
  const { authorization } = await (await seen).allHeaders();
  const again = () => fetch(`${system.url}/api/home/read`, { method: 'POST', headers: { authorization }, body: '{}' });
  assert.notEqual((await again()).status, 401);
  await account(page);
  await page.getByRole('button', { name: 'Sign out' }).click();
  await title(page, 'Welcome back');
  assert.equal((await again()).status, 401);
  const kept = await page.evaluate(async () => {
    const db = await new Promise((done) => { indexedDB.open('eaves').onsuccess = (e) => done(e.target.result); });
    return new Promise((done) => {
      db.transaction('keep').objectStore('keep').getAllKeys().onsuccess = (e) => done(e.target.result);
    });
  });
  assert.deepEqual(kept, ['left']);
  for (const [name, word] of [[NAME, `${passphrase} x`], ['Nobody', passphrase]]) {
    await signInHere(page, name, word);
    await page.getByRole('alert').filter({ hasText: 'do not fit together' }).waitFor();
  }
  await accessible(page, 'wrong passphrase');
  await shot(page, 'wrong');
  await signInHere(page, NAME, `  ${passphrase}  `);
  await moves(page);
});

test('a forgotten passphrase: the code, then a new one', async () => {
  const { page, context } = await pageOpen();
  await page.goto(system.url);
  await page.getByRole('button', { name: 'I forgot my passphrase' }).click();
  await page.getByLabel('Your name').fill(NAME);
  await page.getByLabel('Recovery code').fill(code.replace(/.$/, (c) => (c === 'a' ? 'b' : 'a')));
  await go(page);
  await page.getByText('There is a slip in the code').waitFor();
  await accessible(page, 'forgotten');
  await shot(page, 'forgot');
  await page.getByLabel('Recovery code').fill(code.toUpperCase().replace(/ /g, '-'));
  await go(page);
  await title(page, 'A new passphrase');
  await page.locator('button.main:not(:disabled)').waitFor();
  await page.getByLabel('Passphrase').fill('password123');
  await page.getByText('This could be guessed').waitFor();
  assert.ok(await page.locator('button.main').isDisabled());
  await accessible(page, 'weak passphrase');
  await shot(page, 'weak');
  await page.getByRole('button', { name: 'Other words' }).click();
  await page.locator('button.main:not(:disabled)').waitFor();
  const fresh = await page.getByLabel('Passphrase').inputValue();
  await go(page);
  const newCode = await codeTake(page);
  assert.notEqual(newCode, code);
  await codeConfirm(page, newCode);
  await moves(page);
  await context.close();
  const again = await pageOpen();
  await signIn(again.page, system.url, NAME, passphrase);
  await again.page.getByRole('alert').filter({ hasText: 'do not fit' }).waitFor();
  await signInHere(again.page, NAME, fresh);
  await moves(again.page);
  await again.context.close();
  const old = await pageOpen();
  await old.page.goto(system.url);
  await old.page.getByRole('button', { name: 'I forgot my passphrase' }).click();
  await old.page.getByLabel('Your name').fill(NAME);
  await old.page.getByLabel('Recovery code').fill(code);
  await go(old.page);
  await old.page.locator('button.main:not(:disabled)').waitFor();
  await go(old.page);
  await old.page.getByRole('alert').filter({ hasText: 'not valid any more' }).waitFor();
  await old.context.close();
  passphrase = fresh;
  code = newCode;
});

/* Whether "Live" ever stood beside words that say otherwise, from now on. */
const liveWatch = (page) => page.evaluate(() => {
  globalThis.both = 0;
  const look = () => { if (document.querySelector('.stage .overlay') && document.querySelector('.badge.live')) globalThis.both++; };
  new MutationObserver(look).observe(document.body, { childList: true, subtree: true, characterData: true });
  look();
});
const liveUnderWords = (page) => page.evaluate(() => globalThis.both);

test('a camera that goes away is told with its last good picture', async () => {
  const { page } = maria;
  await moves(page, 30);
  await liveWatch(page);
  await system.hub.stop('SIGKILL');
  await page.getByText('The camera is offline').first().waitFor();
  /* only what was signed stays on the screen */
  await untilData(page, (x) => x.picture === 'old' && x.verified === 'true');
  await page.getByText(/Old picture/).first().waitFor();
  await accessible(page, 'camera offline');
  await shot(page, 'offline');
  system.hubStart();
  await untilData(page, (x) => x.picture === 'live' && x.verified === 'true');
  await stampHolds(page);
});

test('a server that goes away is told, and found again', async () => {
  const { page } = maria;
  await system.server.stop();
  await page.getByText('The server does not answer').first().waitFor();
  await accessible(page, 'server gone');
  await shot(page, 'gone');
  await system.serverStart();
  await page.getByRole('button', { name: 'Try now' }).click().catch(() => {});
  await untilData(page, (x) => x.line === 'open' && x.picture === 'live' && x.verified === 'true');
  await stampHolds(page);
  assert.equal(await liveUnderWords(page), 0);
});

test('who watches is written down before anything plays, and all of it can be read', async () => {
  const { page } = maria;
  let go;
  const held = new Promise((done) => { go = done; });
  let asked = 0;
  await page.route('**/api/row', async (route) => {
    asked++;
    await held;
    await route.continue();
  });
  const asking = page.waitForRequest('**/api/row');
  await page.reload();
  await asking;
  await page.waitForSelector('canvas.picture', { state: 'attached' });
  /* a picture would be there by now */
  await page.evaluate(async () => {
    for (let i = 0; i < 60; i++) await new Promise(requestAnimationFrame);
  });
  assert.equal((await data(page)).frames, undefined, 'not a picture before it is said');
  go();
  await moves(page);
  assert.equal(asked, 1);
  await page.unroute('**/api/row');
  for (let i = 0; i < 15; i++) await page.getByRole('slider', { name: 'Time' }).press('ArrowLeft');
  await untilData(page, (d) => d.picture === 'past');
  await account(page);
  const show = async () => {
    await page.locator('.part', { hasText: 'Who has watched' }).getByRole('button').click();
    await page.locator('ul.watched li').first().waitFor();
  };
  await show();
  const lines = await page.locator('ul.watched li').allTextContents();
  assert.ok(lines.every((l) => l.startsWith('Maria')), lines.join());
  assert.match(lines[0], /looked at Front door as it was: Today, .* Today, /);
  assert.match(lines[1], /watched Front door live/);
  await accessible(page, 'who has watched');
  await shot(page, 'watched');
  await page.locator('.part', { hasText: 'Who has watched' }).getByRole('button').click();
  /* a row that no member signed so */
  await page.route('**/api/rows', async (route) => {
    const answer = await route.fetch();
    const body = await answer.json().catch(() => null);
    if (body?.rows?.length) body.rows[0].sealed = body.rows[0].sealed.replace(/^(.{300})./, (m, a) => `${a}${m.at(-1) === 'A' ? 'B' : 'A'}`);
    await route.fulfill({ response: answer, json: body });
  });
  await show();
  await page.getByText('1 entry does not open, or no member signed them').waitFor();
  await page.unroute('**/api/rows');
  await page.getByRole('button', { name: 'Home' }).click();
});

test('a browser that cannot says which can', async () => {
  const { page, context } = await pageOpen();
  await page.addInitScript(() => { delete globalThis.VideoDecoder; });
  await page.goto(system.url);
  await title(page, 'This browser cannot show Eaves');
  await accessible(page, 'cannot');
  await shot(page, 'cannot');
  await context.close();
});

test('in the dark it looks as it should', async () => {
  const { page } = maria;
  await page.emulateMedia({ colorScheme: 'dark' });
  await shot(page, 'live-dark');
  await account(page);
  await shot(page, 'account-dark');
});
