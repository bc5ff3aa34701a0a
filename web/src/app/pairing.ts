/*
 * pairing.ts - meeting the hub that printed the link, and taking it in with
 * its cameras. Can be begun again at any step.
 */
import { Fault, isFault } from '../base/fault';
import { same } from '../base/octets';
import { hubItems, hubTakeIn } from '../model/found';
import type { Home } from '../model/home';
import {
  linkOf, m1Open, m2Seal, m3Open, type Asked, type HubKeys, type Link, type M3,
} from '../model/pair';
import * as api from '../proto/api';
import { isApi, type Ticket } from '../proto/api';
import { keptWrite, type Kept } from './keep';
import { PAIRING_NONE, now, set, type Pairing, type Problem } from './state';

const TRIES = 4;
const WAIT_MS = 15 * 60_000;

function step(part: Partial<Pairing>): void {
  set({ pairing: { ...now().pairing, ...part } });
}

/* The hub's keys, if the link is good and the hub still waits. */
export async function hubFind(link: Link): Promise<HubKeys> {
  return m1Open(link, await api.mailboxM1(await linkOf(link)));
}

async function answerWait(at: Ticket): Promise<Uint8Array<ArrayBuffer>> {
  const until = Date.now() + WAIT_MS;
  while (Date.now() < until) {
    const m3 = await api.mailboxM3(at);
    if (m3) return m3;
  }
  throw new Fault('MISSING', 'm3');
}

/*
 * What the hub is told. The hub answers the first message that opens and no
 * other, so a page that was reloaded says the very same octets again.
 */
async function say(link: Link, hub: HubKeys, kept: Kept, home: Home): Promise<Asked> {
  if (kept.asked && same(kept.asked.m1, hub.m1)) return kept.asked;
  const d = home.now;
  const asked = await m2Seal(link, hub, {
    home: home.text, version: d.version, hash: d.hash, epoch: d.epoch,
    member: kept.homes[0]!.member, sign: kept.signPublic, kx: kept.kx.public,
    keys: await hubItems(home, hub.kx), device: kept.label,
  });
  kept.asked = { ...asked, m1: hub.m1 };
  await keptWrite(kept);
  return asked;
}

async function meet(link: Link, kept: Kept, home: Home): Promise<{ hub: HubKeys; m3: M3 }> {
  const at = await linkOf(link);
  const hub = await hubFind(link);
  step({ step: 'found' });
  const asked = await say(link, hub, kept, home);
  await api.mailboxM2(at, asked.m2).catch((e) => {
    if (!isApi(e, 'denied')) throw e; /* it has answered already */
  });
  step({ step: 'asked' });
  return { hub, m3: await m3Open(asked, hub, await answerWait(at)) };
}

/* Writes the versions; when another browser was faster, reads and retries. */
async function takeIn(
  kept: Kept, home: Home, ticket: () => Promise<Ticket>, hub: HubKeys, m3: M3,
): Promise<void> {
  const author = { member: kept.homes[0]!.member, sign: kept.sign };
  for (let tries = 1; ; tries++) {
    try {
      for await (const w of hubTakeIn(home, author, hub, m3, (part) => step({ part }))) {
        const t = await ticket();
        await api.homeWrite(t, w.next.version, w.next.epoch, w.sealed, w.keys, w.devices);
        home.take(w.next);
      }
      return;
    } catch (e) {
      if (!isApi(e, 'conflict') || tries === TRIES) throw e;
      await home.read(async (...at) => api.homeRead(await ticket(), ...at));
    }
  }
}

export function pairingProblem(e: unknown): Problem {
  if (isApi(e, 'gone')) return 'gone';
  if (isApi(e, 'slow_down')) return 'slow_down';
  if (isApi(e, 'ticket', 'missing', 'denied') || isFault(e, 'MISSING')) return 'link';
  if (e instanceof Fault) return 'hub';
  return 'unknown';
}

/* True when the hub is part of the home now. */
export async function pair(
  link: Link, kept: Kept, home: Home, ticket: () => Promise<Ticket>,
): Promise<boolean> {
  set({ pairing: { ...PAIRING_NONE, step: 'found' } });
  try {
    const { hub, m3 } = await meet(link, kept, home);
    step({ step: 'keys', part: 0 });
    await takeIn(kept, home, ticket, hub, m3);
    /* without a camera nothing follows: the home says so itself */
    step({ step: m3.cameras.length > 0 ? 'done' : 'none', part: 1 });
    return true;
  } catch (e) {
    step({ step: 'failed', problem: pairingProblem(e) });
    return false;
  }
}
