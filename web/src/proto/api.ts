/*
 * api.ts - the browser door of docs/API.md: a function per route. A ticket
 * travels in the Authorization header and nowhere else.
 */
import { b64, hex, unb64, unhex } from '../base/codec';
import { Json } from '../base/json';
import { random, type Octets } from '../base/octets';
import { sha256 } from '../crypto/kdf';

/* What the bearer shows: id and secret. */
export interface Ticket {
  id: Octets;
  secret: Octets;
}
/* A ticket that its bearer just made; revoke goes to the vault. */
export interface NewTicket extends Ticket {
  revoke: Octets;
}

export type ApiCode =
  | 'syntax' | 'ticket' | 'denied' | 'missing' | 'conflict' | 'limit' | 'slow_down' | 'later'
  | 'gone'; /* the server does not answer */

export class ApiError extends Error {
  constructor(readonly code: ApiCode, readonly status: number, words: string) {
    super(words);
    this.name = 'ApiError';
  }
}

export function isApi(e: unknown, ...codes: ApiCode[]): boolean {
  return e instanceof ApiError && codes.includes(e.code);
}

const CODES: Record<number, ApiCode> = {
  400: 'syntax', 401: 'ticket', 403: 'denied', 404: 'missing', 409: 'conflict', 413: 'limit',
  429: 'slow_down',
};
const TIMEOUT_MS = 30_000;
const ROWS_MAX = 32;
const ROW_PAGES = 64;

export function ticketText(t: Ticket): string {
  return `${b64(t.id)}.${b64(t.secret)}`;
}

export function ticketRead(text: string): Ticket {
  const [id, secret] = text.split('.');
  return { id: unb64(id ?? '', 16), secret: unb64(secret ?? '', 32) };
}

export function ticketNew(): NewTicket {
  return { id: random(16), secret: random(32), revoke: random(16) };
}

export function ticketOf(t: Ticket): NewTicket {
  return { ...t, revoke: random(16) };
}

/* TICKET of the API: the server learns the revoke value's hash. */
async function body(t: NewTicket) {
  return { id: b64(t.id), secret: b64(t.secret), revoke: b64(await sha256(t.revoke)) };
}

/* The answer's JSON, or null for 204. Throws ApiError, SYNTAX. */
async function call(
  method: string, route: string, ticket: Ticket | null, json?: unknown,
): Promise<Json | null> {
  const headers: Record<string, string> = {};
  if (ticket) headers['Authorization'] = `Eaves ${ticketText(ticket)}`;
  if (json !== undefined) headers['Content-Type'] = 'application/json';
  let status: number;
  let text: string;
  try {
    const response = await fetch(`/api/${route}`, {
      method, headers, cache: 'no-store', credentials: 'omit', redirect: 'error',
      referrerPolicy: 'no-referrer', signal: AbortSignal.timeout(TIMEOUT_MS),
      ...(json === undefined ? {} : { body: JSON.stringify(json) }),
    });
    status = response.status;
    text = await response.text();
  } catch {
    throw new ApiError('gone', 0, 'no answer');
  }
  if (status === 204) return null;
  if (status >= 300) throw new ApiError(CODES[status] ?? 'later', status, `status ${status}`);
  return text === '' ? Json.of({}) : Json.parse(text);
}

async function ask(method: string, route: string, ticket: Ticket | null, json?: unknown) {
  return (await call(method, route, ticket, json)) ?? Json.of({});
}

/* What is read with a vault. */
export interface VaultAnswer {
  account: Octets;
  vault: Octets;
}
const vaultAnswer = (j: Json): VaultAnswer => ({
  account: j.octets('account', 16), vault: j.octets('vault'),
});

export async function info(): Promise<{ version: string; first: boolean }> {
  const j = await ask('GET', 'info', null);
  return { version: j.text('version'), first: j.bool('first') };
}

export async function mailboxM1(link: Ticket): Promise<Octets> {
  return (await ask('GET', 'mailbox', link)).octets('m1', 96);
}

export async function mailboxM2(link: Ticket, m2: Octets): Promise<void> {
  await ask('POST', 'mailbox/m2', link, { m2: b64(m2) });
}

/* null: not yet, ask again. */
export async function mailboxM3(link: Ticket): Promise<Octets | null> {
  return (await call('GET', 'mailbox/m3', link))?.octets('m3') ?? null;
}

