/*
 * command.ts - what a member asks a hub to do: signed by the member, sealed
 * to the hub; only the two can read the answer. docs/FORMATS.md section 9.
 */
import { b64, unb64 } from '../base/codec';
import { Json } from '../base/json';
import { NONE, join, text, u64, utf8, type Octets } from '../base/octets';
import { open } from '../crypto/aead';
import { hpkeSend } from '../crypto/hpke';
import { sha256 } from '../crypto/kdf';
import { labelled } from '../crypto/labels';
import { sign } from '../crypto/sign';
import type { Author, Directory } from './directory';
import type { Hub } from './people';

export interface Asked {
  body: string; /* b64, for the line */
  replyKey: Octets;
}

/* time: µs by the hub's clock; thing: what it is about, or the home. */
export async function commandSeal(
  d: Directory, hub: Hub, by: Author, thing: string, time: number, words: object,
): Promise<Asked> {
  const to = unb64(hub.id, 16);
  const body = utf8(JSON.stringify(words));
  const fixed = join(
    d.home, to, unb64(thing, 16), unb64(by.member, 16), u64(d.version), u64(time));
  const signature = await sign(by.sign, 'command', fixed, await sha256(body));
  const { enc, hpke } = await hpkeSend(
    unb64(hub.kx, 32), { info: labelled('command seal', d.home, to) });
  const sealed = join(enc, await hpke.seal(join(fixed, body, signature)));
  const replyKey = await hpke.export(utf8('eaves/1/command reply'));
  hpke.wipe();
  return { body: b64(sealed), replyKey };
}

/* Throws CRYPTO: not that hub's answer to this. */
export async function replyOpen(asked: Asked, reply: Uint8Array): Promise<Json> {
  return Json.parse(text(await open(asked.replyKey, reply, NONE)));
}

/* --- what hubs answer --- */

export interface FoundCamera {
  url: string; /* of its ONVIF service */
  name: string;
  hardware: string;
}
export interface FoundDevice {
  address: string; /* v4l2:PATH */
  name: string; /* '': not known */
  reason: number; /* 0: it can be asked for pictures */
}
export interface Looked {
  cameras: FoundCamera[];
  devices: FoundDevice[]; /* in USB ports of the hub's machine */
}
export interface Profile {
  address: string; /* rtsp:// */
  name: string;
  codec: 'other' | 'h264' | 'h265' | 'jpeg';
  width: number;
  height: number;
  fps: number;
  sound: boolean;
}
export interface Tried {
  reason: number; /* 0: it gives pictures */
  codec: 'h264' | 'h265' | '';
  sound: boolean;
  picture: Octets | null; /* JPEG */
}

const CODECS = ['other', 'h264', 'h265', 'jpeg'] as const;
const host = (address: string) => (address.includes(':') ? `[${address}]` : address);

export function foundRead(j: Json): Looked {
  return {
    cameras: j.each('found', (c) => ({
      url: `http://${host(c.text('address'))}:${c.number('port')}${c.text('path')}`,
      name: c.text('name'), hardware: c.text('hardware'),
    })),
    /* an older hub does not look there */
    devices: !j.has('devices') ? [] : j.each('devices', (d) => ({
      address: `v4l2:${d.text('path')}`, name: d.text('name'), reason: d.number('reason'),
    })),
  };
}

/* url: the one that was asked; streams are on that very host. */
export function profilesRead(j: Json, url: string): { reason: number; profiles: Profile[] } {
  const at = /^http:\/\/(\[[^\]]*\]|[^:/]+)/.exec(url)?.[1] ?? '';
  return {
    reason: j.number('reason'),
    profiles: j.each('profiles', (p) => ({
      address: `rtsp://${at}:${p.number('port')}${p.text('path')}`, name: p.text('name'),
      codec: CODECS[p.number('codec')] ?? 'other', width: p.number('width'),
      height: p.number('height'), fps: p.number('fps'), sound: p.bool('sound'),
    })),
  };
}

export function triedRead(j: Json): Tried {
  return {
    reason: j.number('reason'), codec: (['', 'h264', 'h265'] as const)[j.number('codec')] ?? '',
    sound: j.bool('sound'), picture: j.has('picture') ? j.octets('picture') : null,
  };
}

const size = (p: Profile) => p.width * p.height;

/*
 * Of what a camera offers: the biggest picture to record and look at, and a
 * small one that every browser plays, for the grid and for browsers that do
 * not play the big one. Of two as big, the one that plays everywhere.
 */
export function profilesPick(all: Profile[]): { main: Profile; sub: Profile | null } | null {
  const video = all.filter((p) => p.codec === 'h264' || p.codec === 'h265');
  const by = [...video].sort((a, b) => size(b) - size(a) || a.codec.localeCompare(b.codec));
  const main = by[0];
  if (!main) return null;
  const small = by.filter((p) => p.codec === 'h264' && p !== main && size(p) < size(main));
  return { main, sub: small[small.length - 1] ?? null };
}
