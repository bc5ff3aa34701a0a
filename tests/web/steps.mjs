/*
 * steps.mjs - what people do, for the browser tests.
 */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { createRequire } from 'node:module';

const axe = fs.readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

export const data = (page) =>
  page.evaluate(() => ({ ...document.querySelector('canvas.picture')?.dataset }));

/* Pictures move: n more than there were. */
export async function moves(page, n = 8) {
  await page.waitForSelector('canvas.picture', { state: 'attached' });
  const from = Number((await data(page)).frames ?? 0);
  await untilData(page, (d, least) => Number(d.frames) >= least, from + n);
}

/* The page may not evaluate text, so the test runs here. */
export async function untilData(page, test, arg, limit_ms = 30_000) {
  const end = Date.now() + limit_ms;
  let d;
  while (Date.now() < end) {
    d = await data(page);
    if (test(d, arg)) return d;
    await page.evaluate(() => new Promise((done) => {
      const canvas = document.querySelector('canvas.picture');
      const again = () => done(undefined);
      const timer = setInterval(again, 250);
      setTimeout(() => clearInterval(timer), 260);
      canvas?.addEventListener('eaves-drawn', again, { once: true });
    }));
  }
  assert.fail(`the canvas never was so: ${test} ${JSON.stringify(d)}`);
}

export const go = (page) => page.locator('button.main').click();
export const title = (page, text) =>
  page.locator('h1, h2').filter({ hasText: text }).first().waitFor();

/* From the link to the recovery code. */
export async function firstRun(page, link, name, home) {
  await page.goto(link);
  await page.getByLabel('Your name').fill(name);
  await page.getByLabel('What do you call your home?').fill(home);
  await go(page);
  await page.locator('button.main:not(:disabled)', { hasText: 'Create' }).waitFor();
  const passphrase = await page.getByLabel('Passphrase').inputValue();
  await go(page);
  return { passphrase, code: await codeTake(page) };
}

export async function codeTake(page) {
  await page.locator('.code').waitFor();
  return page.locator('.code').getAttribute('data-code');
}

export async function codeConfirm(page, code) {
  await page.locator('input[name=code-end]').fill(code.slice(-4));
  await go(page);
}

export async function signIn(page, url, name, passphrase) {
  await page.goto(url);
  await signInHere(page, name, passphrase);
}

export async function signInHere(page, name, passphrase) {
  await page.getByLabel('Name').fill(name);
  await page.getByLabel('Passphrase').fill(passphrase);
  await go(page);
}

export async function account(page) {
  await page.getByRole('button', { name: 'Account' }).click();
  await title(page, 'Account');
}

/* No violation, in the light and in the dark. */
export async function accessible(page, what) {
  for (const colorScheme of ['light', 'dark']) {
    await page.emulateMedia({ colorScheme });
    await page.evaluate(axe);
    const { violations } = await page.evaluate(() => globalThis.axe.run(document, {
      runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] }));
    const said = violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.html).join(' ')}`);
    assert.deepEqual(said, [], `${what}, ${colorScheme}`);
  }
  await page.emulateMedia({ colorScheme: 'light' });
}
