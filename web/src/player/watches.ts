/*
 * watches.ts - which streams the line brings. A stream has one slot however
 * often it is asked for, and "unwatch" ends them all: so what is asked for one
 * stream goes one after the other.
 */
import type { Json } from '../base/json';
import type { Line } from './line';

export class Watches {
  private readonly last = new Map<string, Promise<Json | null>>();

  constructor(private readonly line: Line) {}

  /* Null: refused, the line broke, or nobody wants it any more. */
  watch(stream: string, wanted: () => boolean): Promise<Json | null> {
    const before = this.last.get(stream) ?? Promise.resolve(null);
    const job = before.then(() => this.ask(stream, wanted));
    this.last.set(stream, job);
    return job;
  }

  private async ask(stream: string, wanted: () => boolean): Promise<Json | null> {
    if (!wanted()) return null;
    const j = await this.line.ask({ t: 'watch', stream });
    if (!j || wanted()) return j;
    this.unwatch(j.number('slot'));
    return null;
  }

  unwatch(slot: number): void {
    this.line.send({ t: 'unwatch', slot });
  }
}
