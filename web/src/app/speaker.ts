/*
 * speaker.ts - plays what the player worker says is to be heard, and when.
 *
 * Each piece is put behind the one before it, a little faster or slower when
 * it is off by some milliseconds; one that is off by more is cut, or waits.
 * What is really heard is read from the clock of the audio device.
 *
 *   muted --toggle--> on --toggle--> muted; the volume is kept for the session
 */
import type { SamplesMessage, ToTile } from '../player/messages';

const OFF_MOST_S = 0.04;
const OFF_LEAST_S = 0.004;
const BEND = 0.02; /* so much faster or slower, at most */
const SOON_S = 0.004;
const KEPT = 64;
const STEADY = 0.1; /* how fast the device's clock is followed */
const VOLUME = 'eaves-volume';

interface Piece {
  node: AudioBufferSourceNode;
  start: number; /* s, of the context */
  end: number;
  time: number; /* µs, of the camera, at its start */
  rate: number;
}

export function hasSpeaker(): boolean {
  return typeof AudioContext !== 'undefined';
}

/* A browser may keep nothing. */
function volumeRead(): number {
  try {
    const v = Number(sessionStorage.getItem(VOLUME) ?? '1');
    return v >= 0 && v <= 1 ? v : 1;
  } catch {
    return 1;
  }
}

function volumeWrite(v: number): void {
  try {
    sessionStorage.setItem(VOLUME, String(v));
  } catch { /* it lasts as long as the page */ }
}

/* Not every browser has every rate; then it changes it itself. */
function contextOf(sampleRate: number): AudioContext {
  try {
    return new AudioContext({ sampleRate, latencyHint: 'interactive' });
  } catch {
    return new AudioContext({ latencyHint: 'interactive' });
  }
}

export class Speaker {
  on = false;
  private context: AudioContext | null = null;
  private gain: GainNode | null = null;
  private pieces: Piece[] = [];
  private lead: number | null = null; /* context time - performance.now(), s */
  private rate = 0; /* that the context was made for */
  private level = volumeRead();
  private readonly watchers = new Set<() => void>();

  constructor(private readonly send: (m: ToTile) => void) {}

  watch(w: () => void): () => void {
    this.watchers.add(w);
    return () => this.watchers.delete(w);
  }

  private changed(): void {
    for (const w of this.watchers) w();
  }

  /* By a person's hand: else no browser plays. rate: of the sound to come. */
  toggle(rate: number): void {
    this.on = !this.on;
    if (this.on) this.contextTake(rate);
    this.send({ t: 'hear', on: this.on });
    if (!this.on) this.end();
    this.changed();
  }

  get volume(): number {
    return this.level;
  }

  set volume(v: number) {
    this.level = Math.min(1, Math.max(0, v));
    volumeWrite(this.level);
    /* the ear hears powers */
    if (this.gain) this.gain.gain.value = this.level ** 2;
    this.changed();
  }

  end(): void {
    this.hush();
    void this.context?.close().catch(() => undefined);
    this.context = this.gain = null;
  }

  /* Of the sound's own rate, so that pieces join without a seam. */
  private contextTake(rate: number): AudioContext {
    if (this.context && this.rate === rate) return this.context;
    this.end();
    this.rate = rate;
    this.context = contextOf(rate);
    this.gain = this.context.createGain();
    this.gain.gain.value = this.level ** 2;
    this.gain.connect(this.context.destination);
    this.lead = null;
    void this.context.resume().catch(() => undefined);
    return this.context;
  }

  hush(): void {
    for (const p of this.pieces) {
      try {
        p.node.stop();
      } catch { /* it has ended */ }
      p.node.disconnect();
    }
    this.pieces = [];
  }

  /* What the device plays at this moment, in the context's time. */
  private leadNow(c: AudioContext): number {
    const t = c.getOutputTimestamp();
    if (t.contextTime && t.performanceTime) return t.contextTime - t.performanceTime / 1000;
    return c.currentTime - (c.outputLatency || c.baseLatency || 0) - performance.now() / 1000;
  }

  private leadSteady(c: AudioContext): number {
    const now = this.leadNow(c);
    if (this.lead === null || Math.abs(now - this.lead) > OFF_MOST_S) this.lead = now;
    else this.lead += STEADY * (now - this.lead);
    return this.lead;
  }

  take(m: SamplesMessage): void {
    const frames = m.planes[0]?.length ?? 0;
    if (!this.on || frames === 0) return;
    const c = this.contextTake(m.rate);
    if (c.state !== 'running') return;
    const want = this.leadSteady(c) + (m.at - performance.timeOrigin) / 1000;
    this.send({ t: 'slack', ms: (want - c.currentTime) * 1000, time: m.time, at: m.at });
    this.play(c, m, want, frames / m.rate);
  }

  private play(c: AudioContext, m: SamplesMessage, want: number, length: number): void {
    const before = this.pieces.at(-1)?.end ?? 0;
    const free = Math.max(c.currentTime + SOON_S, before);
    const late = free - want;
    /* a little late or early: right behind the one before */
    const near = before >= c.currentTime && Math.abs(late) <= OFF_MOST_S;
    const start = near ? free : Math.max(want, free);
    const skip = near ? 0 : Math.max(0, late);
    if (skip >= length) return;
    const rate = near && Math.abs(late) > OFF_LEAST_S ? 1 + Math.sign(late) * BEND : 1;
    const node = c.createBufferSource();
    node.buffer = c.createBuffer(m.planes.length, m.planes[0]!.length, m.rate);
    m.planes.forEach((p, i) => node.buffer!.copyToChannel(p, i));
    node.playbackRate.value = rate;
    node.connect(this.gain!);
    node.start(start, skip);
    node.onended = () => node.disconnect();
    const end = start + (length - skip) / rate;
    this.pieces.push({ node, start, end, time: m.time + skip * 1e6, rate });
    if (this.pieces.length > KEPT) this.pieces.shift();
  }

  /* The camera's time (µs) that was heard at that moment (ms); null: nothing. */
  heard(at: number): number | null {
    const c = this.context;
    if (!c || c.state !== 'running') return null;
    const t = this.leadNow(c) + (at - performance.timeOrigin) / 1000;
    const p = this.pieces.find((x) => t >= x.start && t < x.end);
    return p ? p.time + (t - p.start) * p.rate * 1e6 : null;
  }
}
