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
import tls from 'node:tls';
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

/* The certificate that the server shows. */
const shown = () => new Promise((done) => {
  const socket = tls.connect({ host: '127.0.0.1', port: new URL(url).port, servername: 'localhost', rejectUnauthorized: false }, () => {
    const c = socket.getPeerCertificate();
    socket.destroy();
    done(c);
  });
  socket.on('error', () => done(null)); /* it is starting again */
});
const days = (c) => (Date.parse(c.valid_to) - Date.now()) / 86_400_000;

/* Processes under ./run that sleep until the next day. */
function naps(pid = run.pid) {
  const all = fs.readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number);
  return all.flatMap((p) => {
    try {
      const said = fs.readFileSync(`/proc/${p}/cmdline`, 'utf8');
      return said === 'sleep\0' + '86400\0' ? [p] : naps(p);
    } catch {
      return []; /* it has just ended */
    }
  });
}

/* A day is over: the nap is. Resolves when the next one has begun. */
async function dayPasses() {
  const [nap] = naps();
  process.kill(nap);
  await until(() => naps().some((p) => p !== nap));
}

async function until(test) {
  const end = Date.now() + 30_000;
  while (Date.now() < end) {
    const got = await test();
    if (got) return got;
    await new Promise((done) => setTimeout(done, 100));
  }
  return assert.fail(`never so: ${test}`);
}

test('a certificate that is about to end is renewed by itself, under the same authority', async () => {
  const lan = path.join(config, 'eaves', fs.readdirSync(path.join(config, 'eaves')).find((f) => f.startsWith('lan-')));
  const at = (name) => path.join(lan, name);
  const first = await shown();
  await dayPasses();
  assert.equal((await shown()).fingerprint256, first.fingerprint256, 'a good one stays');
  const openssl = (...args) => execFileSync('openssl', args, { stdio: ['ignore', 'pipe', 'pipe'] });
  openssl('req', '-new', '-key', at('server.key'), '-subj', '/O=Eaves/CN=Eaves', '-out', path.join(dir, 'csr'));
  openssl('x509', '-req', '-in', path.join(dir, 'csr'), '-CA', at('ca.crt'), '-CAkey', at('ca.key'),
    '-days', '20', '-out', at('server.crt'));
  const authority = fs.readFileSync(at('ca.crt'), 'utf8');
  await dayPasses();
  const next = await until(async () => {
    const c = await shown();
    return c && c.fingerprint256 !== first.fingerprint256 && c;
  });
  assert.ok(days(next) > 300, next.valid_to);
  assert.equal(fs.readFileSync(at('ca.crt'), 'utf8'), authority);
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
