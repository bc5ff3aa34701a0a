/*
 * What goes on after an interruption, and a hub with two cameras.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { chromiumClose, pageOpen, shot } from './browser.mjs';
import {
  accessible, account, codeConfirm, codeTake, data, firstRun, go, moves, signIn, signInHere, title, untilData,
} from './steps.mjs';
import { System } from './system.mjs';

const system = new System();
system.hubArgs = ['--camera', 'demo', '--camera-name', 'Front door',
  '--camera', 'demo', '--camera-name', 'Garden'];
let page;
let passphrase;

before(async () => {
  await system.start();
  ({ page } = await pageOpen());
});
after(async () => {
  await chromiumClose();
  await system.stop();
});

test('a page that is reloaded in the first run meets the hub all the same', async () => {
  /* the hub says nothing while the account is made */
  const link = await system.link();
  system.hub.pause(true);
  ({ passphrase } = await firstRun(page, link, 'Cleo', 'Flat'));
  await page.getByText('Waiting for the hub').waitFor();
  await page.reload();
  await title(page, 'Meeting your hub');
  await accessible(page, 'pairing');
  await shot(page, 'pairing');
  system.hub.pause(false);
  await moves(page);
  await untilData(page, (d) => d.verified === 'true');
});

test('a recovery code that was not confirmed is asked for until it is', async () => {
  await page.getByText('Your recovery code was shown').waitFor();
  await accessible(page, 'code owed');
  await page.getByRole('button', { name: 'Make a new one' }).click();
  await title(page, 'Account');
  await page.getByRole('button', { name: 'Make a new one' }).click();
  await page.getByLabel('Passphrase').fill(passphrase);
  await go(page);
  await codeConfirm(page, await codeTake(page));
  await moves(page);
  assert.equal(await page.getByText('Your recovery code was shown').count(), 0);
});

test('each camera has its own picture', async () => {
  const cameras = page.getByRole('navigation', { name: 'Cameras' });
  await page.getByRole('button', { name: 'Garden' }).click();
  await title(page, 'Garden');
  await moves(page);
  const d = await untilData(page, (x) => x.picture === 'live' && x.verified === 'true');
  assert.ok(Date.now() * 1000 - Number(d.captured) < 5e6);
  await accessible(page, 'two cameras');
  await shot(page, 'cameras');
  await cameras.getByRole('button', { name: 'Front door' }).click();
  await title(page, 'Front door');
  await moves(page);
});

test('a page that comes back from the account shows the picture again', async () => {
  await account(page);
  await page.getByRole('button', { name: 'Home', exact: true }).click();
  await moves(page);
  assert.equal((await data(page)).picture, 'live');
});

/* Pictures that were taken after now, signed. */
const newer = (page_) => untilData(page_, (d, t) => d.picture === 'live' && d.verified === 'true' &&
  Number(d.captured) > t, Date.now() * 1000);

test('a hub that starts again has its cameras, and a server that was killed its homes', async () => {
  await system.hub.stop();
  system.hubStart();
  await newer(page);
  await system.server.stop('SIGKILL');
  await system.serverStart();
  await newer(page);
  await page.reload();
  await newer(page);
});

test('a home key that is 30 days old is replaced, and all go on with the new one', async () => {
  const wrote = page.waitForRequest((r) => r.url().endsWith('/api/home/write'));
  /* the page's clock only; workers, hub and server keep theirs */
  await page.addInitScript(() => {
    const month = performance.timeOrigin + 31 * 86_400_000;
    Object.defineProperty(Performance.prototype, 'timeOrigin', { get: () => month });
  });
  await page.reload();
  assert.equal((await wrote).postDataJSON().epoch, 2);
  await untilData(page, (d, t) => d.picture === 'live' && d.verified === 'true' &&
    Number(d.captured) > t, Date.now() * 1000 + 1e6);
  const { page: other, context } = await pageOpen();
  await signIn(other, system.url, 'Cleo', passphrase);
  await newer(other);
  await context.close();
});

test('a second hub is let in by an owner, and all cameras are live', async () => {
  const link = await system.hubMore(['--camera', 'demo', '--camera-name', 'Shed']);
  const { page: other, context } = await pageOpen();
  /* who is not signed in is asked for that first, and nobody makes an account with it */
  await other.goto(link);
  await other.getByText('Sign in to finish with the link that you opened').waitFor();
  await shot(other, 'link-waits');
  system.hub2.pause(true);
  await signInHere(other, 'Cleo', passphrase);
  await title(other, 'Meeting your hub');
  await accessible(other, 'second hub');
  await shot(other, 'second-hub');
  system.hub2.pause(false);
  /* both browsers learn of it; one of them shows all cameras */
  await other.locator('.grid').getByRole('button', { name: 'Shed' }).click();
  for (const p of [other, page]) {
    for (const name of ['Shed', 'Front door']) {
      await p.getByRole('navigation', { name: 'Cameras' }).getByRole('button', { name }).click();
      await untilData(p, (d, t) => d.picture === 'live' && d.verified === 'true' && Number(d.captured) > t,
        Date.now() * 1000);
    }
  }
  await context.close();
});

test('without the server the page itself still opens, and waits', async () => {
  const { page: other, context } = await pageOpen();
  await signIn(other, system.url, 'Cleo', passphrase);
  await newer(other);
  await other.evaluate(() => navigator.serviceWorker.ready.then(() => undefined));
  await other.reload(); /* now under the service worker */
  await newer(other);
  await system.server.stop();
  await other.reload();
  await other.getByText('The server does not answer').first().waitFor();
  await shot(other, 'opening-gone');
  await system.serverStart();
  await newer(other);
  await context.close();
});
