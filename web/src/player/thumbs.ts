/*
 * thumbs.ts - the small picture nearest to a time. The newest wish counts:
 * whoever drags does not wait for all that lies between.
 */
import type { Octets } from '../base/octets';
import type { Days } from './days';
import type { Ranges } from './ranges';
import type { CameraKeys } from './track';

const AT_ONCE = 8; /* neighbours come along */
const KEPT = 400;
const FAR_US = 30_000_000;

export class Thumbs {
  private readonly kept = new Map<number, Octets>();
  private wish: number | null = null;
  private busy = false;

  constructor(
    private readonly ranges: Ranges, private readonly keys: CameraKeys, private readonly days: Days,
    private readonly show: (wanted: number, time: number, image: ImageBitmap | null) => void,
  ) {}

  want(time: number): void {
    this.wish = time;
    if (!this.busy) void this.work();
  }

  private async work(): Promise<void> {
    this.busy = true;
    try {
      while (this.wish !== null) {
        const time = this.wish;
        this.wish = null;
        await this.one(time);
      }
    } finally {
      this.busy = false;
    }
  }

  private async one(time: number): Promise<void> {
    await this.days.cover(time, time);
    const all = this.days.places('thumb');
    const i = this.days.at('thumb', time);
    const place = all[i];
    if (!place || time - place.time > FAR_US) return this.show(time, 0, null);
    if (!this.kept.has(place.time)) await this.fetch(i);
    const octets = this.kept.get(place.time);
    if (!octets) return this.show(time, 0, null);
    const image = await createImageBitmap(new Blob([octets], { type: 'image/jpeg' })).catch(() => null);
    this.show(time, place.time, image);
  }

  private async fetch(i: number): Promise<void> {
    const all = this.days.places('thumb');
    let last = i;
    while (last < i + AT_ONCE && all[last + 1]?.run === all[i]!.run) last++;
    const got: Octets[] = [];
    await this.ranges.get(this.keys, this.keys.camera.thumb, {
      run: all[i]!.run, index: all[i]!.index, until: all[last]!.until, about: all[i]!.time,
    }, {
      unit: () => {}, verified: () => {}, trouble: () => {},
      jpeg: (_time, octets) => got.push(octets),
    });
    got.forEach((octets, k) => {
      const p = all[i + k];
      if (p) this.kept.set(p.time, octets);
    });
    for (const t of this.kept.keys()) if (this.kept.size > KEPT) this.kept.delete(t);
  }
}
