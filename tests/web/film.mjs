/*
 * film.mjs - films for tests: pictures and sound that ffmpeg made, sealed by
 * the hub's own writer (tests/film/film.c), opened by the app's own reader.
 */
import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { load, root } from './source.mjs';

export const build = process.env.EAVES_BUILD ?? path.join(root, 'build');
export const e = await load('base/codec', 'base/octets', 'base/fault', 'crypto/kdf', 'crypto/kx',
  'model/run', 'model/export', 'model/mp4', 'model/words5', 'player/making', 'player/films', 'proto/h264', 'proto/h265', 'proto/sps', 'proto/sound');
export const START = 1795513267200000; /* 2026-11-24 09:41:07.200 UTC */

const LIMIT = { maxBuffer: 1 << 28 };
function ffmpeg(...args) {
  return execFileSync('ffmpeg', ['-v', 'error', ...args, '-'], LIMIT);
}

/* Annex-B to NAL units. */
function nals(from) {
  const starts = [];
  for (let i = from.indexOf('000001', 0, 'hex'); i >= 0; i = from.indexOf('000001', i + 3, 'hex'))
    starts.push(i);
  return starts.map((s, n) => {
    let to = starts[n + 1] ?? from.length;
    while (to > s && from[to - 1] === 0) to--;
    return from.subarray(s + 3, to);
  });
}

/* Access units as records carry them. */
export function pictures({ size = '320x240', rate = 15, seconds = 4, group = 30, more = [] } = {}) {
  const raw = ffmpeg('-f', 'lavfi', '-i', `testsrc=size=${size}:rate=${rate}`, '-t', String(seconds),
    '-c:v', 'libx264', '-preset', 'ultrafast', '-bf', '0', '-g', String(group), '-keyint_min', String(group),
    '-sc_threshold', '0', '-pix_fmt', 'yuv420p', '-x264-params', 'aud=1', ...more, '-f', 'h264');
  const units = [];
  for (const nal of nals(raw)) {
    const type = nal[0] & 31;
    if (type === 9) units.push({ key: false, parts: [] });
    else units.at(-1).parts.push(nal);
    if (type === 5) units.at(-1).key = true;
  }
  return units.map(({ key, parts }, i) => ({
    key, us: Math.round((i * 1e6) / rate),
    octets: Buffer.concat(parts.flatMap((p) => [Buffer.from(e.u32(p.length)), p])),
  }));
}

/* The same of H.265; a picture's first slice says that it is the first. */
export function pictures265({ size = '320x180', rate = 15, seconds = 4, group = 30, more = [] } = {}) {
  const raw = ffmpeg('-f', 'lavfi', '-i', `testsrc=size=${size}:rate=${rate}`, '-t', String(seconds),
    '-pix_fmt', 'yuv420p', '-c:v', 'libx265', '-preset', 'ultrafast', '-x265-params',
    `log-level=none:bframes=0:keyint=${group}:min-keyint=${group}:scenecut=0:repeat-headers=1:info=0`, ...more, '-f', 'hevc');
  const units = [];
  let parts = [];
  for (const nal of nals(raw)) {
    const type = (nal[0] >> 1) & 63;
    parts.push(nal);
    if (type > 31) continue;
    if (nal[2] & 0x80) units.push({ key: type >= 16, parts });
    else units.at(-1).parts.push(...parts);
    parts = [];
  }
  return units.map((u, i) => ({
    key: u.key, h265: true, us: Math.round((i * 1e6) / rate),
    octets: Buffer.concat(u.parts.flatMap((p) => [Buffer.from(e.u32(p.length)), p])),
  }));
}

const head = (codec, rate, channels, config = Buffer.alloc(0)) =>
  Buffer.concat([Buffer.from([codec]), Buffer.from(e.u32(rate)), Buffer.from([channels, config.length]), config]);

const tone = (rate, channels, seconds) =>
  ['-f', 'lavfi', '-i', `sine=frequency=440:sample_rate=${rate}`, '-t', String(seconds), '-ac', String(channels)];

function aac(rate, channels, seconds) {
  const raw = ffmpeg(...tone(rate, channels, seconds), '-c:a', 'aac', '-f', 'adts');
  const frames = [];
  let config;
  for (let at = 0; at < raw.length;) {
    const n = ((raw[at + 3] & 3) << 11) | (raw[at + 4] << 3) | (raw[at + 5] >> 5);
    const index = (raw[at + 2] >> 2) & 15;
    config = Buffer.from([0x10 | (index >> 1), ((index & 1) << 7) | (channels << 3)]);
    frames.push(raw.subarray(at + 7, at + n));
    at += n;
  }
  return { head: head(1, rate, channels, config), frames, us: (1024e6) / rate };
}

