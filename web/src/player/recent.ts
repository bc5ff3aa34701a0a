/*
 * recent.ts - records in order of time, each once, whatever the order and the
 * number of times in which they come; the oldest go.
 */
interface Placed {
  run: string;
  index: number;
  time: number; /* µs */
}

export abstract class Recent<T extends Placed> {
  protected units: T[] = [];
  protected octets = 0;
  private readonly known = new Set<string>();

  protected abstract size(u: T): number;
  protected abstract trim(): void; /* by drop() */

  get length(): number {
    return this.units.length;
  }

  clear(): void {
    this.units = [];
    this.known.clear();
    this.octets = 0;
  }

  private name(u: T): string {
    return `${u.run}:${u.index}`;
  }

  add(u: T): void {
    if (this.known.has(this.name(u))) return;
    this.known.add(this.name(u));
    this.octets += this.size(u);
    let i = this.units.length;
    while (i > 0 && this.units[i - 1]!.time > u.time) i--;
    this.units.splice(i, 0, u);
    this.trim();
  }

  protected drop(count: number): void {
    for (const u of this.units.splice(0, count)) {
      this.octets -= this.size(u);
      this.known.delete(this.name(u));
    }
  }
}
