/*
 * watched.ts - says in the member's own stream what is about to be played,
 * and reads what all members said.
 */
import { unb64 } from '../base/codec';
import { HourKeys } from '../model/hours';
import { now as nowUs } from '../model/clock';
import { LOG, memberStream, watchedOpen, watchedSeal, type Watched, type WatchedRow } from '../model/watched';
import * as api from '../proto/api';
import { isApi } from '../proto/api';
import { homeNow } from './flow';

const AGAIN_MS = 60_000; /* a camera that is opened again is said again */
const WAIT_MS = 3000; /* nobody waits longer for his picture */
const RETRY_MS = 5000;
const DAY_US = 86_400_000_000;
export const DAYS = 7;

interface Said {
  at: number; /* ms */
  more: { from: number; to: number } | null; /* looked at since */
}
const said = new Map<string, Said>();

async function write(w: Watched): Promise<void> {
  const h = homeNow();
  if (!h) return;
  const { home, author } = h;
  const { epoch } = home.now;
  const key = (await home.thingKeys(home.text)).find((k) => k.epoch === epoch)!.key;
  const by = { home: home.id, member: author.member, sign: author.sign, epoch, key, directory: home.pin };
  const { stream, ...row } = await watchedSeal(by, w, nowUs());
  await api.rowAdd(await h.ticket(), stream, LOG, row);
}

/* Until the server has it; the first try is what playing waits for. */
async function writeSurely(w: Watched): Promise<void> {
  const again = (e: unknown) => {
    if (isApi(e, 'gone', 'later', 'slow_down')) setTimeout(() => void writeSurely(w), RETRY_MS);
  };
  await Promise.race([
    write(w).catch(again), new Promise((done) => setTimeout(done, WAIT_MS)),
  ]);
}

/* What was sought within the minute goes into one row, when it is over. */
function rest(name: string, camera: string): void {
  const s = said.get(name);
  said.delete(name);
  if (s?.more) void writeSurely({ camera, past: s.more });
}

/*
 * Before a camera is played: live (0), or from that time on. null: it was
 * said within the last minute.
 */
export function watching(camera: string, time: number): Promise<void> | null {
  if (!camera) return null;
  const name = `${camera} ${time > 0 ? 'past' : 'live'}`;
  const known = said.get(name);
  if (known) {
    const m = known.more ?? { from: time, to: time };
    if (time > 0) known.more = { from: Math.min(m.from, time), to: Math.max(m.to, time) };
    return null;
  }
  said.set(name, { at: performance.now(), more: null });
  setTimeout(() => rest(name, camera), AGAIN_MS);
  return writeSurely({ camera, past: time > 0 ? { from: time, to: time } : null });
}

export interface WatchedLine extends WatchedRow {
  member: string; /* name */
  name: string; /* of the camera; '': it is gone */
}

/* Of the last days, newest first; false: rows that no member signed. */
export async function watchedRead(): Promise<{ lines: WatchedLine[]; false: number }> {
  const h = homeNow();
  if (!h) return { lines: [], false: 0 };
  const { home } = h;
  const keys = await home.thingKeys(home.text);
  const hours = new Map(keys.map((k) => [k.epoch, new HourKeys(k.key)]));
  const lines: WatchedLine[] = [];
  let bad = 0;
  const today = Math.floor(nowUs() / DAY_US);
  for (const m of home.now.people.members) {
    const stream = await memberStream(home.id, m.id);
    for (let day = today; day > today - DAYS; day--) {
      const rows = await api.rows(await h.ticket(), stream, day).catch((e) => {
        if (isApi(e, 'missing')) return []; /* never looked */
        throw e;
      });
      for (const r of rows) {
        const about = Math.min(nowUs(), (day + 1) * DAY_US);
        const w = await watchedOpen(home.id, { id: m.id, sign: unb64(m.sign, 32) }, hours, r.sealed, about)
          .catch(() => null);
        const name = home.cameras.find((c) => c.thing.id === w?.camera)?.thing.name ?? '';
        if (w) lines.push({ ...w, member: m.name, name });
        else bad++;
      }
    }
  }
  lines.sort((a, b) => b.time - a.time);
  return { lines, false: bad };
}
