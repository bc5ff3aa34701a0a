/*
 * decoder.ts - WebCodecs: access units in, pictures out, in order. When it
 * falls behind, what is queued is dropped and it goes on at the next key
 * frame: late pictures are worse than missing ones.
 *
 * To configure a decoder takes milliseconds, which a seek feels: one that has
 * little left to do may go on with the next key frame, and nobody takes its
 * old pictures.
 */
import { same } from '../base/octets';
import type { Setup } from '../proto/h264';
import type { Unit } from './track';

const LATE_QUEUE = 4; /* queued when a key frame comes: drop them */
const FULL_QUEUE = 60; /* queued between key frames: wait for one */
const FAILURES_MAX = 3;
const HELD = 2;

export interface DecoderEvents {
  picture(frame: VideoFrame, unit: Unit): void; /* takes the frame */
  unplayable(codec: string): void;
}

export class Decoder {
  private decoder: VideoDecoder | null = null;
  private setup: Setup | null = null;
  private readonly units = new Map<number, Unit>();
  private readonly fed = new Map<number, number>(); /* ms; in order */
  private n = 0;
  private waitKey = true;
  private failures = 0;

  constructor(private readonly events: DecoderEvents) {}

  get queued(): number {
    return this.units.size;
  }

  /* How long the oldest has not come out; some decoders always hold one or two. */
  get late_ms(): number {
    if (this.fed.size <= HELD) return 0;
    for (const at of this.fed.values()) return performance.now() - at;
    return 0;
  }

  /* A unit is left out: what builds on it cannot be decoded. */
  skip(): void {
    this.waitKey = true;
  }

  /* Forget everything; the next unit must be a key frame. soon: and it comes now. */
  reset(soon = false): void {
    const left = this.units.size;
    this.units.clear();
    this.fed.clear();
    this.waitKey = true;
    const on = this.decoder?.state;
    if (on === 'configured' && !(soon && left <= HELD)) this.decoder!.reset();
    if (on === 'closed') this.decoder = null;
  }

  /* For good; fed again, it is made anew. */
  end(): void {
    this.reset();
    this.decoder?.close();
    this.decoder = null;
  }

  private make(): VideoDecoder {
    const decoder = new VideoDecoder({
      output: (frame) => {
        const unit = this.units.get(frame.timestamp);
        if (decoder !== this.decoder || !unit) { /* of before a reset */
          frame.close();
          return;
        }
        this.units.delete(frame.timestamp);
        this.fed.delete(frame.timestamp);
        this.failures = 0;
        this.events.picture(frame, unit);
      },
      error: () => {
        if (decoder !== this.decoder) return;
        this.reset();
        if (++this.failures >= FAILURES_MAX) this.events.unplayable(this.setup?.codec ?? '');
      },
    });
    return decoder;
  }

  private begin(setup: Setup): void {
    const known = this.setup;
    const as = known && known.codec === setup.codec && same(known.description, setup.description);
    const on = this.decoder?.state;
    if (as && on === 'configured') return;
    this.reset();
    this.setup = setup;
    if (!(as && this.decoder) && !setup.codec.startsWith('avc1')) void this.check(setup);
    this.decoder ??= this.make();
    /* else each picture waits for the next one */
    this.decoder.configure({ ...setup, optimizeForLatency: true });
  }

  /* Not every browser plays every codec. */
  private async check(setup: Setup): Promise<void> {
    const s = await VideoDecoder.isConfigSupported(setup).catch(() => null);
    if (!s?.supported && this.setup === setup) this.events.unplayable(setup.codec);
  }

  /* patient: a seek feeds a whole group at once and wants all of it. */
  feed(unit: Unit, patient = false): void {
    if (unit.key) {
      if (!patient && this.queued > LATE_QUEUE) this.reset();
      if (!unit.setup) return;
      this.begin(unit.setup);
      this.waitKey = false;
    } else if (!patient && this.queued > FULL_QUEUE) this.waitKey = true;
    if (this.waitKey || this.decoder?.state !== 'configured') return;
    const timestamp = ++this.n;
    this.units.set(timestamp, unit);
    this.fed.set(timestamp, performance.now());
    const type = unit.key ? 'key' : 'delta';
    try {
      this.decoder.decode(new EncodedVideoChunk({ type, timestamp, data: unit.data }));
    } catch {
      this.reset();
    }
  }
}
