/*
 * source.mjs - the web app's TypeScript, bundled for node: the very files
 * that the browser runs. `await load('crypto/hpke', 'crypto/kx')` gives what
 * these modules export, in one object.
 */
import { webcrypto } from 'node:crypto';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
const web = path.join(root, 'web');
const esbuild = createRequire(path.join(web, 'package.json'))('esbuild');

if (!globalThis.crypto) globalThis.crypto = webcrypto; /* node 18 */

export async function load(...modules) {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'eaves-source-'));
  const outfile = path.join(dir, 'bundle.mjs');
  try {
    await esbuild.build({
      stdin: {
        contents: modules.map((m) => `export * from './src/${m}';`).join('\n'), resolveDir: web,
      },
      bundle: true, format: 'esm', platform: 'browser', outfile, logLevel: 'error',
      jsx: 'automatic', jsxImportSource: 'preact',
    });
    return await import(pathToFileURL(outfile));
  } finally {
    fs.rmSync(dir, { recursive: true });
  }
}

export function vectors(name) {
  return JSON.parse(fs.readFileSync(path.join(root, 'tests/vectors', name), 'utf8'));
}
