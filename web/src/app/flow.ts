/*
 * flow.ts - what happens: opening the page, the first run, signing in and
 * out, going into the home, meeting the hub. Views call these; they change
 * the state.
 */
import { b64, unb64 } from '../base/codec';
import { Fault, isFault } from '../base/fault';
import { sha256 } from '../crypto/kdf';
import { kxKept } from '../crypto/kxkeep';
import { utf8 } from '../base/octets';
import { sign } from '../crypto/sign';
import { now as nowUs } from '../model/clock';
import { epochBegin } from '../model/found';
import type { Author } from '../model/directory';
import { Home, type Camera } from '../model/home';
import { linkOf, type Link } from '../model/pair';
import { locksOf } from '../model/retention';
import * as api from '../proto/api';
import { ApiError, isApi, ticketNew, ticketText, type Ticket } from '../proto/api';
import type { Entered } from '../signin/messages';
import { lacks } from './can';
import { filmsEnd, filmsTake } from './films';
import { deviceLabel } from './device';
import { keptDrop, keptRead, keptWrite, leftRead, leftWrite, type Kept } from './keep';
import { hubFind, pair, pairingProblem } from './pairing';
import { Player, type Thumb } from './player';
import type { PlayerCamera, PlayerHome } from '../player/messages';
import { PAIRING_NONE, now, set, type Problem, type Tab } from './state';
import { watching } from './watched';
import { ask, signinEnd } from './workers';

const LINK_MS = 15 * 60_000;
const RETRY_MS = 3000;
const EPOCH_US = 30 * 86_400 * 1_000_000;

let link: Link | null = null; /* of the page's address */
let kept: Kept | null = null;
let home: Home | null = null;
let player: Player | null = null;
let homeTicket: { ticket: Ticket; expires: number } | null = null;

function problemOf(e: unknown): Problem {
  if (e instanceof ApiError) {
    if (e.code === 'gone' || e.code === 'slow_down' || e.code === 'later') return e.code;
    if (e.code === 'conflict') return 'taken';
    if (e.code === 'ticket') return 'ended';
    if (e.code === 'denied') return 'wrong';
  }
  if (isFault(e, 'DENIED')) return 'wrong';
  if (e instanceof Fault) return 'trust';
  return 'unknown';
}

/* Runs a task that a person waits for; its problem is shown, not thrown. */
async function busy(task: () => Promise<void>, of = problemOf): Promise<boolean> {
  if (now().busy) return false;
  set({ busy: true, problem: null });
  try {
    await task();
    return true;
  } catch (e) {
    set({ problem: of(e) });
    return false;
  } finally {
    set({ busy: false });
  }
}

/* --- opening the page --- */

async function linkCheck(l: Link, first: boolean): Promise<void> {
  if (!first) {
    set({ screen: { at: 'signin', problem: null }, linkWaits: true });
    return;
  }
  try {
    await hubFind(l);
    set({ screen: { at: 'welcome' } });
  } catch (e) {
    const problem = pairingProblem(e);
    set({ screen: problem === 'gone' ? { at: 'gone' } : { at: 'badLink', problem } });
  }
}

async function begin(): Promise<void> {
  try {
    const { first } = await api.info();
    if (link) await linkCheck(link, first);
    else set({ screen: first ? { at: 'new' } : { at: 'signin', problem: null } });
  } catch {
    set({ screen: { at: 'gone' } });
    setTimeout(() => {
      if (now().screen.at === 'gone') void begin();
    }, RETRY_MS);
  }
}

export async function start(from: Link | null): Promise<void> {
  link = from;
  const missing = await lacks();
  if (missing.length > 0) {
    set({ screen: { at: 'cannot', lacks: missing } });
    return;
  }
  kept = await keptRead();
  if (!kept) return begin();
  if (link) {
    kept.link = { ...link, until: Date.now() + LINK_MS };
    await keptWrite(kept);
  }
  await homeEnter();
}

/* --- the first run --- */

export interface FirstRun {
  handle: string;
  passphrase: string;
  home: string;
}

function keepOf(e: Entered, handle: string, label: string): Kept {
  const { code, ...rest } = e;
  const met = link ? { ...link, until: Date.now() + LINK_MS } : null;
  return { ...rest, handle, label, link: met, asked: null, codeOwed: code !== null };
}

