/*
 * tasks.ts - everything that needs the passphrase, the recovery code or
 * account_root. They live here for the length of one task and are wiped.
 */
import { b64, unb64 } from '../base/codec';
import { Fault } from '../base/fault';
import { random, utf8, wipe, type Octets } from '../base/octets';
import { argonStretch } from '../crypto/argon';
import { handleHash } from '../crypto/kdf';
import {
  accountKx, accountSignSeed, doorPair, grantSeed, linkTicket,
} from '../crypto/names';
import { kxKeep } from '../crypto/kxkeep';
import { blindDraw, opaqueFinish, opaqueRecord, opaqueRequest, opaqueStart } from '../crypto/opaque';
import { signPrivate } from '../crypto/sign';
import { signPublic } from '../crypto/signpublic';
import { codeNew, codeParse, codeText } from '../model/code';
import { homeDraw, homeFound } from '../model/found';
import { strength } from '../model/strength';
import { vaultOpen, vaultSeal, type Vault, type VaultRead } from '../model/vault';
import { phraseNew, phraseNormal } from '../model/words5';
import * as api from '../proto/api';
import { isApi, ticketNew, ticketOf, type NewTicket, type Ticket } from '../proto/api';
import type { Asks, Entered, HomePin, KeptHome, SessionRow, Typed } from './messages';

type Ask<N extends keyof Asks> = Asks[N]['ask'];

const TRIES = 5;
const DAY_MS = 86_400_000;

function passwordOf(typed: string): Octets {
  return utf8(phraseNormal(typed));
}

function today(): number {
  return Math.floor(Date.now() / DAY_MS);
}

/* A registration: what the server keeps, and the key that only we have. */
async function register(
  passphrase: string, ask: (request: Octets) => Promise<Octets>,
): Promise<{ record: Octets; exportKey: Octets }> {
  const password = passwordOf(passphrase);
  const blind = blindDraw();
  const response = await ask(opaqueRequest(password, blind));
  const made = await opaqueRecord(password, blind, response, argonStretch);
  wipe(password, blind);
  return made;
}

/* The first half of signing in proves us the server and gives the key. */
async function prove(typed: Typed) {
  const password = passwordOf(typed.passphrase);
  const login = opaqueStart(password);
  const start = await api.sessionStart(await handleHash(typed.handle), login.ke1);
  const done = await opaqueFinish(password, login, start.ke2, argonStretch);
  wipe(password);
  return { ...done, login: start.login };
}

/* The account's own keys, as handles. */
async function keysOf(root: Octets, account: Octets) {
  const seed = await accountSignSeed(root, account);
  const keys = {
    sign: await signPrivate(seed), signPublic: signPublic(seed),
    kx: await kxKeep(await accountKx(root, account)),
  };
  wipe(seed);
  return keys;
}

async function grantOf(root: Octets, home: Octets) {
  const seed = await grantSeed(root, home);
  const grant = { key: await signPrivate(seed), public: signPublic(seed) };
  wipe(seed);
  return grant;
}

async function homesOf(v: Vault): Promise<KeptHome[]> {
  return Promise.all(v.homes.map(async (h) => ({
    ...h, grantKey: (await grantOf(v.root, unb64(h.home, 16))).key,
  })));
}

function sessionRow(session: NewTicket, label: string) {
  return { id: b64(session.id), revoke: session.revoke, label, day: today() };
}

async function codeDoor(account: Octets) {
  const code = codeNew();
  const door = {
    id: b64(random(16)), kind: 'code' as const, key: (await doorPair(code, account)).public,
  };
  const ticket = ticketOf(await linkTicket(code));
  const text = await codeText(code);
  wipe(code);
  return { door, ticket, text };
}

async function passphraseDoor(exportKey: Octets, account: Octets) {
  const pair = await doorPair(exportKey, account);
  wipe(exportKey);
  return { pair, door: { id: b64(random(16)), kind: 'passphrase' as const, key: pair.public } };
}

