/*
 * What is promised about the app as a whole: types hold, it is small, it asks
 * nobody else, its words stand in one place, its packages are pinned without
 * a download address.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { root } from './source.mjs';

const web = path.join(root, 'web');
const dist = fs.mkdtempSync(path.join(os.tmpdir(), 'eaves-dist-'));
after(() => fs.rmSync(dist, { recursive: true }));
execFileSync(process.execPath, ['build.mjs', dist], { cwd: web });
const files = fs.readdirSync(dist);
const text = (f) => fs.readFileSync(path.join(dist, f), 'utf8');
const zipped = (pattern) => {
  const found = files.filter((f) => pattern.test(f));
  assert.equal(found.length, 1, String(pattern));
  return gzipSync(fs.readFileSync(path.join(dist, found[0])), { level: 9 }).length;
};

function sources(dir) {
  return fs.readdirSync(dir, { withFileTypes: true }).flatMap((e) =>
    e.isDirectory() ? sources(path.join(dir, e.name)) : [path.join(dir, e.name)]);
}

test('types hold', () => {
  const tsc = path.join(root, 'tests/web/node_modules/typescript/bin/tsc');
  execFileSync(process.execPath, [tsc, '-p', web], { stdio: 'pipe' });
});

test('the app stays below 100 KB, signing in below 45 KB, what makes films below 8 KB', () => {
  const app = zipped(/^app-/) + zipped(/^player-/) + zipped(/^style-/) + zipped(/^index/);
  assert.ok(app < 100_000, String(app));
  assert.ok(zipped(/^film-/) < 8_000);
  assert.ok(zipped(/^signin-/) < 45_000);
});

test('a build gives the same octets again', () => {
  const again = fs.mkdtempSync(path.join(os.tmpdir(), 'eaves-dist-'));
  execFileSync(process.execPath, ['build.mjs', again], { cwd: web });
  assert.deepEqual(fs.readdirSync(again), files);
  for (const f of files) assert.equal(fs.readFileSync(path.join(again, f), 'utf8'), text(f), f);
  fs.rmSync(again, { recursive: true });
});

test('no file names another host', () => {
  for (const f of files)
    for (const [url] of text(f).matchAll(/https?:\/\/[a-z0-9.-]+/gi))
      assert.match(url, /^http:\/\/www\.w3\.org$/, `${f}: ${url}`);
});

test('the page needs no inline script, no inline style, no HTML from text', () => {
  const page = text('index.html');
  assert.doesNotMatch(page, /<style|style=|<script(?![^>]*src=)|\son\w+=/);
  for (const f of sources(path.join(web, 'src')))
    assert.doesNotMatch(fs.readFileSync(f, 'utf8'),
      /innerHTML|outerHTML|insertAdjacent|document\.write|\beval\(|new Function|style=(?!{{)/, f); // an object goes through the CSSOM, which the policy allows
});

test('every word that a person reads stands in words/', () => {
  const bare = />\s*([A-Z][a-z]+|[a-z]{3,})[^<>{}()=;]*<\//;
  for (const f of sources(path.join(web, 'src/view')))
    for (const line of fs.readFileSync(f, 'utf8').split('\n'))
      assert.doesNotMatch(line, bare, `${f}: ${line}`);
});

test('a room includes only lower rooms', () => {
  const floor = { base: 0, crypto: 1, proto: 2, model: 3, player: 4, signin: 4, view: 6, app: 5 };
  for (const f of sources(path.join(web, 'src'))) {
    const room = path.relative(path.join(web, 'src'), f).split(path.sep)[0];
    for (const [, other] of fs.readFileSync(f, 'utf8').matchAll(/from '\.\.\/(\w+)\//g)) {
      const top = f.endsWith('main.tsx') && other === 'view'; /* draws the views */
      assert.ok(top || floor[other] < floor[room], `${f} includes ${other}`);
    }
  }
});

test('packages are pinned, and the lock names no download host', () => {
  for (const dir of [web, path.join(root, 'tests/web')]) {
    const { dependencies = {}, devDependencies = {} } = JSON.parse(fs.readFileSync(path.join(dir, 'package.json')));
    for (const v of Object.values({ ...dependencies, ...devDependencies })) assert.match(v, /^\d+\.\d+\.\d+$/);
    const lock = fs.readFileSync(path.join(dir, 'package-lock.json'), 'utf8');
    assert.doesNotMatch(lock, /"resolved"|https?:/);
    for (const p of Object.entries(JSON.parse(lock).packages))
      if (p[0]) assert.ok(p[1].integrity, p[0]);
  }
});
