/*
 * ear.ts - records of sound in, samples out, each with the media time that
 * it begins at. G.711 by a table, the rest by WebCodecs.
 */
import { hex } from '../base/codec';
import { AAC, OPUS, soundScale, type Sound } from '../proto/sound';
import { g711 } from './g711';
import type { SoundUnit } from './sounds';

export interface Samples {
  time: number; /* µs, the hub's */
  rate: number;
  planes: Float32Array<ArrayBuffer>[];
}

const FAILURES_MAX = 3;
const PENDING_MAX = 256;
const NEAR_US = 3000;

function configOf(s: Sound): AudioDecoderConfig {
  const config = { sampleRate: s.rate, numberOfChannels: s.channels };
  if (s.codec === OPUS) return { ...config, codec: 'opus' };
  return { ...config, codec: `mp4a.40.${s.config[0]! >> 3}`, description: s.config };
}

const known = new Map<string, Promise<boolean>>();

/* Whether this browser plays what sounds so. */
export function canHear(s: Sound): Promise<boolean> {
  if (s.codec !== AAC && s.codec !== OPUS) return Promise.resolve(true);
  if (typeof AudioDecoder === 'undefined') return Promise.resolve(false);
  const name = hex(s.kind);
  let can = known.get(name);
  if (!can) {
    can = AudioDecoder.isConfigSupported(configOf(s)).then((a) => a.supported === true, () => false);
    known.set(name, can);
  }
  return can;
}

function planesOf(data: AudioData): Float32Array<ArrayBuffer>[] {
  return Array.from({ length: data.numberOfChannels }, (_, planeIndex) => {
    const plane = new Float32Array(data.numberOfFrames);
    data.copyTo(plane, { planeIndex, format: 'f32-planar' });
    return plane;
  });
}

/*
 * Decoders count samples and take no notice of times that jump a little: they
 * are given a count, and it is looked up what was meant.
 */
export class Ear {
  private decoder: AudioDecoder | null = null;
  private kind = '';
  private count = 0; /* samples given so far */
  private pending: { at: number; time: number }[] = []; /* at: µs of the count */
  private failures = 0;
  private generation = 0;

  constructor(
    private readonly samples: (s: Samples) => void, private readonly deaf: () => void,
  ) {}

  reset(): void {
    this.generation++;
    if (this.decoder && this.decoder.state !== 'closed') this.decoder.close();
    this.decoder = null;
    this.pending = [];
    this.count = 0;
  }

  feed(u: SoundUnit): void {
    const { sound, time } = u;
    if (sound.codec !== AAC && sound.codec !== OPUS) {
      this.samples({ time, rate: sound.rate, planes: g711(sound.codec, sound.channels, sound.media) });
      return;
    }
    if (typeof AudioDecoder === 'undefined') return this.deaf();
    const kind = hex(sound.kind);
    if (!this.decoder || kind !== this.kind) this.begin(sound, kind);
    this.decode(u);
  }

  private begin(sound: Sound, kind: string): void {
    this.reset();
    this.kind = kind;
    const generation = this.generation;
    this.decoder = new AudioDecoder({
      output: (data) => {
        if (generation === this.generation) this.take(data);
        data.close();
      },
      error: () => {
        if (generation !== this.generation) return;
        this.reset();
        if (++this.failures >= FAILURES_MAX) this.deaf();
      },
    });
    try {
      this.decoder.configure(configOf(sound));
    } catch {
      this.reset();
      this.deaf();
    }
  }

  private decode({ sound, time }: SoundUnit): void {
    const scale = soundScale(sound);
    let before = 0;
    for (const f of sound.frames) {
      if (!this.decoder) return;
      const at = Math.round((this.count * 1e6) / scale);
      this.pending.push({ at, time: time + (before * 1e6) / scale });
      if (this.pending.length > PENDING_MAX) this.pending.shift();
      before += f.length;
      this.count += f.length;
      try {
        this.decoder.decode(new EncodedAudioChunk({ type: 'key', timestamp: at, data: f.octets }));
      } catch {
        this.reset();
      }
    }
  }

  private take(data: AudioData): void {
    this.failures = 0;
    const i = this.pending.findLastIndex((p) => p.at <= data.timestamp + NEAR_US);
    const p = this.pending[i];
    if (!p) return;
    this.pending.splice(0, i);
    this.samples({
      time: p.time + (data.timestamp - p.at), rate: data.sampleRate, planes: planesOf(data),
    });
  }
}
