/*
 * many.mjs - a home with many small cameras, each a film that goes round and
 * round in real time.
 */
import { execFileSync, spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { System } from './system.mjs';

const build = process.env.EAVES_BUILD ?? 'build';
export const FPS = 5;
const NAMES = ['Front door', 'Garden', 'Garage', 'Kitchen', 'Hall', 'Stairs', 'Cellar', 'Attic',
  'Gate', 'Drive', 'Balcony', 'Shed', 'Porch', 'Yard', 'Nursery', 'Workshop'];

function film(file, hue) {
  execFileSync('ffmpeg', ['-v', 'error', '-f', 'lavfi', '-i', `testsrc2=size=320x180:rate=${FPS}`, '-vf', `hue=h=${hue}`,
    '-t', '12', '-c:v', 'libx264', '-preset', 'veryfast', '-tune', 'zerolatency', '-g', String(2 * FPS), '-crf', '32',
    '-x264-params', 'aud=1:scenecut=0', '-f', 'h264', file]);
}

export class Many extends System {
  constructor(count) {
    super();
    this.names = NAMES.slice(0, count);
    this.feeds = [];
    this.hubArgs = this.names.flatMap((name, i) => {
      execFileSync('mkfifo', ['-m', '600', this.at(`camera-${i}`)]);
      return ['--camera', `pipe:${this.at(`camera-${i}`)}`, '--camera-name', name];
    });
    for (let h = 0; h < Math.min(4, count); h++) film(this.at(`film-${h}`), h * 80);
  }

  async start() {
    await super.start();
    this.names.forEach((_, i) => this.plug(i));
    return this;
  }

  plug(i) {
    const held = fs.openSync(this.at(`camera-${i}`), 'r+');
    this.feeds[i] = spawn(path.join(build, 'benches/feed'), [this.at(`film-${i % 4}`), String(FPS)],
      { stdio: ['ignore', held, 'inherit'] });
    fs.closeSync(held);
  }

  /* The camera is gone. */
  async pull(i) {
    const ended = new Promise((done) => this.feeds[i].once('exit', done));
    this.feeds[i].kill();
    await ended;
  }

  async stop() {
    for (const f of this.feeds) f.kill();
    await super.stop();
  }
}
