/*
 * browser.mjs - one Chromium for all tests of a file, a context (its own
 * storage) for each. Says what the page complained about.
 */
import fs from 'node:fs';
import path from 'node:path';
import { chromium } from 'playwright-core';
import { root } from './source.mjs';

const EXECUTABLE = process.env.EAVES_CHROMIUM ?? '/usr/bin/chromium';
const ARGS = [
  '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
  '--disable-background-networking', '--disable-component-update', '--disable-sync',
  '--disable-features=Translate', '--autoplay-policy=no-user-gesture-required',
];
export const out = path.join(root, 'tests/out');
export const PHONE = { width: 390, height: 844 };
export const DESK = { width: 1280, height: 800 };

let shared;
export async function chromiumOpen() {
  shared ??= await chromium.launch({
    executablePath: EXECUTABLE, headless: true, args: [...ARGS, '--headless=new'],
    ignoreDefaultArgs: ['--headless'],
  });
  return shared;
}
export async function chromiumClose() {
  await shared?.close();
  shared = undefined;
}

/* A page in a storage of its own; complaints: what its console said. */
export async function pageOpen(options = {}) {
  const browser = await chromiumOpen();
  const context = await browser.newContext({ viewport: DESK, ...options });
  context.setDefaultTimeout(30_000);
  const page = await context.newPage();
  const complaints = [];
  page.on('pageerror', (e) => complaints.push(`error: ${e.message}`));
  page.on('console', (m) => {
    if (m.type() === 'error') complaints.push(`console: ${m.text()}`);
  });
  return { page, context, complaints };
}

/* A picture of the page in tests/out, phone and desk. */
export async function shot(page, name, sizes = [PHONE, DESK]) {
  fs.mkdirSync(out, { recursive: true });
  const before = page.viewportSize();
  for (const size of sizes) {
    await page.setViewportSize(size);
    await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
    await page.screenshot({ path: path.join(out, `${name}-${size.width}.png`) });
  }
  await page.setViewportSize(before);
}

/* What the machine's blocks in the demo camera's picture say. */
export function stampRead(page) {
  return page.evaluate(() => {
    const from = document.querySelector('canvas.picture');
    const c = document.createElement('canvas');
    c.width = 1024;
    c.height = 1;
    const g = c.getContext('2d', { willReadFrequently: true });
    g.drawImage(from, 0, 8, 1024, 1, 0, 0, 1024, 1);
    const dots = g.getImageData(0, 0, 1024, 1).data;
    let v = 0n;
    for (let b = 0; b < 64; b++) v = (v << 1n) | (dots[(b * 16 + 8) * 4] > 128 ? 1n : 0n);
    return { us: Number(v >> 16n), count: Number(v & 0xffffn), captured: Number(from.dataset.captured) };
  });
}
