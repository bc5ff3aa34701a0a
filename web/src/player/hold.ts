/*
 * hold.ts - pictures that are here and not due yet, because their sound still
 * comes. Timed by the clock that page and worker share.
 */
import type { Unit } from './track';

const HELD_MAX = 12; /* decoders have only so many frames to give */

export function wall(): number {
  return performance.timeOrigin + performance.now(); /* ms */
}

interface Held {
  frame: VideoFrame;
  unit: Unit;
  due: number; /* ms, wall() */
}

export class Hold {
  private held: Held[] = [];
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly draw: (frame: VideoFrame, unit: Unit) => void) {}

  get any(): boolean {
    return this.held.length > 0;
  }

  /* Takes the frame. One too many is left out: better than one too early. */
  put(frame: VideoFrame, unit: Unit, due: number): void {
    if (this.held.length < HELD_MAX) this.held.push({ frame, unit, due });
    else frame.close();
    this.look();
  }

  private next(): void {
    const h = this.held.shift()!;
    this.draw(h.frame, h.unit);
  }

  private look(): void {
    clearTimeout(this.timer);
    while (this.held.length > 0 && this.held[0]!.due - wall() < 1) this.next();
    if (this.held.length > 0)
      this.timer = setTimeout(() => this.look(), this.held[0]!.due - wall());
  }

  /* At once, in order. */
  flush(): void {
    clearTimeout(this.timer);
    while (this.held.length > 0) this.next();
  }

  drop(): void {
    clearTimeout(this.timer);
    for (const h of this.held) h.frame.close();
    this.held = [];
  }
}
