/*
 * system.mjs - the real thing for a test: eavesd and eaves-hub with the demo
 * camera, in a folder of their own, on free ports of loopback. Programs are
 * taken from $EAVES_BUILD (a Meson build folder; default: build).
 */
import { execFileSync, spawn } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import readline from 'node:readline';
import { root } from './source.mjs';

const build = process.env.EAVES_BUILD ?? path.join(root, 'build');
const LIMIT_MS = 30_000;

/* A pipe: eaves-hub prints its link to nothing else, and node's are sockets. */
function pipe(file) {
  fs.rmSync(file, { force: true });
  execFileSync('mkfifo', [file]);
  const { O_RDONLY, O_NONBLOCK } = fs.constants;
  const input = new net.Socket({ fd: fs.openSync(file, O_RDONLY | O_NONBLOCK), writable: false });
  return { input, output: fs.openSync(file, 'w') };
}

function lives(pid) {
  try {
    return !/^\d+ \(.*\) [ZX]/s.test(fs.readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}

/* A child whose words on stdout can be waited for, line by line. */
class Program {
  constructor(name, file, args, log) {
    this.name = name;
    this.lines = [];
    this.waiting = new Set();
    const { input, output } = pipe(`${log}.said`);
    const complaints = fs.openSync(log, 'a');
    this.child = spawn(path.join(build, file), args, {
      stdio: ['ignore', output, complaints],
      env: { ...process.env, EAVES_LIBEXEC: path.join(build, 'src/hub/capture') },
    });
    fs.closeSync(output);
    fs.closeSync(complaints);
    this.ended = new Promise((done) => this.child.once('exit', done));
    readline.createInterface({ input }).on('line', (line) => {
      this.lines.push(line);
      for (const look of this.waiting) look();
    }).on('close', () => {
      this.silent = true;
      for (const look of this.waiting) look();
    });
  }

  /* The first match among lines said from `from` on. */
  line(pattern, from = 0) {
    return new Promise((done, fail) => {
      const stop = () => { clearTimeout(timer); this.waiting.delete(look); };
      const never = (why) => {
        stop();
        fail(new Error(`${this.name} ${why}did not say ${pattern}`));
      };
      const timer = setTimeout(() => never(''), LIMIT_MS);
      const look = () => {
        const found = this.lines.slice(from).map((l) => pattern.exec(l)).find(Boolean);
        if (found) {
          stop();
          done(found);
        } else if (this.silent) never('ended and ');
      };
      this.waiting.add(look);
      look();
    });
  }

  /* Who is killed takes his children along a moment later; until then they hold his ports. */
  async stop(signal = 'SIGTERM') {
    this.pause(false);
    const all = this.tree();
    this.child.kill(signal);
    await this.ended;
    const end = Date.now() + LIMIT_MS;
    while (all.some(lives)) {
      if (Date.now() > end) throw new Error(`processes of ${this.name} outlive it`);
      await new Promise((done) => setTimeout(done, 5));
    }
  }

  /* It and every process under it. */
  tree(pid = this.child.pid) {
    const file = `/proc/${pid}/task/${pid}/children`;
    const under = fs.existsSync(file) ? fs.readFileSync(file, 'utf8').trim() : '';
    return [pid, ...under.split(' ').filter(Boolean).flatMap((p) => this.tree(Number(p)))];
  }

  /* Neither dead nor answering. */
  pause(on) {
    for (const pid of this.tree()) {
      try {
        process.kill(pid, on ? 'SIGSTOP' : 'SIGCONT');
      } catch { /* it has ended */ }
    }
  }
}

export class System {
  constructor() {
    this.dir = fs.mkdtempSync(path.join(os.tmpdir(), 'eaves-system-'));
    for (const d of ['server', 'keeper', 'hub']) fs.mkdirSync(path.join(this.dir, d));
    this.port = this.devicePort = 0;
    this.hubProgram = 'src/hub/eaves-hub';
    this.serverArgs = [];
    this.hubArgs = ['--camera', 'demo', '--camera-name', 'Front door'];
  }

  at(...parts) {
    return path.join(this.dir, ...parts);
  }

  get url() {
    return `http://localhost:${this.port}`;
  }

  /* Keeps its ports when it comes back. */
  async serverStart() {
    this.server = new Program('eavesd', 'src/eavesd/eavesd', [
      '--dir', this.at('server'), '--keeper-dir', this.at('keeper'), '--uid-base', '0',
      '--port', String(this.port), '--device-port', String(this.devicePort), ...this.serverArgs,
    ], this.at('eavesd.log'));
    const [, port, devicePort] = await this.server.line(/^ready (\d+) (\d+)/);
    this.port = Number(port);
    this.devicePort = Number(devicePort);
  }

  hubStart() {
    this.hub = this.hubProgramStart('hub', this.hubArgs);
  }

  hubProgramStart(name, args) {
    return new Program('eaves-hub', this.hubProgram, [
      '--dir', this.at(name), '--server', `127.0.0.1:${this.devicePort}`,
      '--pin', fs.readFileSync(this.at('server/device.pin'), 'utf8').trim(),
      '--link-url', this.url, ...args,
    ], this.at(`${name}.log`));
  }

  /* A second hub, on a machine of its own as far as it can tell; its link. */
  async hubMore(args) {
    fs.mkdirSync(this.at('hub-2'));
    this.hub2 = this.hubProgramStart('hub-2', args);
    return (await this.hub2.line(/^link (\S+)/))[1];
  }

  /*
   * A hub whose clock begins hours ago and runs ahead (tests/fast), with a
   * small camera. After start(), feed it.
   */
  past(hours, film = null, fps = 5) {
    this.hubProgram = `tests/fast/${hours}/eaves-hub`;
    this.fifo = this.at('camera.fifo');
    execFileSync('mkfifo', [this.fifo]);
    this.hubArgs = ['--camera', `pipe:${this.fifo}`, '--camera-name', 'Front door'];
    this.film = film ?? this.at('film.h264');
    if (!film)
      execFileSync('ffmpeg', ['-v', 'error', '-f', 'lavfi', '-i', 'testsrc2=size=320x180:rate=5',
        '-t', '60', '-c:v', 'libx264', '-preset', 'veryfast', '-bf', '0', '-g', '10', '-crf', '36',
        '-x264-params', 'aud=1:scenecut=0', '-f', 'h264', this.film]);
    this.feedHours = hours;
    this.feedFps = fps;
  }

  /* Resolves when the clock has caught up. */
  feed() {
    const to = fs.openSync(this.fifo, 'w');
    this.feeder = spawn(path.join(build, `tests/fast/${this.feedHours}/feed`), [this.film, String(this.feedFps)],
      { stdio: ['ignore', to, 'pipe'] });
    fs.closeSync(to);
    return new Promise((done) => this.feeder.stderr.once('data', done));
  }

  /* The link that the hub prints while it belongs to nobody. */
  async link(from = 0) {
    return (await this.hub.line(/^link (\S+)/, from))[1];
  }

  async start() {
    await this.serverStart();
    this.hubStart();
    return this;
  }

  async stop() {
    this.feeder?.kill();
    for (const p of [this.hub, this.hub2, this.server])
      if (p && p.child.exitCode === null && p.child.signalCode === null) await p.stop();
    if (process.env.EAVES_KEEP) console.error(`kept ${this.dir}`);
    else fs.rmSync(this.dir, { recursive: true, force: true });
  }

  logs() {
    return ['eavesd.log', 'hub.log'].map((f) =>
      `--- ${f}\n${fs.existsSync(this.at(f)) ? fs.readFileSync(this.at(f), 'utf8').slice(-4000) : ''}`).join('\n');
  }
}
