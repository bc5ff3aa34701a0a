/*
 * pair.ts - how a household and a hub meet: docs/FORMATS.md section 9. The
 * link's fragment brings the secret L and the hash of the hub's three public
 * keys, so that the server in between learns neither and can be neither.
 */
import { stream, type Stream } from './people';
import { Reader, b64, unb64 } from '../base/codec';
import { Fault } from '../base/fault';
import { Json } from '../base/json';
import { NONE, join, random, same, text, utf8, type Octets } from '../base/octets';
import { open } from '../crypto/aead';
import { hpkeSend } from '../crypto/hpke';
import { sha256 } from '../crypto/kdf';
import { labelled } from '../crypto/labels';
import { linkPsk, linkTicket, type LinkTicket } from '../crypto/names';
import { signed } from '../crypto/sign';

/* What the fragment says. */
export interface Link {
  l: Octets;
  h: Octets;
}

/* "#pair=…"; null for anything else. */
export function linkParse(fragment: string): Link | null {
  const m = /^#pair=([A-Za-z0-9_-]+)$/.exec(fragment);
  if (!m) return null;
  try {
    const both = unb64(m[1]!, 64);
    return { l: both.slice(0, 32), h: both.slice(32) };
  } catch {
    return null;
  }
}

export interface HubKeys {
  sign: Octets;
  kx: Octets;
  oneTime: Octets;
  m1: Octets;
}

/* Throws CRYPTO: not the hub that printed the link. */
export async function m1Open(link: Link, m1: Octets): Promise<HubKeys> {
  if (!same(await sha256(m1), link.h)) throw new Fault('CRYPTO', 'another hub');
  const r = new Reader(m1);
  const keys = { sign: r.octets(32), kx: r.octets(32), oneTime: r.octets(32), m1 };
  r.end();
  return keys;
}

/* What the household tells the hub. */
export interface M2 {
  home: string;
  version: number;
  hash: Octets;
  epoch: number;
  member: string;
  sign: Octets;
  kx: Octets;
  keys: Octets[]; /* keyring items for the hub: people key, hub key */
  device: string;
}

/* What is remembered until the reply comes. */
export interface Asked {
  m2: Octets;
  saidHash: Octets;
  replyKey: Octets;
  nonce: Octets;
}

export async function m2Seal(link: Link, hub: HubKeys, m: M2): Promise<Asked> {
  const { id } = await linkTicket(link.l);
  const nonce = random(32);
  const info = labelled('pair', id, link.h);
  const { enc, hpke } = await hpkeSend(hub.oneTime, { info, psk: await linkPsk(link.l), pskId: id });
  const plain = utf8(JSON.stringify({
    home: m.home, version: m.version, hash: b64(m.hash), epoch: m.epoch, member: m.member,
    sign: b64(m.sign), kx: b64(m.kx), keys: m.keys.map(b64), device: m.device, nonce: b64(nonce),
  }));
  const m2 = join(enc, await hpke.seal(plain));
  const replyKey = await hpke.export(utf8('eaves/1/pair reply'));
  hpke.wipe();
  return { m2, saidHash: await sha256(hub.m1, m2), replyKey, nonce };
}

export interface PairedCamera {
  thing: string;
  streams: Stream[];
  name: string;
}
/* What the hub answers. */
export interface M3 {
  hub: string;
  spki: string;
  clock: boolean; /* its clock was set at least once */
  cameras: PairedCamera[];
}

/* Throws CRYPTO: not this hub's answer to what we said. */
export async function m3Open(asked: Asked, hub: HubKeys, m3: Octets): Promise<M3> {
  const plain = await open(asked.replyKey, m3, NONE);
  const j = Json.parse(text(plain)).only('nonce', 'hub', 'spki', 'clock', 'cameras', 'sign');
  if (!same(j.octets('nonce', 32), asked.nonce)) throw new Fault('CRYPTO', 'nonce');
  if (!(await signed(hub.sign, 'pair', j.octets('sign', 64), asked.saidHash)))
    throw new Fault('CRYPTO', 'signature');
  return {
    hub: j.id('hub'), spki: b64(j.octets('spki', 32)), clock: j.bool('clock'),
    cameras: j.each('cameras', (c) => ({
      thing: c.id('thing'), streams: c.each('streams', stream), name: c.text('name'),
    })),
  };
}

export function linkOf(link: Link): Promise<LinkTicket> {
  return linkTicket(link.l);
}