async function entered(
  read: { content: Vault; version: number }, account: Octets, session: Ticket,
): Promise<Entered> {
  const out = {
    account, session: { id: session.id, secret: session.secret },
    ...(await keysOf(read.content.root, account)), homes: await homesOf(read.content),
    vaultVersion: read.version, founding: null, code: null,
  };
  wipe(read.content.root);
  return out;
}

/* --- the first account of a server, with its home --- */

/*
 * WebKitGTK 2.50 refuses an Ed25519 seed that begins with a zero octet: draw
 * again until none does.
 */
async function rootDraw(account: Octets): Promise<Octets> {
  for (;;) {
    const root = random(32);
    if ((await accountSignSeed(root, account))[0] !== 0) return root;
  }
}

async function homeDrawFor(root: Octets, founder: Octets) {
  for (;;) {
    const at = await homeDraw(founder);
    if ((await grantSeed(root, at.id))[0] !== 0) return at;
  }
}

export async function create(a: Ask<'create'>): Promise<Entered> {
  const handle = await handleHash(a.handle);
  const { record, exportKey } = await register(
    a.passphrase, (request) => api.accountStart(a.link, handle, request));
  const account = random(16);
  const root = await rootDraw(account);
  const keys = await keysOf(root, account);
  const at = await homeDrawFor(root, keys.signPublic);
  const grant = await grantOf(root, at.id);
  const founder = {
    member: b64(random(16)), grant: b64(random(16)), name: a.name, sign: keys.sign,
    signPublic: keys.signPublic, kxPublic: keys.kx.public,
  };
  const found = await homeFound(founder, at, grant.public, a.home, a.zone);
  const code = await codeDoor(account);
  const { door } = await passphraseDoor(exportKey, account);
  const session = ticketNew();
  const content: Vault = {
    root, doors: [door, code.door], sessions: [sessionRow(session, a.label)],
    homes: [{
      home: b64(at.id), member: founder.member, grant: founder.grant, version: 1,
      hash: found.directory.hash,
    }],
  };
  const vault = await vaultSeal(content, account, null);
  await api.accountFinish(a.link, {
    handle, account, record, vault, recovery: code.ticket, session,
  });
  const out = await entered({ content, version: 1 }, account, session);
  return { ...out, founding: found.body, code: code.text };
}

/* --- signing in --- */

/* The vault takes over what this browser knows that is newer. */
function pinsRaise(v: Vault, pins: HomePin[]): Vault {
  const homes = v.homes.map((h) => {
    const pin = pins.find((p) => p.home === h.home);
    return pin && pin.version > h.version ? { ...h, version: pin.version, hash: pin.hash } : h;
  });
  return { ...v, homes };
}

/*
 * Read, change, write; the loser of a race reads again. door: the pair that
 * opens it.
 */
async function vaultChange(
  session: Ticket, account: Octets, door: Parameters<typeof vaultOpen>[2], read: VaultRead,
  change: (v: Vault) => Vault,
): Promise<VaultRead> {
  for (let tries = 1; ; tries++) {
    const content = change(read.content);
    const blob = await vaultSeal(content, account, read);
    try {
      await api.vaultPut(session, blob, read.hash);
      return { content, version: read.version + 1, hash: read.hash };
    } catch (e) {
      if (!isApi(e, 'conflict') || tries === TRIES) throw e;
      read = await vaultOpen((await api.vaultGet(session)).vault, account, door);
    }
  }
}

export async function enter(a: Ask<'enter'>): Promise<Entered> {
  const { login, ke3, exportKey } = await prove(a);
  const session = ticketNew();
  const { account, vault } = await api.sessionFinish(login, ke3, session);
  const { pair } = await passphraseDoor(exportKey, account);
  const read = await vaultOpen(vault, account, pair);
  if (read.version < (a.vaults[b64(account)] ?? 0)) throw new Fault('CONFLICT', 'an older vault');
  const row = sessionRow(session, a.label);
  const done = await vaultChange(session, account, pair, read, (v) => ({
    ...pinsRaise(v, a.pins),
    sessions: [...v.sessions.filter((s) => !a.gone.includes(s.id)), row],
  }));
  return entered(done, account, session);
}