async function keepEntered(e: Entered, handle: string, label: string): Promise<void> {
  kept = keepOf(e, handle, label);
  link = null;
  await keptWrite(kept);
  const left = await leftRead();
  left.vaults[b64(e.account)] = e.vaultVersion;
  await leftWrite({ ...left, gone: [] });
  set({ handle });
  signinEnd();
}

export function firstRun(f: FirstRun): Promise<boolean> {
  return busy(async () => {
    if (!link) throw new Error('no link');
    const label = deviceLabel();
    const zone = Intl.DateTimeFormat().resolvedOptions().timeZone || 'UTC';
    const at = await linkOf(link);
    const e = await ask('create', { ...f, name: f.handle, label, zone, link: at });
    await keepEntered(e, f.handle, label);
    set({ screen: { at: 'code', code: e.code ?? '', fresh: true } });
    void homeEnter();
  });
}

/* --- signing in --- */

export function signIn(handle: string, passphrase: string): Promise<boolean> {
  return busy(async () => {
    const left = await leftRead();
    const label = deviceLabel();
    const e = await ask('enter', {
      handle, passphrase, label, gone: left.gone, pins: left.pins, vaults: left.vaults,
    });
    await keepEntered(e, handle, label);
    void homeEnter();
  });
}

function recoverProblem(e: unknown): Problem {
  if (isApi(e, 'ticket')) return 'codeOld';
  if (isApi(e, 'denied')) return 'nameOther';
  if (isFault(e, 'SYNTAX')) return 'code';
  return problemOf(e);
}

export function recover(handle: string, code: string, passphrase: string): Promise<boolean> {
  return busy(async () => {
    const label = deviceLabel();
    const e = await ask('recover', { handle, code, passphrase, label });
    await keepEntered(e, handle, label);
    set({ screen: { at: 'code', code: e.code ?? '', fresh: false } });
    void homeEnter();
  }, recoverProblem);
}

async function codeOwedSet(owed: boolean): Promise<void> {
  if (!kept) return;
  kept.codeOwed = owed;
  await keptWrite(kept);
  set({ codeOwed: owed });
}

export function codeDone(): void {
  void codeOwedSet(false);
  set({ screen: { at: 'home' }, tab: 'home' });
}

export function goTo(at: 'signin' | 'forgot'): void {
  set({ screen: at === 'signin' ? { at, problem: null } : { at }, problem: null });
}

export function tabSet(tab: Tab): void {
  set({ tab, problem: null });
}

/* The session died: keep what must be kept, ask to sign in again. */
async function leave(problem: Problem | null): Promise<void> {
  const left = await leftRead();
  if (kept) {
    left.gone.push(b64(kept.session.id));
    left.pins = kept.homes.map(({ home: h, version, hash }) => ({ home: h, version, hash }));
    await leftWrite(left);
  }
  await keptDrop();
  player?.end();
  filmsEnd();
  kept = home = player = homeTicket = null;
  set({
    screen: { at: 'signin', problem }, tab: 'home', view: null, days: null, films: null, cameras: [], camera: '', together: [],
    pairing: PAIRING_NONE, opening: false, codeOwed: false, problem: null,
  });
}

export function signOut(): Promise<boolean> {
  return busy(async () => {
    if (kept) await api.sessionDelete(kept.session).catch(() => undefined);
    await leave(null);
  });
}

/* --- the home --- */

/* A home ticket: proves that this browser holds the grant. */
async function ticketFresh(): Promise<Ticket> {
  const soon = Date.now() / 1000 + 60;
  if (homeTicket && homeTicket.expires > soon) return homeTicket.ticket;
  const k = kept;
  const at = k?.homes[0];
  if (!k || !at) throw new Fault('MISSING', 'home');
  const nonce = await api.homeNonce(k.session);
  const origin = await sha256(utf8(location.origin));
  const grant = unb64(at.grant, 16);
  const signature = await sign(at.grantKey, 'home open', origin, k.session.id, nonce, grant);
  const ticket = ticketNew();
  const { expires } = await api.homeOpen(k.session, at.grant, nonce, signature, ticket);
  homeTicket = { ticket, expires };
  return ticket;
}

async function founding(k: Kept): Promise<void> {
  if (!k.founding) return;
  await api.homeCreate(k.session, k.founding).catch((e) => {
    if (!isApi(e, 'conflict')) throw e; /* it was taken already */
  });
  k.founding = null;
  await keptWrite(k);
}

