/*
 * tails.ts - a hub that was cut off could not write down its last minute: how
 * far the server has it, by marks that hold.
 */
import type { IndexRun } from '../model/index';
import type { Days, Tail } from './days';
import type { Ranges } from './ranges';
import type { CameraKeys } from './track';

const GROUPS = 64;
const WHOLE_RUN = 0xffffffff; /* no run is longer: asked for until there, it stays in it */

/* Keys and the time of the last record under a mark, from that group on. */
async function ask(ranges: Ranges, keys: CameraKeys, run: IndexRun, index: number, whole: boolean) {
  const seen = new Map<number, number>(); /* index to time */
  const found: Tail = { groups: [], last: 0, lastIndex: 0 };
  await ranges.get(keys, keys.camera.stream, {
    run: run.run, index, groups: whole ? 1 : GROUPS, until: WHOLE_RUN, keys: !whole, about: run.last,
  }, {
    unit: (u) => void seen.set(u.index, u.time),
    verified: (of, first, last) => {
      for (let i = first; of === run.run && i <= last; i++) {
        const time = seen.get(i);
        if (time === undefined) continue;
        if (!whole) found.groups.push({ time, index: i, motion: 0 });
        found.last = time;
        found.lastIndex = i;
      }
    },
    trouble: () => {},
  });
  return found;
}

async function tailOf(ranges: Ranges, keys: CameraKeys, run: IndexRun): Promise<Tail | null> {
  let index = run.groups[run.groups.length - 1]!.index;
  const tail: Tail = { groups: [], last: 0, lastIndex: 0 };
  for (;;) {
    const some = await ask(ranges, keys, run, index, false);
    tail.groups.push(...some.groups.filter((g) => g.index > index));
    if (some.lastIndex <= index) break;
    index = some.lastIndex;
  }
  const end = await ask(ranges, keys, run, index, true);
  return end.lastIndex ? { ...tail, last: end.last, lastIndex: end.lastIndex } : null;
}

/* True when something was found. */
export async function tailsFind(
  days: Days, ranges: Ranges, keys: CameraKeys, from: number, to: number,
): Promise<boolean> {
  let any = false;
  for (const run of days.cutOff(from, to)) {
    const broken = ranges.broken;
    const tail = await tailOf(ranges, keys, run);
    if (ranges.broken !== broken) return any; /* later, then */
    days.extend(run.run, tail);
    any = true;
  }
  return any;
}