/* --- a new passphrase, by the old one or by the code --- */

interface Opened {
  session: Ticket;
  account: Octets;
  read: VaultRead;
}

/* Both doors may be new; sessions gains one row when given. */
async function doorsChange(
  o: Opened, handle: string, fresh: string | null, newCode: boolean,
  row: Vault['sessions'][number] | null,
): Promise<{ code: string | null; content: Vault }> {
  const name = await handleHash(handle);
  const code = newCode ? await codeDoor(o.account) : null;
  const made = fresh === null ? null : await register(
    fresh, (request) => api.passwordStart(o.session, name, request));
  if (!made) throw new Fault('MISSING', 'passphrase');
  const { door } = await passphraseDoor(made.exportKey, o.account);
  const v = o.read.content;
  const content: Vault = {
    ...v, sessions: row ? [...v.sessions, row] : v.sessions,
    doors: [
      ...v.doors.filter((d) => d.kind !== 'passphrase' && !(code && d.kind === 'code')), door,
      ...(code ? [code.door] : []),
    ],
  };
  const blob = await vaultSeal(content, o.account, o.read);
  await api.passwordFinish(
    o.session, name, made.record, blob, o.read.hash, code?.ticket ?? null);
  return { code: code?.text ?? null, content };
}

export async function recover(a: Ask<'recover'>): Promise<Entered> {
  const code = await codeParse(a.code);
  const session = ticketNew();
  const { account, vault } = await api.sessionRecover(await linkTicket(code), session);
  const pair = await doorPair(code, account);
  wipe(code);
  try {
    const read = await vaultOpen(vault, account, pair);
    const done = await doorsChange(
      { session, account, read }, a.handle, a.passphrase, true, sessionRow(session, a.label));
    const out = await entered({ content: done.content, version: read.version + 1 }, account, session);
    return { ...out, code: done.code };
  } catch (e) {
    await api.sessionDelete(session).catch(() => {});
    throw e;
  }
}

/* Opens the vault again for a signed-in person who types the passphrase. */
async function reopen(typed: Typed, session: Ticket) {
  const { exportKey } = await prove(typed);
  const { account, vault } = await api.vaultGet(session);
  const { pair } = await passphraseDoor(exportKey, account);
  return { session, account, pair, read: await vaultOpen(vault, account, pair) };
}

export async function change(a: Ask<'change'>) {
  const o = await reopen(a, a.session);
  const { code, content } = await doorsChange(
    o, a.handle, a.fresh ?? a.passphrase, a.code, null);
  wipe(content.root);
  return { code };
}

export async function sessions(a: Ask<'sessions'>): Promise<SessionRow[]> {
  const o = await reopen(a, a.session);
  let content = o.read.content;
  const ended = content.sessions.find((s) => s.id === a.end);
  if (ended) {
    await api.sessionEnd(a.session, unb64(ended.id, 16), ended.revoke).catch((e) => {
      if (!isApi(e, 'missing')) throw e; /* it had ended by itself */
    });
    const done = await vaultChange(a.session, o.account, o.pair, o.read, (v) => ({
      ...v, sessions: v.sessions.filter((s) => s.id !== ended.id),
    }));
    content = done.content;
  }
  wipe(content.root);
  return content.sessions.map(({ id, label, day }) => ({ id, label, day }));
}

/* --- no secrets kept --- */

export function propose(): Promise<string> {
  return Promise.resolve(phraseNew());
}

export function strengthOf(a: Ask<'strength'>) {
  return Promise.resolve(strength(phraseNormal(a.passphrase), a.own));
}