async function homeRead(): Promise<void> {
  const h = home!;
  const k = kept!;
  await h.read(async (...at) => api.homeRead(await ticketFresh(), ...at));
  const pass = k.homes[0]!;
  h.pinCheck({ version: pass.version, hash: pass.hash });
  if (h.pin.version > pass.version) {
    Object.assign(pass, h.pin);
    await keptWrite(k);
  }
}

async function playerHome(h: Home): Promise<PlayerHome> {
  return {
    home: h.text, people: [...h.epochs].map(([epoch, keys]) => ({ epoch, key: keys.people })),
    hubs: h.now.people.hubs.map((x) => ({ id: x.id, sign: unb64(x.sign), kx: unb64(x.kx) })),
    directory: h.pin, cameras: await Promise.all(h.cameras.map((c) => playerCamera(h, c))),
  };
}

async function playerCamera(h: Home, c: Camera): Promise<PlayerCamera> {
  return {
    thing: c.thing.id, stream: c.stream, sub: c.sub, thumb: c.thumb, index: c.index, born: c.born,
    keys: await h.thingKeys(c.thing.id),
    hub: { id: c.hub.id, sign: unb64(c.hub.sign), kx: unb64(c.hub.kx) },
    locks: locksOf(h.now.people, c.thing.id), keep: c.keep,
  };
}

/* The one before is given back: pictures are not the collector's. */
function thumbTake(m: Thumb): void {
  now().thumb?.image?.close();
  set({ thumb: m });
}

/* Cameras and names as the directory has them now. */
async function homeShow(): Promise<void> {
  const h = home!;
  const rows = h.cameras.map((c) => ({ thing: c.thing.id, name: c.thing.name }));
  const known = await playerHome(h);
  if (player) player.send({ t: 'home', home: known });
  else if (h.now.people.hubs.length > 0)
    player = new Player({
      view: (view) => set({ view }),
      line: (line) => set({ line }),
      days: (days) => set({ days }),
      thumb: (m) => thumbTake(m),
      film: filmsTake,
      home: () => void homeAgain(),
      ticket: () => void ticketAgain(),
      watching,
    }, ticketText(await ticketFresh()), known);
  set({ homeName: h.name, zone: h.now.people.zone, cameras: rows, locks: h.now.people.keep?.locks ?? [] });
  placeKeep();
}

/* Of a home that cannot be read: who is no member gets no ticket. */
function homeProblem(e: unknown): Problem {
  return isApi(e, 'denied', 'missing') ? 'removed' : problemOf(e);
}

async function homeAgain(): Promise<void> {
  try {
    await homeRead();
    await homeShow();
  } catch (e) {
    if (isApi(e, 'ticket')) await leave('ended');
    else if (!isApi(e, 'gone', 'later')) set({ problem: homeProblem(e) });
  }
}

async function ticketAgain(): Promise<void> {
  homeTicket = null;
  try {
    player?.send({ t: 'ticket', ticket: ticketText(await ticketFresh()) });
  } catch (e) {
    if (isApi(e, 'ticket')) await leave('ended');
    else if (isApi(e, 'denied')) set({ problem: 'removed' });
    else setTimeout(() => void ticketAgain(), RETRY_MS);
  }
}

async function homeEnter(): Promise<void> {
  const k = kept!;
  set({ opening: true, handle: k.handle, problem: null, codeOwed: k.codeOwed });
  if (now().screen.at !== 'code') set({ screen: { at: 'home' } });
  try {
    await founding(k);
    const pass = k.homes[0];
    if (!pass) throw new Fault('MISSING', 'home');
    home = new Home({ home: unb64(pass.home, 16), member: pass.member, kx: await kxKept(k.kx) });
    await homeRead();
    await homeShow();
    set({ opening: false });
    if (k.link) await pairing();
    await epochRenew();
  } catch (e) {
    homeTicket = null;
    if (isApi(e, 'ticket')) return leave('ended');
    const problem = homeProblem(e);
    set({ problem });
    if (problem === 'gone' || problem === 'later')
      setTimeout(() => {
        if (kept === k && !home?.directory) void homeEnter();
      }, RETRY_MS);
    else set({ opening: false });
  }
}

/*
 * A home key lives for 30 days; whoever may makes the next one. Children and
 * carers get less than the whole key: a home with them is left to a later
 * version of the app.
 */
