/*
 * grown.ts - octets that grow: for many small pieces.
 */
import type { Octets } from './octets';

export class Grown {
  private room: Octets = new Uint8Array(4096);
  private n = 0;

  put(...pieces: Uint8Array[]): void {
    for (const o of pieces) {
      if (this.n + o.length > this.room.length) this.grow(this.n + o.length);
      this.room.set(o, this.n);
      this.n += o.length;
    }
  }

  private grow(least: number): void {
    const more = new Uint8Array(2 * least);
    more.set(this.room);
    this.room = more;
  }

  /* Borrowed until the next put. */
  get all(): Octets {
    return this.room.subarray(0, this.n);
  }
}
