/*
 * A server that gives one camera's records out as another's, an old run as
 * live, an old list of the home as the newest, keys of its own: each is
 * refused, and people are told in words. tamper.test.mjs has the rest.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { chromiumClose, pageOpen, shot } from './browser.mjs';
import { accessible, codeConfirm, data, firstRun, moves, signIn, title, untilData } from './steps.mjs';
import { load } from './source.mjs';
import { System } from './system.mjs';
import { Tamper, flagsOf } from './tamper.mjs';

const e = await load('base/codec', 'base/octets', 'model/keyring');
const KEY = 1;
const HEADER = 2;
const system = new System();
system.hubArgs = ['--camera', 'demo', '--camera-name', 'Front door', '--camera', 'demo', '--camera-name', 'Garden'];
let between;
let page;
let passphrase;

before(async () => {
  await system.start();
  const first = await pageOpen();
  let code;
  ({ passphrase, code } = await firstRun(first.page, await system.link(), 'Eve', 'House'));
  await codeConfirm(first.page, code);
  await moves(first.page);
  await first.context.close();
  between = await new Tamper(system.port).listen();
  ({ page } = await pageOpen());
  await signIn(page, between.url, 'Eve', passphrase);
  await moves(page);
});
after(async () => {
  await chromiumClose();
  await between?.close();
  await system.stop();
});

const show = (name) =>
  page.getByRole('navigation', { name: 'Cameras' }).getByRole('button', { name }).click();
const good = async () => {
  between.bend = (m) => m;
  await untilData(page, (d) => d.picture === 'live' && d.verified === 'true');
};
/* What the server sends from the next watch on, slot and all. */
function recorded(until) {
  const all = [];
  between.bend = (m) => { if (all.length || flagsOf(m) === HEADER) all.push(m); until(all); return m; };
  return all;
}
const slotted = (m, like) => { like.copy(m, 0, 0, 4); return m; };

test('records of another camera do not open', async () => {
  await good();
  const garden = recorded(() => {});
  await show('Garden');
  await moves(page, 20);
  let n = 0;
  between.bend = (m) => {
    if (flagsOf(m) === HEADER) n = 0; /* the watch before took a few */
    return n < garden.length ? slotted(Buffer.from(garden[n++]), m) : null;
  };
  await show('Front door');
  await untilData(page, (d) => d.picture === 'shut');
  await page.getByText('Does not open').first().waitFor();
  await good();
});

test('a flag that was changed keeps the record shut', async () => {
  await good();
  between.bend = (m) => { if (flagsOf(m) <= KEY) m[5] ^= KEY; return m; };
  await untilData(page, (d) => d.picture === 'shut');
  await good();
});

test('a group that was cut out is not papered over', async () => {
  await good();
  let keys = 0;
  const shown = new Set();
  between.bend = (m) => {
    if (flagsOf(m) === KEY) keys++;
    return keys % 2 === 1 ? null : m;
  };
  for (let i = 0; i < 20; i++) {
    const d = await untilData(page, (x, seen) => !seen.has(x.captured), shown);
    shown.add(d.captured);
    /* the time that is shown is the picture's own, and what is old is called so */
    assert.ok(d.picture !== 'live' || Date.now() * 1000 - Number(d.captured) < 4e6);
  }
  await good();
});

test('a run from before that is played as live is called old', async () => {
  await good();
  const before_ = recorded(() => {});
  await show('Front door');
  await untilData(page, (d, from) => Number(d.captured) > from + 3e6, Number((await data(page)).captured));
  between.bend = (m) => m;
  const last = Number((await data(page)).captured);
  await untilData(page, (d) => Number(d.captured) > last + 11e6);
  /* the page that goes takes a few, too: each watch gets it from its beginning */
  let n = 0;
  between.bend = (m) => {
    if (flagsOf(m) === HEADER) n = 0;
    return n < before_.length ? slotted(Buffer.from(before_[n++]), m) : null;
  };
  await page.reload();
  const d = await untilData(page, (x) => x.picture === 'old' && Number(x.captured) > 0);
  assert.ok(Date.now() * 1000 - Number(d.captured) > 10e6);
  await page.getByText('Old picture').first().waitFor();
  await shot(page, 'replayed');
  between.bend = (m) => m;
  await page.reload();
  await good();
});

/* The server's answers to "what is this home" are changed on the way. */
async function homeBent(bend) {
  await page.route('**/api/home/read', async (route) => {
    const answer = await route.fetch();
    const body = await answer.json();
    await route.fulfill({ response: answer, json: await bend(body) });
  });
  await page.reload();
}

test('a list of the home that is older than the one known is refused', async () => {
  await homeBent((b) => ({ ...b, versions: b.versions.slice(0, -1) }));
  await page.getByText('is not signed as it should be').first().waitFor();
  await accessible(page, 'older home');
  await shot(page, 'untrusted');
  await page.unroute('**/api/home/read');
});

/* What a server knows of a member who once was in the house: public keys and ids. */
const known = () => page.evaluate(async () => {
  const db = await new Promise((done) => { indexedDB.open('eaves').onsuccess = (e) => done(e.target.result); });
  const kept = await new Promise((done) => {
    db.transaction('keep').objectStore('keep').get('person').onsuccess = (e) => done(e.target.result);
  });
  return { reader: [...kept.kx.public], home: kept.homes[0].home };
});

test('a key of the server\'s own, sealed to the reader, is refused', async () => {
  const { reader, home } = await known();
  const own = async (k) => {
    const at = { home: e.unb64(home, 16), epoch: k.epoch, version: k.version };
    const plain = e.keyringPlain(e.KEY_HOME, new Uint8Array(16), e.random(32));
    return { ...k, item: e.b64(await e.keyringSeal(at, Uint8Array.from(reader), plain)) };
  };
  /* instead of the real one: the signed list does not commit to it */
  await homeBent(async (b) => ({ ...b, keys: await Promise.all(b.keys.map(own)) }));
  await page.getByText('is not signed as it should be').first().waitFor();
  await page.unroute('**/api/home/read');
  /* behind the real one it is not looked at; before it nothing opens */
  await homeBent(async (b) => ({ ...b, keys: [...b.keys, ...(await Promise.all(b.keys.map(own)))] }));
  await moves(page);
  await page.unroute('**/api/home/read');
  await homeBent(async (b) => ({ ...b, keys: [...(await Promise.all(b.keys.map(own))), ...b.keys] }));
  await page.getByText('is not signed as it should be').first().waitFor();
  await page.unroute('**/api/home/read');
  await page.reload();
  await moves(page);
});

test('a home without a camera says how to add one', async () => {
  const empty = new System();
  after(() => empty.stop());
  empty.hubArgs = [];
  await empty.start();
  const { page: p } = await pageOpen();
  const { code } = await firstRun(p, await empty.link(), 'Zoe', 'Cabin');
  await codeConfirm(p, code);
  await title(p, 'No camera yet');
  await accessible(p, 'no camera');
  await shot(p, 'no-camera');
});
