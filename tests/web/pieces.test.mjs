/*
 * A big home: 16 cameras over several epochs. What the server knows of it is
 * more than one message carries; it comes in pieces, and everybody reads on.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { after, before, test } from 'node:test';
import { chromiumClose, pageOpen } from './browser.mjs';
import { codeConfirm, firstRun, moves, signIn, untilData } from './steps.mjs';
import { System } from './system.mjs';

const CAMERAS = 16;
const MESSAGE_OCTETS = 1 << 20;
const system = new System();
let page;
let passphrase;
let hub; /* its id */

before(async () => {
  for (let i = 2; i <= CAMERAS; i++) {
    const fifo = system.at(`camera-${i}`);
    execFileSync('mkfifo', [fifo]);
    system.hubArgs.push('--camera', `pipe:${fifo}`, '--camera-name', `Camera ${i}`);
  }
  await system.start();
  ({ page } = await pageOpen());
  const wrote = page.waitForRequest((r) => r.url().endsWith('/api/home/write'));
  const first = await firstRun(page, await system.link(), 'Gus', 'Estate');
  passphrase = first.passphrase;
  hub = (await wrote).postDataJSON().devices[0].id;
  await codeConfirm(page, first.code);
  await moves(page);
});
after(async () => {
  await chromiumClose();
  await system.stop();
});

/* The last write of an epoch: the one with the last camera's hours. */
const renewed = (epoch) => {
  let cameras = 0;
  return page.waitForResponse((r) => {
    const body = r.url().endsWith('/api/home/write') ? r.request().postDataJSON() : { keys: [] };
    cameras += body.keys.filter((k) => k.reader === hub && k.item.length > 4096).length;
    return body.epoch === epoch && cameras === CAMERAS;
  });
};

test('a hub that was away for three months reads all of it and goes on', async () => {
  await system.hub.stop();
  for (const epoch of [2, 3, 4]) {
    /* the page's clock only */
    await page.addInitScript((days) => {
      const then = performance.timeOrigin + days * 86_400_000;
      Object.defineProperty(Performance.prototype, 'timeOrigin', { configurable: true, get: () => then });
    }, 31 * (epoch - 1));
    const done = renewed(epoch);
    await page.reload();
    assert.ok((await done).ok());
  }
  system.hubStart();
  const { page: other, context } = await pageOpen();
  const read = other.waitForRequest((r) => r.url().endsWith('/api/home/read'));
  await signIn(other, system.url, 'Gus', passphrase);
  await untilData(other, (d, t) => d.picture === 'live' && d.verified === 'true' && Number(d.captured) > t,
    Date.now() * 1000 + 1e6);
  const { authorization } = (await read).headers();
  await context.close();
  await piecesCheck(authorization);
});

/* The server's pieces for the hub: each fits a message, nothing comes twice. */
async function piecesCheck(authorization) {
  const items = new Set();
  const versions = new Set();
  let pieces = 0;
  for (let since = 0, skip = 0, more = true; more; pieces++) {
    const r = await fetch(`${system.url}/api/home/read`, {
      method: 'POST', headers: { authorization }, body: JSON.stringify({ since, reader: hub, skip }),
    });
    assert.equal(r.status, 200);
    const text = await r.text();
    assert.ok(text.length < MESSAGE_OCTETS);
    const body = JSON.parse(text);
    for (const k of body.keys) {
      assert.ok(!items.has(k.item) || since > 0);
      items.add(k.item);
    }
    for (const v of body.versions) {
      assert.equal(v.version, since + 1);
      versions.add(v.version);
      since = v.version;
    }
    skip = body.versions.length ? 0 : skip + body.keys.length;
    more = body.more;
  }
  assert.ok(pieces > 4, `${pieces} pieces`);
  assert.equal(items.size, 3 * (2 + CAMERAS) + CAMERAS); /* the first keys went in the pairing */
  assert.equal(versions.size, 1 + 4 * 6);
}

test('an app reads on from piece to piece', async () => {
  const { page: other, context } = await pageOpen();
  let asked = 0;
  await other.route('**/api/home/read', async (route) => {
    asked++;
    const answer = await route.fetch();
    const b = await answer.json();
    const keys = b.keys.slice(0, 1);
    const versions = b.keys.length > 1 ? [] : b.versions.slice(0, 10);
    const more = b.more || keys.length < b.keys.length || versions.length < b.versions.length;
    await route.fulfill({ response: answer, json: { keys, versions, more } });
  });
  await signIn(other, system.url, 'Gus', passphrase);
  await moves(other);
  assert.ok(asked > 4, `${asked} questions`);
  await context.close();
});
