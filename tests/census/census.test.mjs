/*
 * The leak census: a canary of its own in every personal field, a household's
 * life over it, then every octet that the server's side holds or shows is
 * searched for them, in every form that scan.c knows. Nothing may be found
 * but what was planted to prove that the search works.
 */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import zlib from 'node:zlib';
import { chromiumClose, pageOpen } from '../web/browser.mjs';
import { account, codeConfirm, firstRun, moves, signIn, signInHere, title, untilData } from '../web/steps.mjs';
import { until } from '../web/engines.mjs';
import { System } from '../web/system.mjs';

const scanner = path.join(process.env.EAVES_BUILD, 'tests/census/census-scan');
const system = new System();
const seen = () => system.at('seen');
const canaries = {};
let page;

/* Letters alone: what is written in capitals or after a blank stays itself. */
function canary(label, before_ = '') {
  const letters = [...randomBytes(14)].map((b) => 'abcdefghijkmnopqrstuvwxyz'[b % 25]).join('');
  canaries[label] = `${before_}${letters}`;
  return canaries[label];
}

/* The scanner's answer about these places, or about its own controls. */
function scan(places) {
  const file = system.at('canaries.txt');
  fs.writeFileSync(file, Object.entries(canaries).map(([l, v]) => `${l}\t${v}\n`).join(''));
  const args = places === 'controls' ? ['--controls', file] : [file, ...places];
  const got = spawnSync(scanner, args, { encoding: 'utf8' });
  assert.notEqual(got.status, 2, got.stderr);
  return got;
}

const serverSide = () => [system.at('server'), system.at('keeper'), system.at('eavesd.log'), seen()];

/* eavesd and its children of this moment; a dead one has no words. */
function processes() {
  const parent = system.server.child.pid;
  const children = fs.readFileSync(`/proc/${parent}/task/${parent}/children`, 'utf8').split(' ').filter(Boolean);
  return [parent, ...children].map((pid) => {
    const word = fs.readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
    return { pid: Number(pid), role: word[1] === '-x' ? word[2] : 'parent' };
  });
}

let looks = 0;
function processesLook() {
  fs.mkdirSync(seen(), { recursive: true });
  looks++;
  for (const { pid, role } of processes())
    for (const what of ['cmdline', 'environ', 'comm', 'maps'])
      fs.writeFileSync(path.join(seen(), `${looks}-${role}-${what}`), fs.readFileSync(`/proc/${pid}/${what}`));
}

function nothing(when) {
  processesLook();
  const got = scan(serverSide());
  assert.equal(got.status, 0, `${when}\n${got.stdout}`);
  assert.match(got.stdout, / 0 hits\n$/);
  return got.stdout.trim();
}

before(async () => {
  const user = canary('camera user');
  const where = canary('camera address');
  system.hubArgs = [
    '--camera', 'demo', '--camera-name', canary('camera name', 'Porch '),
    '--camera', `rtsp://${user}@127.0.0.1:9/${where}`, '--camera-name', canary('second camera'),
  ];
  fs.writeFileSync(system.at('hub/camera-password-2'), canary('camera password'), { mode: 0o600 });
  await system.start();
});
after(async () => {
  await chromiumClose();
  await system.stop();
});

test('nothing is left by a first run, live and a minute back', async () => {
  const link = await system.link();
  canaries['link secret'] = link.replace(/.*#pair=/, '');
  ({ page } = await pageOpen({ userAgent: canary('browser', 'Mozilla/5.0 Chrome/140.0.0.0 ') }));
  const got = await firstRun(page, link, canary('handle'), canary('home name'));
  canaries.passphrase = got.passphrase;
  canaries['recovery code'] = got.code;
  canaries['recovery code, bare'] = got.code.replace(/[^A-Za-z0-9]/g, '');
  await codeConfirm(page, got.code);
  await moves(page, 20);
  await page.getByRole('button', { name: canaries['camera name'] }).first().click();
  await moves(page, 5);
  await page.getByRole('slider', { name: 'Time' }).focus();
  for (let i = 0; i < 4; i++) await page.keyboard.press('ArrowLeft');
  await untilData(page, (d) => d.picture === 'past');
  await page.getByRole('button', { name: 'Back to live' }).click();
  await untilData(page, (d) => d.picture === 'live');
  nothing('after the first run');
});

test('nothing is left by a wrong passphrase, a second browser, and signing out', async () => {
  const other = await pageOpen();
  await signIn(other.page, system.url, canaries.handle, canary('wrong passphrase'));
  await other.page.getByRole('alert').filter({ hasText: 'do not fit' }).waitFor();
  await signInHere(other.page, canary('unknown handle'), canaries.passphrase);
  await other.page.getByRole('alert').filter({ hasText: 'do not fit' }).waitFor();
  await signInHere(other.page, canaries.handle, canaries.passphrase);
  await moves(other.page);
  await account(other.page);
  await other.page.getByRole('button', { name: 'Sign out' }).click();
  await title(other.page, 'Welcome back');
  await other.context.close();
  nothing('after signing in and out');
});

test('nothing is left by requests that are refused', async () => {
  const odd = canary('odd request');
  for (const [where, init] of [
    [`/${odd}`, {}], [`/api/${odd}?${odd}=${odd}`, {}],
    ['/api/info', { headers: { authorization: `Eaves ${odd}.${odd}`, 'x-forwarded-for': odd, cookie: odd } }],
    ['/api/session/start', { method: 'POST', body: odd }],
    ['/api/session/start', { method: 'POST', body: JSON.stringify({ handle: odd, [odd]: odd }) }],
  ]) await (await fetch(system.url + where, init)).text();
  nothing('after odd requests');
});

test('nothing is left by a restart, nor by the death of each process', async () => {
  await system.server.stop();
  await system.serverStart();
  await moves(page);
  nothing('after a restart');
  for (const role of ['edge', 'core', 'keeper']) {
    const { pid } = processes().find((p) => p.role === role);
    process.kill(pid, 'SIGKILL');
    await until(`a new ${role}`, () => processes().some((p) => p.role === role && p.pid !== pid));
    await until('an answer', async () => (await fetch(`${system.url}/api/info`)).ok);
    await moves(page);
    nothing(`after ${role} died`);
  }
  await system.server.stop('SIGKILL');
  await system.serverStart();
  await moves(page);
  nothing('after all died');
  await system.server.stop();
  await system.hub.stop();
  const last = scan(serverSide());
  assert.equal(last.status, 0, last.stdout);
});

test('the search finds each form of each canary where one was planted', async () => {
  const got = scan('controls');
  assert.equal(got.status, 0, got.stdout);
  assert.match(got.stdout, /^[1-9][0-9]* controls, 0 lost\n$/m);
  const planted = system.at('server/planted');
  const forms = {
    raw: canaries['home name'],
    hex: Buffer.from(canaries['camera password']).toString('hex'),
    gzip: zlib.gzipSync(`x ${canaries.handle} y`),
    hash: execFileSync('sha256sum', { input: canaries.handle }),
    'name of a file': '',
  };
  for (const [form, octets] of Object.entries(forms)) {
    fs.mkdirSync(planted);
    fs.writeFileSync(path.join(planted, form === 'name of a file' ? canaries['camera name'] : 'x'), octets);
    const found = scan(serverSide());
    assert.equal(found.status, 1, `${form} was planted and not found`);
    fs.rmSync(planted, { recursive: true });
  }
});