function opus(channels, seconds) {
  const raw = ffmpeg(...tone(48000, channels, seconds), '-c:a', 'libopus', '-f', 'ogg');
  const frames = [];
  let packet = [];
  for (let at = 0; at < raw.length;) {
    const n = raw[at + 26];
    let data = at + 27 + n;
    for (let i = 0; i < n; i++) {
      const lace = raw[at + 27 + i];
      packet.push(raw.subarray(data, data + lace));
      data += lace;
      if (lace === 255) continue;
      frames.push(Buffer.concat(packet));
      packet = [];
    }
    at = data;
  }
  return { head: head(2, 48000, channels), frames: frames.slice(2), us: 20000 };
}

function g711(codec, rate, seconds) {
  const raw = ffmpeg(...tone(rate, 1, seconds), '-f', codec === 3 ? 'mulaw' : 'alaw');
  const n = rate / 50;
  const frames = Array.from({ length: Math.floor(raw.length / n) }, (_, i) => raw.subarray(i * n, i * n + n));
  return { head: head(codec, rate, 1), frames, us: 20000 };
}

/* What a record of sound carries: frames as the hub joins them. */
export function bundle({ head }, frames) {
  const sizes = frames.map((f) => Buffer.from(e.u16(f.length)));
  const octets = Buffer.concat([head, Buffer.from([frames.length]), ...sizes, ...frames]);
  return Buffer.concat([octets, Buffer.alloc((128 - (octets.length % 128)) % 128)]);
}

/* Records of sound, each with its time. */
export function sounds(name, seconds) {
  const s = name === 'aac' ? aac(48000, 2, seconds) : name === 'aac16' ? aac(16000, 1, seconds)
    : name === 'opus' ? opus(2, seconds) : g711(name === 'pcmu' ? 3 : 4, 8000, seconds);
  const n = Math.ceil(60000 / s.us);
  return Array.from({ length: Math.ceil(s.frames.length / n) }, (_, i) => ({
    sound: true, us: Math.round(i * n * s.us), octets: bundle(s, s.frames.slice(i * n, i * n + n)) }));
}

/* In order of time; a picture goes before the sound of the same time. */
export function together(all, sound, later = 0) {
  return [...all, ...sound.map((s) => ({ ...s, us: s.us + later }))]
    .sort((a, b) => a.us - b.us || (a.sound ? 1 : 0) - (b.sound ? 1 : 0));
}

const unit = (what, time, octets = Buffer.alloc(0)) => Buffer.concat([
  Buffer.from([what]), Buffer.from(e.u64(time)), Buffer.from(e.u32(octets.length)), octets]);

/* One run of samples, from `at` (µs) on; knows: of the run before. */
export function run(samples, at = START, { knows = true, ends = true } = {}) {
  const units = [unit(knows ? 0 : 6, at)];
  for (const s of samples) units.push(unit(s.sound ? 3 : (s.key ? 1 : 2) + (s.h265 ? 6 : 0), at + s.us, s.octets));
  const last = at + samples.at(-1).us;
  units.push(ends ? unit(5, last + 10000) : unit(4, last + 1500000));
  return Buffer.concat(units);
}

/* Runs to what exportRange takes. */
export async function items(runs, hub, camera) {
  return (await records(runs, hub, camera)).map((r) => (r.said ? e.exportItem(r.said) : e.exportRun(r.run)));
}

/* Runs to their headers, { run }, and records; everything is opened and followed. */
export async function records(runs, hub = '1', camera = '1') {
  const out = execFileSync(path.join(build, 'tests/film/film'), [hub, camera], {
    ...LIMIT, input: Buffer.concat(runs) });
  const names = ['home', 'thing', 'stream', 'writer'];
  const place = Object.fromEntries(names.map((n, i) => [n, new Uint8Array(out.subarray(16 * i, 16 * i + 16))]));
  const hour = await e.kxPair(new Uint8Array(out.subarray(64, 96)));
  const by = new Uint8Array(out.subarray(96, 128));
  const all = [];
  let reader;
  for (let at = 128; at < out.length;) {
    const n = out.readUInt32BE(at);
    const record = new Uint8Array(out.subarray(at + 4, at + 4 + n));
    at += 4 + n;
    if (record[1] === 2) {
      reader = await e.Run.open(record, { ...place, class: 1 }, hour, by);
      all.push({ run: reader });
      continue;
    }
    const said = await reader.open(record);
    await reader.follow(said);
    all.push({ run: reader, said });
  }
  return all;
}

/* The file, and what is said of it. */
export async function film(all, options = {}) {
  const sink = e.blobSink();
  const done = await e.exportRange(all, sink, options);
  return { done, octets: Buffer.from(await sink.blob().arrayBuffer()) };
}
