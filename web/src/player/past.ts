/*
 * past.ts - what was before: fetches the recorded groups of the last minute
 * into the ring, newest first, and only those that are not there yet.
 */
import { hex } from '../base/codec';
import { Json } from '../base/json';
import { now } from '../model/clock';
import type { Line } from './line';
import { MINUTE_US, type Ring } from './ring';
import type { Ranges } from './ranges';
import type { CameraKeys } from './track';

const GROUPS_MAX = 256;
const STEPS = [32, 64, 64, 64]; /* groups asked for at once */

interface Group {
  run: string; /* hex */
  index: number;
}

/* The newest groups that are recorded, in order. */
export async function groupsAsk(line: Line, stream: string): Promise<Group[]> {
  const j = await line.ask({ t: 'groups', stream, most: GROUPS_MAX });
  return (j?.list('groups') ?? []).map((g) => {
    const [run, index] = g as [unknown, unknown];
    const one = Json.of({ run, index });
    return { run: hex(one.octets('run', 8)), index: one.number('index') };
  });
}

export class Past {
  private busy: Promise<void> | null = null;
  private filled = false;

  constructor(
    private readonly line: Line, private readonly ranges: Ranges,
    private readonly keys: CameraKeys, private readonly stream: string, private readonly ring: Ring,
  ) {}

  get loading(): boolean {
    return this.busy !== null;
  }

  get full(): boolean {
    return this.filled;
  }

  /* Once; what comes later is watched live and kept. */
  fill(): Promise<void> {
    if (this.filled) return Promise.resolve();
    this.busy ??= this.fetch().finally(() => { this.busy = null; });
    return this.busy;
  }

  /* The line broke: what was asked will not come. */
  lost(): void {
    this.filled = false;
  }

  /* Only the groups before what we have. */
  private missing(all: Group[]): Group[] {
    const first = this.ring.first;
    if (!first) return all;
    const at = all.findIndex((g) => g.run === first.run && g.index >= first.index);
    return at < 0 ? all : all.slice(0, at);
  }

  private enough(): boolean {
    const { first, last } = this.ring;
    return !!first && !!last && last.time - first.time >= MINUTE_US;
  }

  private async fetch(): Promise<void> {
    let left = this.missing(await groupsAsk(this.line, this.stream));
    for (const step of STEPS) {
      if (left.length === 0 || this.enough()) break;
      const from = Math.max(0, left.length - step);
      if (!(await this.range(left[from]!, left.length - from))) return;
      left = left.slice(0, from);
    }
    this.filled = true;
  }

  private range(from: Group, groups: number): Promise<boolean> {
    return this.ranges.get(
      this.keys, this.stream,
      { run: from.run, index: from.index, groups, about: now() },
      {
        unit: (u) => this.ring.add(u),
        sound: (u) => this.ring.sounds.add(u),
        verified: (run, first, last) => this.ring.verify(run, first, last),
        trouble: () => {},
      });
  }
}
