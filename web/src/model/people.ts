/*
 * people.ts - the people part of the directory: who lives in the home, which
 * hubs and things it has, and what the keys of its epoch must be:
 * docs/FORMATS.md section 5. Strict, as src/model/people.c. Ids and keys stay
 * base64url texts, checked.
 */
import { unb64 } from '../base/codec';
import { Fault } from '../base/fault';
import { Json } from '../base/json';
import { keepParse, type Keep } from './retention';

export const ROLES = ['owner', 'adult', 'child', 'carer'] as const;
export type Role = (typeof ROLES)[number];

export interface Member {
  id: string;
  role: Role;
  name: string;
  sign: string;
  kx: string;
  grant: string;
}
export interface Hub {
  id: string;
  sign: string;
  kx: string;
  spki: string;
}
/* What a camera's stream is for. */
export const TRACKS = ['main', 'sub', 'thumb', 'index'] as const;
export type TrackKind = (typeof TRACKS)[number];
export interface Stream {
  id: string;
  class: number;
  as?: TrackKind;
}
export interface Thing {
  id: string;
  kind: string;
  name: string;
  hub: string;
  streams: Stream[];
}
export interface Commit {
  kind: number;
  id: string;
  commit: string;
}
export interface People {
  name: string;
  zone: string;
  founder: string;
  nonce: string;
  members: Member[];
  hubs: Hub[];
  things: Thing[];
  commits: Commit[];
  guests: unknown[];
  keep?: Keep; /* none: nobody chose */
}

const NAME_OCTETS = 200;
const MOST = { members: 32, hubs: 8, things: 128, streams: 8, commits: 512, guests: 256 };

function name(j: Json, field: string): string {
  const text = j.text(field);
  if (new TextEncoder().encode(text).length > NAME_OCTETS) throw new Fault('LIMIT', field);
  return text;
}

function key(j: Json, field: string): string {
  const text = j.text(field);
  unb64(text, 32);
  return text;
}

function list<T>(j: Json, field: keyof typeof MOST, make: (j: Json) => T): T[] {
  if (j.list(field).length > MOST[field]) throw new Fault('LIMIT', field);
  return j.each(field, make);
}

function once<T extends { id: string }>(all: T[], what: string): T[] {
  if (new Set(all.map((x) => x.id)).size !== all.length) throw new Fault('SYNTAX', `${what} twice`);
  return all;
}

function member(j: Json): Member {
  j.only('id', 'role', 'name', 'sign', 'kx', 'grant');
  const role = ROLES.find((r) => r === j.text('role'));
  if (!role) throw new Fault('SYNTAX', 'role');
  return {
    id: j.id('id'), role, name: name(j, 'name'), sign: key(j, 'sign'), kx: key(j, 'kx'),
    grant: j.id('grant'),
  };
}

function hub(j: Json): Hub {
  j.only('id', 'sign', 'kx', 'spki');
  return { id: j.id('id'), sign: key(j, 'sign'), kx: key(j, 'kx'), spki: key(j, 'spki') };
}

export function stream(j: Json): Stream {
  j.only('id', 'class', ...(j.has('as') ? ['as'] : []));
  const c = j.number('class');
  if (c < 1 || c > 3) throw new Fault('SYNTAX', 'class');
  if (!j.has('as')) return { id: j.id('id'), class: c };
  const as = TRACKS.find((t) => t === j.text('as'));
  if (!as) throw new Fault('SYNTAX', 'as');
  return { id: j.id('id'), class: c, as };
}

function thing(j: Json): Thing {
  j.only('id', 'kind', 'name', 'hub', 'streams');
  return {
    id: j.id('id'), kind: name(j, 'kind'), name: name(j, 'name'), hub: j.id('hub'),
    streams: list(j, 'streams', stream),
  };
}

function commit(j: Json): Commit {
  j.only('kind', 'id', 'commit');
  const kind = j.number('kind');
  if (kind > 5) throw new Fault('SYNTAX', 'kind');
  return { kind, id: j.id('id'), commit: key(j, 'commit') };
}

export function peopleParse(json: string): People {
  const j = Json.parse(json);
  const keep = j.has('keep');
  j.only(
    'name', 'zone', 'founder', 'nonce', 'members', 'hubs', 'things', 'commits', 'guests',
    ...(keep ? ['keep'] : []));
  if (j.list('guests').length > MOST.guests) throw new Fault('LIMIT', 'guests');
  return {
    name: name(j, 'name'), zone: name(j, 'zone'), founder: key(j, 'founder'),
    nonce: key(j, 'nonce'), members: once(list(j, 'members', member), 'member'),
    hubs: once(list(j, 'hubs', hub), 'hub'), things: once(list(j, 'things', thing), 'thing'),
    commits: list(j, 'commits', commit), guests: j.list('guests'),
    ...(keep ? { keep: keepParse(j.object_('keep')) } : {}),
  };
}
