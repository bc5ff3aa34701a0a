/*
 * watches.ts - which streams the line brings. A stream has one slot however
 * often it is asked for, and "unwatch" ends them all: so it has one owner at a
 * time. Who asks for it next takes it over, one after the other.
 */
import type { Json } from '../base/json';
import type { Line } from './line';

export interface Owner {
  taken(): void; /* another one has the stream now */
}

export class Watches {
  private readonly last = new Map<string, Promise<Json | null>>();
  private readonly held = new Map<string, { slot: number; owner: Owner }>();

  constructor(private readonly line: Line) {}

  /* Null: refused, the line broke, or nobody wants it any more. */
  watch(stream: string, owner: Owner, wanted: () => boolean): Promise<Json | null> {
    const before = this.last.get(stream) ?? Promise.resolve(null);
    const job = before.then(() => this.ask(stream, owner, wanted));
    this.last.set(stream, job);
    return job;
  }

  private async ask(stream: string, owner: Owner, wanted: () => boolean): Promise<Json | null> {
    if (!wanted()) return null;
    const other = this.held.get(stream);
    if (other) {
      this.unwatch(stream, other.owner);
      if (other.owner !== owner) other.owner.taken();
    }
    const j = await this.line.ask({ t: 'watch', stream });
    if (!j) return null;
    this.held.set(stream, { slot: j.number('slot'), owner });
    if (wanted()) return j;
    this.unwatch(stream, owner);
    return null;
  }

  unwatch(stream: string, owner: Owner): void {
    const known = this.held.get(stream);
    if (known?.owner !== owner) return;
    this.line.send({ t: 'unwatch', slot: known.slot });
    this.held.delete(stream);
  }

  /* The line broke. */
  lost(): void {
    this.held.clear();
  }
}
