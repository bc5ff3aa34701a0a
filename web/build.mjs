/*
 * build.mjs [FOLDER] - builds the app into FOLDER (web/dist): files with a
 * hash in their names, and index.html, icon, manifest and service worker
 * without. Prints each file with its size, gzipped too.
 */
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import * as esbuild from 'esbuild';

const web = path.dirname(fileURLToPath(import.meta.url));
const out = path.resolve(process.argv[2] ?? path.join(web, 'dist'));
const written = new Map();

function hashed(name, contents) {
  const digest = createHash('sha256').update(contents).digest('hex').slice(0, 12);
  const dot = name.lastIndexOf('.');
  return `${name.slice(0, dot)}-${digest}${name.slice(dot)}`;
}

function put(name, contents) {
  written.set(name, contents);
  return `/${name}`;
}

async function bundle(entry, define = {}) {
  const { outputFiles } = await esbuild.build({
    entryPoints: [path.join(web, entry)], bundle: true, minify: true, write: false,
    format: 'esm', external: ['/film-*'], target: ['chrome115', 'firefox115', 'safari16.4'], legalComments: 'none',
    jsx: 'automatic', jsxImportSource: 'preact', logLevel: 'warning', absWorkingDir: web,
    define: Object.fromEntries(Object.entries(define).map(([k, v]) => [k, JSON.stringify(v)])),
  });
  return outputFiles[0].contents;
}

async function script(name, entry, define) {
  const contents = await bundle(entry, define);
  return put(hashed(name, contents), contents);
}

const signin = await script('signin.js', 'src/signin/worker.ts');
const film = await script('film.js', 'src/model/export.ts'); // fetched by who makes a film
const player = await script('player.js', 'src/player/worker.ts', { FILM_FILE: film });
const app = await script('app.js', 'src/app/main.tsx', { SIGNIN_FILE: signin, PLAYER_FILE: player });
const css = await bundle('style/app.css');
const style = put(hashed('style.css', css), css);
const page = fs.readFileSync(path.join(web, 'static/index.html'), 'utf8')
  .replace('@STYLE@', style).replace('@APP@', app);
put('index.html', Buffer.from(page));
for (const name of ['icon.svg', 'manifest.webmanifest'])
  put(name, fs.readFileSync(path.join(web, 'static', name)));
const files = ['/', app, signin, player, film, style, '/icon.svg', '/manifest.webmanifest'];
const all = createHash('sha256').update([...written.values()].map((c) => Buffer.from(c)).join()).digest('hex');
put('sw.js', await bundle('src/app/sw.ts', { FILES: files, CACHE: `eaves-${all.slice(0, 12)}` }));

fs.rmSync(out, { recursive: true, force: true });
fs.mkdirSync(out, { recursive: true });
for (const [name, contents] of [...written].sort()) {
  fs.writeFileSync(path.join(out, name), contents);
  console.log(`${name} ${contents.length} ${gzipSync(contents, { level: 9 }).length}`);
}
