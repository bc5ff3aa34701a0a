/*
 * engines.mjs - the least that drives Firefox ESR and WebKitGTK: open an
 * address, run a script, take a screenshot, close. Firefox by Marionette over
 * its own TCP port, WebKitGTK by its WebDriver over HTTP; both are part of
 * Debian's packages, so no browser is downloaded.
 */
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';

const temporary = (name) =>
  fs.mkdtempSync(path.join(os.tmpdir(), `eaves-${name}-`));

async function until(what, call, limit_ms = 30000) {
  const end = Date.now() + limit_ms;
  let last;
  while (Date.now() < end) {
    try {
      const got = await call();
      if (got) return got;
    } catch (e) {
      last = e;
    }
    await new Promise((done) => setTimeout(done, 50));
  }
  throw new Error(`${what} did not happen in ${limit_ms} ms${last ? `: ${last.message}` : ''}`);
}

function freePort() {
  return new Promise((done, fail) => {
    const s = net.createServer();
    s.on('error', fail);
    s.listen(0, '127.0.0.1', () => {
      const { port } = s.address();
      s.close(() => done(port));
    });
  });
}

/* An X display of its own, for engines that have no headless mode. */
async function display() {
  const child = spawn('Xvfb', ['-displayfd', '3', '-screen', '0', '1280x900x24', '-nolisten', 'tcp'],
    { stdio: ['ignore', 'ignore', 'ignore', 'pipe'] });
  let text = '';
  child.stdio[3].on('data', (d) => { text += d; });
  await until('Xvfb', () => text.includes('\n'));
  return { name: `:${text.trim()}`, close: () => child.kill() };
}

function ended(child) {
  return new Promise((done) => {
    if (child.exitCode !== null || child.signalCode !== null) done();
    else child.once('exit', done);
  });
}

/* Marionette: `length:json`, commands [0, id, name, params], answers [1, id, error, result]. */
class Marionette {
  constructor(socket) {
    this.socket = socket;
    this.waiting = new Map();
    this.next = 1;
    this.rest = Buffer.alloc(0);
    socket.on('data', (d) => this.take(d));
    socket.on('close', () => {
      for (const w of this.waiting.values()) w.fail(new Error('Firefox closed'));
    });
  }

  take(data) {
    this.rest = Buffer.concat([this.rest, data]);
    for (;;) {
      const colon = this.rest.indexOf(':');
      if (colon < 0) return;
      const length = Number(this.rest.subarray(0, colon));
      if (this.rest.length < colon + 1 + length) return;
      const message = JSON.parse(this.rest.subarray(colon + 1, colon + 1 + length));
      this.rest = this.rest.subarray(colon + 1 + length);
      if (!Array.isArray(message)) continue; /* its greeting */
      const [, id, error, result] = message;
      const w = this.waiting.get(id);
      this.waiting.delete(id);
      if (error) w.fail(new Error(`${error.error}: ${error.message}`));
      else w.done(result);
    }
  }

  call(name, params = {}) {
    const id = this.next++;
    const text = JSON.stringify([0, id, name, params]);
    return new Promise((done, fail) => {
      this.waiting.set(id, { done, fail });
      this.socket.write(`${Buffer.byteLength(text)}:${text}`);
    });
  }
}

export async function firefox() {
  const profile = temporary('firefox');
  const port = await freePort();
  fs.writeFileSync(path.join(profile, 'user.js'), [
    `user_pref("marionette.port", ${port});`,
    'user_pref("app.update.enabled", false);',
    'user_pref("network.captive-portal-service.enabled", false);',
    'user_pref("network.connectivity-service.enabled", false);',
    'user_pref("browser.safebrowsing.downloads.remote.enabled", false);',
    'user_pref("services.settings.server", "data:,#remote-settings-dummy/v1");',
    'user_pref("datareporting.policy.dataSubmissionEnabled", false);',
    'user_pref("toolkit.telemetry.enabled", false);',
  ].join('\n'));
  const child = spawn('firefox-esr', ['--headless', '--marionette', '--profile', profile, '--no-remote', '--remote-allow-system-access'],
    { stdio: 'ignore', env: { ...process.env, MOZ_HEADLESS_WIDTH: '1280', MOZ_HEADLESS_HEIGHT: '900', HOME: profile } });
  const socket = await until('Firefox', () => new Promise((done, fail) => {
    const s = net.connect(port, '127.0.0.1', () => done(s));
    s.on('error', fail);
  }));
  const m = new Marionette(socket);
  const session = await m.call('WebDriver:NewSession', { capabilities: { alwaysMatch: { acceptInsecureCerts: true } } });
  return {
    name: `Firefox ${session.capabilities.browserVersion}`,
    open: (url) => m.call('WebDriver:Navigate', { url }),
    script: async (text, ...args) => (await m.call('WebDriver:ExecuteScript', { script: text, args, sandbox: null })).value,
    screenshot: async (file) => fs.writeFileSync(file, Buffer.from((await m.call('WebDriver:TakeScreenshot', { full: false, hash: false })).value, 'base64')),
    async close() {
      await m.call('Marionette:Quit', { flags: ['eForceQuit'] }).catch(() => {});
      socket.destroy();
      await ended(child);
      fs.rmSync(profile, { recursive: true, force: true });
    },
  };
}

export async function webkit() {
  const home = temporary('webkit');
  const x = await display();
  const port = await freePort();
  const child = spawn('WebKitWebDriver', [`--port=${port}`, '--host=127.0.0.1'], {
    stdio: 'ignore',
    env: { ...process.env, DISPLAY: x.name, HOME: home, XDG_RUNTIME_DIR: home,
      WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS: '1', LIBGL_ALWAYS_SOFTWARE: '1' },
  });
  const ask = async (method, where, body) => {
    const r = await fetch(`http://127.0.0.1:${port}${where}`, { method, body: body && JSON.stringify(body) });
    const { value } = await r.json();
    if (!r.ok) throw new Error(`${value.error}: ${value.message}`);
    return value;
  };
  await until('WebKitWebDriver', async () => (await ask('GET', '/status')).ready);
  const minibrowser = ['/usr/lib/x86_64-linux-gnu/webkit2gtk-4.1/MiniBrowser', '/usr/lib/x86_64-linux-gnu/webkit2gtk-4.0/MiniBrowser',
    '/usr/lib/aarch64-linux-gnu/webkit2gtk-4.1/MiniBrowser'].find((f) => fs.existsSync(f));
  const { sessionId, capabilities } = await ask('POST', '/session', { capabilities: { alwaysMatch: {
    acceptInsecureCerts: true, ...(minibrowser && { 'webkitgtk:browserOptions': { binary: minibrowser, args: ['--automation'] } }) } } });
  const at = `/session/${sessionId}`;
  return {
    name: `WebKitGTK ${capabilities.browserVersion}`,
    open: (url) => ask('POST', `${at}/url`, { url }),
    script: (text, ...args) => ask('POST', `${at}/execute/sync`, { script: text, args }),
    screenshot: async (file) => fs.writeFileSync(file, Buffer.from(await ask('GET', `${at}/screenshot`), 'base64')),
    async close() {
      await ask('DELETE', at).catch(() => {});
      child.kill();
      await ended(child);
      x.close();
      fs.rmSync(home, { recursive: true, force: true });
    },
  };
}

export { until };
