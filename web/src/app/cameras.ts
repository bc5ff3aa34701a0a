/*
 * cameras.ts - finding cameras through a hub, trying them, taking them in,
 * renaming and removing them. What is asked of a hub is signed and sealed.
 */
import { Fault } from '../base/fault';
import { now as nowUs } from '../model/clock';
import {
  commandSeal, foundRead, profilesRead, replyOpen, triedRead, type Looked, type Profile, type Tried,
} from '../model/command';
import type { Write } from '../model/found';
import type { Hub } from '../model/people';
import { addressesOf, cameraAdd, cameraRemove, cameraRename, type Source } from '../model/sources';
import * as api from '../proto/api';
import { isApi } from '../proto/api';
import { homeNow, homeShown, playerNow } from './flow';

const TRIES = 4;

export interface Login {
  user: string;
  password: string;
}

export function hubs(): Hub[] {
  return homeNow()?.home.now.people.hubs ?? [];
}

/* Throws MISSING: the hub does not answer. */
async function ask(hub: Hub, words: object) {
  const h = homeNow();
  const player = playerNow();
  if (!h || !player) throw new Fault('MISSING', 'home');
  const offset = await player.hubOffset(hub.id);
  if (offset === null) throw new Fault('MISSING', 'hub');
  const d = h.home.now;
  const thing = h.home.text;
  const asked = await commandSeal(d, hub, h.author, thing, Math.round(nowUs() + offset), words);
  const reply = await player.hubAsk(hub.id, asked.body);
  if (!reply) throw new Fault('MISSING', 'hub');
  return replyOpen(asked, reply);
}

/* Without the devices that the home has already: each gives pictures to one. */
export async function camerasFind(hub: Hub): Promise<Looked> {
  const { cameras, devices } = foundRead(await ask(hub, { do: 'find' }));
  const has = new Set(addressesOf(homeNow()!.home, hub.id));
  return { cameras, devices: devices.filter((d) => !has.has(d.address)) };
}

export async function profilesAsk(
  hub: Hub, url: string, login: Login,
): Promise<{ reason: number; profiles: Profile[] }> {
  return profilesRead(await ask(hub, { do: 'ask', url, ...login }), url);
}

export async function cameraTry(hub: Hub, address: string, login: Login): Promise<Tried> {
  return triedRead(await ask(hub, { do: 'try', address, ...login }));
}

/* Written as the next version; when another browser was faster, once more. */
export async function write(make: () => Promise<Write>): Promise<void> {
  const h = homeNow()!;
  for (let tries = 1; ; tries++) {
    try {
      const w = await make();
      await api.homeWrite(
        await h.ticket(), w.next.version, w.next.epoch, w.sealed, w.keys, w.devices);
      h.home.take(w.next);
      return await homeShown();
    } catch (e) {
      if (!isApi(e, 'conflict') || tries === TRIES) throw e;
      await h.home.read(async (...at) => api.homeRead(await h.ticket(), ...at));
    }
  }
}

export async function cameraTake(
  hub: Hub, name: string, from: Omit<Source, 'thing'>, done: (part: number) => void,
): Promise<void> {
  const h = homeNow()!;
  await write(() => cameraAdd(h.home, h.author, hub, name, from, done));
}

export async function cameraName(thing: string, name: string): Promise<void> {
  const h = homeNow()!;
  await write(() => cameraRename(h.home, h.author, thing, name));
}

export async function cameraDrop(thing: string): Promise<void> {
  const h = homeNow()!;
  await write(() => cameraRemove(h.home, h.author, thing));
}