async function epochRenew(): Promise<void> {
  const h = home!;
  const k = kept!;
  const members = h.now.people.members;
  const mine = members.find((m) => m.id === k.homes[0]!.member);
  const whole = (role: string) => role === 'owner' || role === 'adult';
  if (!mine || !members.every((m) => whole(m.role))) return;
  if (nowUs() - h.epochSince < EPOCH_US) return;
  try {
    for await (const w of epochBegin(h, { member: mine.id, sign: k.sign })) {
      const { version, epoch } = w.next;
      await api.homeWrite(await ticketFresh(), version, epoch, w.sealed, w.keys, w.devices);
      h.take(w.next, w.epochKeys);
    }
  } catch (e) {
    if (!isApi(e, 'conflict')) throw e; /* another browser was faster */
    await homeRead();
  }
  await homeShow();
}

/* Meets the hub of the link that was opened. */
export async function pairing(): Promise<void> {
  const k = kept;
  if (!k?.link || !home) return;
  const mine = home.now.people.members.find((m) => m.id === k.homes[0]!.member);
  const problem = k.link.until < Date.now() ? 'link' : mine?.role !== 'owner' ? 'owner' : null;
  if (problem) set({ pairing: { step: 'failed', part: 0, problem } });
  else if (await pair(k.link, k, home, ticketFresh)) {
    k.link = k.asked = null;
    await keptWrite(k);
    await homeShow();
  }
}

/* --- all cameras, one of them, some of them on one clock --- */

/* '': all of them. */
function cameraShow(thing: string): void {
  if (thing === '' && now().camera === '' && now().together.length === 0) return;
  set({ camera: thing, together: [], view: null, days: null });
  player?.big.show(thing, now().cameras.find((c) => c.thing === thing)?.name ?? '');
}

function togetherShow(things: string[]): void {
  cameraShow('');
  set({ together: things, view: null, days: null });
}

/* Where the browser's history says that one is; a home of one camera shows it. */
function placeTake(): void {
  const place = (history.state ?? {}) as { camera?: string; together?: string[] };
  const rows = now().cameras;
  const there = (thing: string) => rows.some((r) => r.thing === thing);
  const some = (place.together ?? []).filter(there);
  if (rows.length > 1 && some.length > 0) togetherShow(some);
  else if (place.camera && there(place.camera)) cameraShow(place.camera);
  else cameraShow(rows.length === 1 ? rows[0]!.thing : '');
}

/* One stays where one is, unless that camera has gone. */
function placeKeep(): void {
  const { camera, together, cameras } = now();
  const there = (thing: string) => cameras.some((r) => r.thing === thing);
  if (camera ? !there(camera) : !together.length || !together.every(there)) placeTake();
}

export function cameraOpen(thing: string): void {
  const inside = now().camera !== '';
  history[inside ? 'replaceState' : 'pushState']({ camera: thing }, '');
  placeTake();
}

export function togetherOpen(things: string[]): void {
  const inside = now().together.length > 0;
  history[inside ? 'replaceState' : 'pushState']({ together: things }, '');
  placeTake();
}

/* Back to all of them. */
export function allOpen(): void {
  if (history.state?.camera || history.state?.together) history.back();
  else cameraShow('');
}

addEventListener('popstate', () => placeTake());

/* What cameras.ts works with; null before a home is open. */
export function homeNow(): { home: Home; author: Author; ticket: () => Promise<Ticket> } | null {
  const k = kept;
  if (!home?.directory || !k?.homes[0]) return null;
  return { home, author: { member: k.homes[0].member, sign: k.sign }, ticket: ticketFresh };
}

export function homeShown(): Promise<void> {
  return homeShow();
}

export function playerNow(): Player | null {
  return player;
}

/* --- the account --- */

export function passphraseChange(
  passphrase: string, fresh: string | null, code: boolean,
): Promise<boolean> {
  return busy(async () => {
    const k = kept!;
    const made = await ask('change', {
      handle: k.handle, passphrase, session: k.session, fresh, code,
    });
    signinEnd();
    if (made.code) {
      await codeOwedSet(true);
      set({ screen: { at: 'code', code: made.code, fresh: false } });
    }
  });
}

export async function sessionsRead(passphrase: string, end: string | null) {
  let rows: Awaited<ReturnType<typeof ask<'sessions'>>> = [];
  const ok = await busy(async () => {
    const k = kept!;
    rows = await ask('sessions', { handle: k.handle, passphrase, session: k.session, end });
  });
  return ok ? rows.map((r) => ({ ...r, here: r.id === b64(kept!.session.id) })) : null;
}

document.addEventListener('visibilitychange', () => {
  /* who listens in another window goes on */
  player?.send({ t: 'awake', on: document.visibilityState === 'visible' || player.speaker.on });
});
