/*
 * A backup, a disk that is lost, a restore elsewhere: with an old store and an
 * old keeper of the same moment nothing but `eaves restore` can tell.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { chromiumClose, pageOpen } from './browser.mjs';
import { codeConfirm, firstRun, moves, signInHere, untilData } from './steps.mjs';
import { System } from './system.mjs';

const eaves = path.join(process.env.EAVES_BUILD ?? 'build', 'src/cli/eaves');
const PHRASE = 'rivers and trains and 9 pears\n';
const system = new System();
let page;
let passphrase;

function run(words, input = '') {
  return execFileSync(eaves, words, { input, encoding: 'utf8', stdio: ['pipe', 'pipe', 'pipe'] });
}

function fails(words, input, why) {
  assert.throws(() => run(words, input), (e) => e.status === 1 && why.test(e.stderr));
}

before(async () => {
  await system.start();
  ({ page } = await pageOpen());
  let code;
  ({ passphrase, code } = await firstRun(page, await system.link(), 'Ada', 'House'));
  await codeConfirm(page, code);
  await moves(page, 60);
});
after(async () => {
  await chromiumClose();
  await system.stop();
});

test('a store in use is not copied', () => {
  fails(['backup', system.at('server'), system.at('copy')], '', /running/);
});

test('a backup takes what is new alone, and is sealed as it was', async () => {
  await system.server.stop();
  assert.match(run(['backup', system.at('server'), system.at('copy')]), /The store, and [1-9]\d* segments/);
  assert.match(run(['backup', system.at('server'), system.at('copy')]), /\(0 new\)/);
  run(['keeper-backup', system.at('keeper'), system.at('keeper.backup')], PHRASE);
  const secret = fs.readFileSync(system.at('keeper/keeper.secret'));
  const sealed = fs.readFileSync(system.at('keeper.backup'));
  assert.equal(sealed.includes(secret.subarray(16, 48)), false);
  for (const f of fs.readdirSync(system.at('copy/segments')))
    assert.equal(fs.statSync(system.at('copy/segments', f)).mtimeMs % 86_400_000, 0, 'only the day');
});

test('a restore asks for an empty folder and the right passphrase', () => {
  fails(['restore', system.at('copy'), system.at('server')], '', /not empty/);
  fails(['keeper-restore', system.at('keeper.backup'), system.at('keeper')], PHRASE, /not empty/);
  fails(['keeper-restore', system.at('keeper.backup'), system.at('k2')], 'another passphrase\n', /not its passphrase/);
});

test('after it no sign-in from before lives; who signs in again finds the home and its past', async () => {
  for (const d of ['server', 'keeper']) fs.rmSync(system.at(d), { recursive: true });
  assert.match(run(['restore', system.at('copy'), system.at('server')]), /signs in anew/);
  run(['keeper-restore', system.at('keeper.backup'), system.at('keeper')], PHRASE);
  await system.serverStart();
  await page.getByText('This sign-in has ended').waitFor();
  await signInHere(page, 'ada', passphrase);
  await moves(page);
  const restored = Date.now() * 1000;
  await page.getByRole('slider').focus();
  await page.keyboard.press('Home');
  const d = await untilData(page, (x) => x.picture === 'past' && x.verified === 'true');
  assert.ok(Number(d.captured) < restored);
});

test('old folders copied by hand tell of themselves when one of them is newer', async () => {
  /* the store of now beside the keeper of the backup */
  await system.server.stop();
  fs.rmSync(system.at('keeper'), { recursive: true });
  run(['keeper-restore', system.at('keeper.backup'), system.at('keeper')], PHRASE);
  await system.serverStart();
  await page.getByText('This sign-in has ended').waitFor();
});