export async function accountStart(link: Ticket, handle: Octets, request: Octets) {
  const j = await ask('POST', 'account/start', link, {
    handle: b64(handle), request: b64(request),
  });
  return j.octets('response', 64);
}

export interface SignUp {
  handle: Octets;
  account: Octets;
  record: Octets;
  vault: Octets;
  recovery: NewTicket;
  session: NewTicket;
}

export async function accountFinish(link: Ticket, s: SignUp): Promise<void> {
  await ask('POST', 'account/finish', link, {
    handle: b64(s.handle), account: b64(s.account), record: b64(s.record), vault: b64(s.vault),
    recovery: await body(s.recovery), session: await body(s.session),
  });
}

export async function sessionStart(handle: Octets, ke1: Octets) {
  const j = await ask('POST', 'session/start', null, { handle: b64(handle), ke1: b64(ke1) });
  return { login: j.number('login'), ke2: j.octets('ke2', 320) };
}

export async function sessionFinish(login: number, ke3: Octets, session: NewTicket) {
  return vaultAnswer(await ask('POST', 'session/finish', null, {
    login, ke3: b64(ke3), session: await body(session),
  }));
}

export async function sessionRecover(recovery: Ticket, session: NewTicket) {
  return vaultAnswer(
    await ask('POST', 'session/recover', recovery, { session: await body(session) }));
}

export async function sessionDelete(session: Ticket): Promise<void> {
  await ask('DELETE', 'session', session);
}

export async function sessionEnd(session: Ticket, id: Octets, revoke: Octets): Promise<void> {
  await ask('POST', 'session/end', session, { id: b64(id), revoke: b64(revoke) });
}

export async function passwordStart(session: Ticket, handle: Octets, request: Octets) {
  const j = await ask('POST', 'password/start', session, {
    handle: b64(handle), request: b64(request),
  });
  return j.octets('response', 64);
}

export async function passwordFinish(
  session: Ticket, handle: Octets, record: Octets, vault: Octets, prev: Octets,
  recovery: NewTicket | null,
): Promise<void> {
  await ask('POST', 'password/finish', session, {
    handle: b64(handle), record: b64(record), vault: b64(vault), prev: b64(prev),
    ...(recovery ? { recovery: await body(recovery) } : {}),
  });
}

export async function vaultGet(session: Ticket): Promise<VaultAnswer> {
  return vaultAnswer(await ask('GET', 'vault', session));
}

export async function vaultPut(session: Ticket, vault: Octets, prev: Octets): Promise<void> {
  await ask('PUT', 'vault', session, { vault: b64(vault), prev: b64(prev) });
}

export interface KeyItem {
  reader: string;
  epoch: number;
  item: Octets;
}
const keyItem = (k: KeyItem) => ({ reader: k.reader, epoch: k.epoch, item: b64(k.item) });

export interface Grant {
  id: string;
  key: Octets;
  rights: number;
}
const grantOf = (g: Grant) => ({ id: g.id, key: b64(g.key), rights: g.rights });

export interface SealedPieces {
  entry: Octets;
  people: Octets;
  hub: Octets;
}
const pieces = (s: SealedPieces) => ({
  entry: b64(s.entry), people: b64(s.people), hub: b64(s.hub),
});

export interface NewHome {
  home: Octets;
  nonce: Octets;
  founder: Octets;
  sealed: SealedPieces;
  keys: KeyItem[];
  grant: Grant;
}

export async function homeCreate(session: Ticket, h: NewHome): Promise<void> {
  await ask('POST', 'home', session, {
    home: b64(h.home), nonce: b64(h.nonce), founder: b64(h.founder), epoch: 1,
    ...pieces(h.sealed), keys: h.keys.map(keyItem), grant: grantOf(h.grant),
  });
}

export async function homeNonce(session: Ticket): Promise<Octets> {
  return (await ask('POST', 'home/nonce', session, {})).octets('nonce', 32);
}

export async function homeOpen(
  session: Ticket, grant: string, nonce: Octets, sign: Octets, ticket: NewTicket,
): Promise<{ home: Octets; rights: number; expires: number }> {
  const j = await ask('POST', 'home/open', session, {
    grant, nonce: b64(nonce), sign: b64(sign), ticket: await body(ticket),
  });
  return { home: j.octets('home', 16), rights: j.number('rights'), expires: j.number('expires') };
}

export interface Version extends SealedPieces {
  version: number;
  epoch: number;
}
export interface ReaderKey {
  epoch: number;
  version: number;
  item: Octets;
}

