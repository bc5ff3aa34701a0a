/*
 * A server that gives one camera's records out as another's, an old run as
 * live, an old list of the home as the newest, keys of its own: each is
 * refused, and people are told in words. tamper.test.mjs has the rest.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { chromiumClose, pageOpen, shot } from './browser.mjs';
import { accessible, codeConfirm, data, firstRun, moves, signIn, title, untilData } from './steps.mjs';
import { ownerOpen, renamed, runKeys } from './owner.mjs';
import { load } from './source.mjs';
import { System } from './system.mjs';
import { Tamper, flagsOf } from './tamper.mjs';

const e = await load('base/codec', 'base/octets', 'model/keyring');
const KEY = 1;
const HEADER = 2;
const MARK = 4;
const system = new System();
system.hubArgs = ['--camera', 'demo', '--camera-name', 'Front door', '--camera', 'demo', '--camera-name', 'Garden'];
let between;
let page;
let passphrase;
let early; /* what was live in the beginning */
let earlyEnds; /* us */

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
  await page.getByRole('button', { name: 'Front door' }).click();
  await moves(page);
  early = recorded();
  await show('Front door');
  await untilData(page, (d, from) => Number(d.captured) > from + 3e6, Number((await data(page)).captured));
  between.bend = (m) => m;
  earlyEnds = Number((await data(page)).captured);
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
function recorded() {
  const all = [];
  between.bend = (m) => { if (all.length || flagsOf(m) === HEADER) all.push(m); return m; };
  return all;
}
const slotted = (m, like) => { like.copy(m, 0, 0, 4); return m; };

test('records of another camera do not open', async () => {
  await good();
  const garden = recorded();
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
  await untilData(page, (d) => Number(d.captured) > earlyEnds + 11e6);
  /* the page that goes takes a few, too: each watch gets it from its beginning */
  let n = 0;
  between.bend = (m) => {
    if (flagsOf(m) === HEADER) n = 0;
    return n < early.length ? slotted(Buffer.from(early[n++]), m) : null;
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

test('a signature that is not the hub\'s: the picture goes, with words', async () => {
  const owner = await ownerOpen(system.url, 'Eve', passphrase);
  const keys = new Map(); /* of runs, by slot */
  await good();
  /* who has the home's keys, together with the server, seals what the hub did not sign */
  between.bend = async (m) => {
    const slot = m.readUInt32BE(0);
    const record = new Uint8Array(m.subarray(4));
    if (flagsOf(m) === HEADER) keys.set(slot, runKeys(owner, 'Front door', record));
    const sframe = (flagsOf(m) & MARK) && (await keys.get(slot));
    if (!sframe) return m;
    const { ctr, plain } = await sframe.open(record.subarray(0, 2), record.subarray(2));
    plain[plain.length - 1] ^= 1;
    const sealed = await sframe.seal(ctr, record.subarray(0, 2), plain);
    return Buffer.concat([m.subarray(0, 6), sealed]);
  };
  await show('Garden');
  await show('Front door');
  await untilData(page, (d) => d.picture === 'false');
  await page.getByText('Not shown: wrong signature').first().waitFor();
  await accessible(page, 'wrong signature');
  await shot(page, 'false');
  await good();
});

test('two versions of the home with one number: the hub\'s is another one', async () => {
  const owner = await ownerOpen(system.url, 'Eve', passphrase);
  const theirs = await renamed(owner, 'House one');
  const ours = await renamed(owner, 'House two');
  const { entry, people, hub } = ours.sealed;
  await page.route('**/api/home/read', async (route) => {
    const answer = await route.fetch();
    const body = await answer.json();
    const versions = body.versions.map((v) => (v.version !== ours.next.version ? v
      : { ...v, entry: e.b64(entry), people: e.b64(people), hub: e.b64(hub) }));
    await route.fulfill({ response: answer, json: { ...body, versions } });
  });
  await owner.write(theirs);
  await page.getByText('House two').waitFor();
  await page.getByText('There are two histories of your home').waitFor();
  await accessible(page, 'fork');
  await shot(page, 'fork');
  await page.unroute('**/api/home/read');
});

test('a hub whose clock was never set is told of, and its pictures still come', async () => {
  const unset = new System();
  after(() => unset.stop());
  unset.hubProgram = 'tests/fast/unset/eaves-hub';
  await unset.start();
  const { page: p, context } = await pageOpen();
  const { code } = await firstRun(p, await unset.link(), 'Ida', 'Hut');
  await codeConfirm(p, code);
  await moves(p);
  await p.getByText('clock was never set').waitFor();
  await untilData(p, (d) => d.picture === 'live' && d.verified === 'true');
  await accessible(p, 'clock never set');
  await shot(p, 'never-set');
  await context.close();
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
