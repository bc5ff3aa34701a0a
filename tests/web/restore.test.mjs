/*
 * A backup, a disk that is lost, a restore elsewhere: with an old store and an
 * old keeper of the same moment nothing but `eaves restore` can tell.
 */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { chromiumClose, pageOpen } from './browser.mjs';
import { codeConfirm, firstRun, moves, signInHere, untilData } from './steps.mjs';
import { System } from './system.mjs';

const build = process.env.EAVES_BUILD ?? 'build';
const eaves = path.join(build, 'src/cli/eaves');
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

/* What eaves fsck says of the server's folder, and its exit status. */
function fsck(keeper = 'keeper') {
  const words = [system.at('server'), system.at(keeper)];
  const r = spawnSync(path.join(build, 'src/cli/eaves'), ['fsck', ...words], { encoding: 'utf8' });
  return { status: r.status, text: r.stdout + r.stderr };
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
  const log = () => fs.readFileSync(system.at('eavesd.log'), 'utf8');
  for (const d of ['server', 'keeper']) fs.rmSync(system.at(d), { recursive: true });
  assert.doesNotMatch(log(), / RAISED/);
  assert.match(run(['restore', system.at('copy'), system.at('server')]), /signs in anew/);
  run(['keeper-restore', system.at('keeper.backup'), system.at('keeper')], PHRASE);
  await system.serverStart();
  assert.match(log(), / RAISED: Store and keeper did not fit together/);
  await page.getByText('This sign-in has ended').waitFor();
  await signInHere(page, 'ada', passphrase);
  await moves(page);
  const restored = Date.now() * 1000;
  await page.getByRole('slider').focus();
  await page.keyboard.press('Home');
  const d = await untilData(page, (x) => x.picture === 'past' && x.verified === 'true');
  assert.ok(Number(d.captured) < restored);
});

test('a look at the disk is for a server that stands still, and finds all that is there', async () => {
  assert.match(fsck().text, /running/);
  await system.server.stop();
  const { status, text } = fsck();
  assert.match(text, /^[1-9]\d* rows and [1-9]\d* segments, 0 lost or damaged\.\n$/);
  assert.equal(status, 0);
});

test('it names each row that does not open', () => {
  fs.cpSync(system.at('keeper'), system.at('k3'), { recursive: true });
  const secret = fs.readFileSync(system.at('k3/keeper.secret'));
  secret[secret.length - 1] ^= 1;
  fs.writeFileSync(system.at('k3/keeper.secret'), secret);
  const { status, text } = fsck('k3');
  assert.equal(status, 1);
  for (const row of ['account', 'grant', 'device', 'stream'])
    assert.match(text, new RegExp(`^${row} [0-9a-f]{32}: it does not open$`, 'm'));
  assert.match(text, /^segment [0-9a-f]{32}: there is no key for it$/m);
});

test('it names a segment in which one bit changed, and one that is gone; the rest plays', async () => {
  const old = fs.readdirSync(system.at('copy/segments'));
  const fresh = fs.readdirSync(system.at('server/segments')).find((f) => !old.includes(f));
  const file = system.at('server/segments', fresh);
  const octets = fs.readFileSync(file);
  octets[5000] ^= 4;
  fs.writeFileSync(file, octets);
  let found = fsck();
  assert.match(found.text, new RegExp(`^segment ${fresh}: not as it was written`));
  assert.match(found.text, /, 1 lost or damaged/);
  assert.equal(found.status, 1);
  fs.rmSync(file);
  found = fsck();
  assert.match(found.text, new RegExp(`^segment ${fresh}: its file is missing`));
  assert.equal(found.status, 1);
  octets[5000] ^= 2;
  fs.writeFileSync(file, octets);
  await system.serverStart();
  await page.reload();
  await moves(page);
  await page.getByRole('slider').focus();
  await page.keyboard.press('Home');
  await untilData(page, (x) => x.picture === 'past' && x.verified === 'true');
});

test('old folders copied by hand tell of themselves when one of them is newer', async () => {
  /* the store of now beside the keeper of the backup */
  await system.server.stop();
  fs.rmSync(system.at('keeper'), { recursive: true });
  run(['keeper-restore', system.at('keeper.backup'), system.at('keeper')], PHRASE);
  await system.serverStart();
  await page.getByText('This sign-in has ended').waitFor();
});
