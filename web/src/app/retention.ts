/*
 * retention.ts - how long recordings are kept. What the household chose is
 * signed in its directory; the server is told, and asked what it does. A lock
 * is made there first, then signed: a list never promises more than is held.
 */
import { Fault } from '../base/fault';
import {
  DAYS_MOST, KEEP_NONE, differing, keepOf, keepsAbout, limitsOf, type About, type Keep,
} from '../model/retention';
import { cameraSound, keepChange, sourceOf } from '../model/sources';
import type { Found } from '../player/pieces';
import * as api from '../proto/api';
import { isApi, type Kept } from '../proto/api';
import { write } from './cameras';
import { homeNow, playerNow } from './flow';
import { locksMake } from './locking';
import { now } from './state';

export const GB = 1e9;

const keepNow = (): Keep => homeNow()?.home.now.people.keep ?? KEEP_NONE;
export const today = () => Date.now() / 86_400_000;

/* Owners and adults; the server asks for the right to manage, too. */
export function mayManage(): boolean {
  const h = homeNow();
  const role = h?.home.now.people.members.find((m) => m.id === h.author.member)?.role;
  return role === 'owner' || role === 'adult';
}

export async function keptRead(): Promise<Kept> {
  return api.keepRead(await homeNow()!.ticket());
}

/* Tells the server what was signed. */
async function serverTell(): Promise<void> {
  const h = homeNow()!;
  await api.keepWrite(await h.ticket(), keepNow().quota, limitsOf(h.home.now.people));
}

/*
 * A new camera, another server, a try that failed half way: the server does
 * something else than was signed. Quietly put right.
 */
export async function keepAgree(): Promise<void> {
  const h = homeNow();
  if (!h || !mayManage()) return;
  const kept = await keptRead();
  if (kept.quota !== keepNow().quota || differing(h.home.now.people, kept).length > 0)
    await serverTell();
}

async function keepWritten(change: (k: Keep) => Keep): Promise<void> {
  const h = homeNow()!;
  await write(() => keepChange(h.home, h.author, change(keepNow())));
}

export async function cameraKeep(thing: string, days: number, octets: number): Promise<void> {
  if (days < 1 || days > DAYS_MOST) throw new Fault('LIMIT', 'days');
  await keepWritten((k) => ({
    ...k, things: [...k.things.filter((t) => t.thing !== thing), { thing, days, octets }],
  }));
  await serverTell();
}

export async function homeQuota(quota: number): Promise<void> {
  await keepWritten((k) => ({ ...k, quota }));
  await serverTell();
}

/* --- what a screen shows of a camera --- */

export interface CameraKept {
  days: number;
  octets: number;
  has: number; /* octets */
  about: About;
  sound: boolean | null; /* null: not added in the app */
  early: boolean; /* the server let go what it had to keep */
}

export function cameraKept(thing: string, kept: Kept): CameraKept | null {
  const h = homeNow();
  const camera = h?.home.cameras.find((c) => c.thing.id === thing);
  if (!h || !camera) return null;
  const keep = keepOf(h.home.now.people, thing);
  const own = kept.streams.filter((s) => camera.thing.streams.some((x) => x.id === s.id));
  const days = now().days;
  return {
    days: keep.days, octets: keep.octets, has: own.reduce((sum, s) => sum + s.octets, 0),
    about: keepsAbout(kept, camera.thing, keep, today()),
    sound: sourceOf(h.home, thing)?.sound ?? null,
    early: days?.camera === thing && days.early,
  };
}

export async function soundSet(thing: string, sound: boolean): Promise<void> {
  const h = homeNow()!;
  await write(() => cameraSound(h.home, h.author, thing, sound));
}

/* --- locks --- */

async function found(thing: string, from: number, to: number): Promise<Found | null> {
  const player = playerNow();
  if (!player || !homeNow()!.home.cameras.some((c) => c.thing.id === thing)) return null;
  const f = await player.pieces(thing, from, to);
  if (f === 'unknown') throw new Fault('MISSING', 'index');
  return f;
}

/* As locksMake(). */
export async function lockMake(things: string[], from: number, to: number): Promise<void> {
  const h = homeNow()!;
  await locksMake({
    signed: keepNow().locks.length, found,
    lock: async (id, pieces) => api.lock(await h.ticket(), id, pieces),
    unlock: async (id) => api.unlock(await h.ticket(), id),
    sign: (made) => keepWritten((k) => ({ ...k, locks: [...k.locks, ...made] })),
  }, things, from, to);
}

export async function lockDrop(id: string): Promise<void> {
  const h = homeNow()!;
  await api.unlock(await h.ticket(), id).catch((e) => {
    if (!isApi(e, 'missing')) throw e; /* from a try before */
  });
  await keepWritten((k) => ({ ...k, locks: k.locks.filter((l) => l.id !== id) }));
}

