/*
 * engines.test.mjs - the first run to a moving picture in the other engines:
 * Firefox ESR and WebKitGTK, each with a home of its own.
 */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import fs from 'node:fs';
import path from 'node:path';
import { firefox, until, webkit } from './engines.mjs';
import { System } from './system.mjs';
import { root } from './source.mjs';

const out = path.join(root, 'tests/out');
fs.mkdirSync(out, { recursive: true });

/* A field as a person fills it: the framework hears an input event. */
const FILL = `const [label, value] = arguments;
  const field = [...document.querySelectorAll('input')].find((i) => i.name === label);
  if (!field) return false;
  const set = Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, 'value').set;
  set.call(field, value);
  field.dispatchEvent(new Event('input', { bubbles: true }));
  return true;`;
const PRESS = `const b = document.querySelector('button.main:not(:disabled)');
  if (!b || !b.innerText.includes(arguments[0])) return false;
  b.click();
  return true;`;
const CODE = `return document.querySelector('.code')?.getAttribute('data-code') ?? null;`;
const DATA = `return { ...document.querySelector('canvas.picture')?.dataset };`;

async function firstRun(browser, link) {
  await browser.open(link);
  await until('the name', () => browser.script(FILL, 'username', 'ada'));
  await until('the next step', () => browser.script(PRESS, 'Continue'));
  await until('the home', () => browser.script(PRESS, 'Create'));
  const code = await until('the code', () => browser.script(CODE));
  await until('its end', () => browser.script(FILL, 'code-end', code.slice(-4)));
  await until('it is written down', () => browser.script(PRESS, 'written'));
}

for (const open of [firefox, webkit]) {
  test(`the picture moves in ${open.name}`, { timeout: 120_000 }, async () => {
    const system = await new System().start();
    after(() => system.stop());
    const browser = await open();
    after(() => browser.close());
    await firstRun(browser, await system.link());
    const first = await until('a picture', async () => {
      const d = await browser.script(DATA);
      return Number(d.frames) > 0 && d;
    });
    const later = await until('twenty more', async () => {
      const d = await browser.script(DATA);
      return Number(d.frames) >= Number(first.frames) + 20 && d;
    });
    assert.equal(later.picture, 'live');
    assert.equal(later.verified, 'true');
    assert.equal(later.size, '1280x720');
    assert.ok(Number(later.captured) > Number(first.captured));
    await browser.screenshot(path.join(out, `engine-${open.name}.png`));
    console.log(`# ${browser.name}: ${later.latency} ms`);
  });
}
