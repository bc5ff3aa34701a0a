/*
 * ./run --lan, as another machine of the house sees it: clicked through, and
 * trusted.
 */
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import readline from 'node:readline';
import { after, before, test } from 'node:test';
import { chromiumClose, pageOpen } from '../web/browser.mjs';
import { account, codeConfirm, firstRun, moves, signIn, title } from '../web/steps.mjs';
import { root } from '../web/source.mjs';

const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'eaves-lan-'));
const config = path.join(dir, 'config');
let run;
let link;
let url;
let passphrase;

before(async () => {
  run = spawn(path.join(root, 'run'), ['--dir', path.join(dir, 'home'), '--lan'], {
    env: { ...process.env, XDG_CONFIG_HOME: config }, stdio: ['ignore', 'pipe', 'inherit'],
  });
  for await (const line of readline.createInterface({ input: run.stdout })) {
    link = /^open (\S+)/.exec(line)?.[1];
    if (link) break;
  }
  url = new URL(link).origin;
  run.stdout.resume();
});
after(async () => {
  await chromiumClose();
  run.kill();
  await new Promise((done) => run.once('exit', done));
  fs.rmSync(dir, { recursive: true, force: true });
});

test('clicked through, all works but the service worker', async () => {
  const { page, context } = await pageOpen({ ignoreHTTPSErrors: true });
  const got = await firstRun(page, link, 'Maria', 'Lake house');
  ({ passphrase } = got);
  await codeConfirm(page, got.code);
  await moves(page);
  assert.equal(await page.evaluate(() => isSecureContext), true);
  await account(page);
  await page.goto(`${url}/trust`);
  await title(page, 'Trust this server');
  await context.close();
});

test('who trusts nothing is stopped before a word', async () => {
  const { page, context } = await pageOpen();
  await assert.rejects(page.goto(url), /ERR_CERT_AUTHORITY_INVALID/);
  await context.close();
});

test('who trusts its authority gets the service worker, too', async () => {
  await chromiumClose();
  const pki = path.join(dir, '.pki/nssdb');
  const lan = fs.readdirSync(path.join(config, 'eaves')).find((f) => f.startsWith('lan-'));
  fs.mkdirSync(pki, { recursive: true });
  execFileSync('certutil', ['-N', '-d', `sql:${pki}`, '--empty-password']);
  execFileSync('certutil', ['-A', '-d', `sql:${pki}`, '-t', 'C,,', '-n', 'house',
    '-i', path.join(config, 'eaves', lan, 'ca.crt')]);
  process.env.HOME = dir;
  const { page, context } = await pageOpen();
  await signIn(page, url, 'Maria', passphrase);
  await moves(page);
  assert.equal(await page.evaluate(async () => (await navigator.serviceWorker.ready).active !== null), true);
  await context.close();
});