/* A piece; skip: so many items of it were had already. */
export async function homeRead(home: Ticket, since: number, reader: string, skip: number) {
  const j = await ask('POST', 'home/read', home, { since, reader, skip });
  const versions: Version[] = j.each('versions', (v) => ({
    version: v.number('version'), epoch: v.number('epoch'), entry: v.octets('entry'),
    people: v.octets('people'), hub: v.octets('hub'),
  }));
  const keys: ReaderKey[] = j.each('keys', (k) => ({
    epoch: k.number('epoch'), version: k.number('version'), item: k.octets('item'),
  }));
  return { versions, keys, more: j.bool('more') };
}

export interface Row {
  run: Octets;
  index: number;
  sealed: Octets;
}

async function rowsAsk(home: Ticket, question: object): Promise<Row[]> {
  const j = await ask('POST', 'rows', home, question);
  return j.each('rows', (r) => ({
    run: r.octets('run', 8), index: r.number('index'), sealed: r.octets('sealed'),
  }));
}

/* Rows of a log or state stream that are about one day (since 1970, UTC). */
export async function rows(home: Ticket, stream: string, day: number): Promise<Row[]> {
  const all: Row[] = [];
  for (let page = 0; page < ROW_PAGES; page++) {
    const last = all[all.length - 1];
    const some = await rowsAsk(home, {
      stream, day, most: ROWS_MAX, ...(last ? { after: b64(last.run) } : {}),
    });
    all.push(...some);
    if (some.length < ROWS_MAX) break;
  }
  return all;
}

/* One row of the newest day. */
export async function rowNewest(home: Ticket, stream: string): Promise<Row[]> {
  return rowsAsk(home, { stream, most: 1 });
}

export async function rowAdd(home: Ticket, stream: string, cls: number, row: Row): Promise<void> {
  await ask('POST', 'row', home, {
    stream, class: cls, run: b64(row.run), index: row.index, sealed: b64(row.sealed),
  });
}

export interface Device {
  id: string;
  spki: string;
  streams: { id: string; class: number }[];
}

export async function homeWrite(
  home: Ticket, version: number, epoch: number, sealed: SealedPieces, keys: KeyItem[],
  devices: Device[],
): Promise<void> {
  await ask('POST', 'home/write', home, {
    version, epoch, ...pieces(sealed), keys: keys.map(keyItem), grants: [], remove_grants: [],
    devices,
  });
}

/* Of one stream. */
export interface Limits {
  id: string;
  days: number;
  most: number; /* octets; 0: no limit of its own */
}

export interface KeptStream extends Limits {
  octets: number;
  locked: number; /* of them */
  oldest: { run: string; index: number; day: number } | null; /* hex; that no lock keeps */
}
export interface Kept {
  quota: number;
  most: number; /* what the home may keep */
  used: number;
  locked: number;
  lockedMost: number;
  streams: KeptStream[];
}

/* What the server keeps of a home, and by which limits. */
export async function keepRead(home: Ticket): Promise<Kept> {
  const j = await ask('POST', 'keep', home, {});
  const first = (o: Json) => ({
    run: hex(o.octets('run', 8)), index: o.number('index'), day: o.number('day'),
  });
  return {
    quota: j.number('quota'), most: j.number('most'), used: j.number('used'),
    locked: j.number('locked'), lockedMost: j.number('locked_most'),
    streams: j.each('streams', (s) => ({
      id: s.id('id'), days: s.number('days'), most: s.number('most'), octets: s.number('octets'),
      locked: s.number('locked'), oldest: s.has('oldest') ? first(s.object_('oldest')) : null,
    })),
  };
}

export async function keepWrite(home: Ticket, quota: number, streams: Limits[]): Promise<void> {
  await ask('POST', 'keep/write', home, { quota, streams });
}

/* Some records of a run; run in hex. */
export interface Piece {
  stream: string;
  run: string;
  first: number;
  last: number;
}

/* Throws MISSING: none of it is there; LIMIT: that would be too much. */
export async function lock(home: Ticket, id: string, pieces: Piece[]): Promise<void> {
  const parts = pieces.map((p) => ({ ...p, run: b64(unhex(p.run)) }));
  await ask('POST', 'lock', home, { lock: id, parts });
}

export async function unlock(home: Ticket, id: string): Promise<void> {
  await ask('POST', 'unlock', home, { lock: id });
}
