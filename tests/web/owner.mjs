/*
 * owner.mjs - an owner without a browser: signs in with the app's own code and
 * holds the home's keys, for what a member and a server could do together.
 */
import { load } from './source.mjs';

export const e = await load('base/codec', 'base/octets', 'crypto/hpke', 'crypto/kxkeep',
  'crypto/labels', 'crypto/names', 'crypto/sframe', 'crypto/sign', 'model/clock', 'model/directory',
  'model/home', 'model/hours', 'proto/record');
const api = await load('proto/api');
const tasks = await load('signin/tasks');

/* { home, author, ticket, write } */
export async function ownerOpen(url, handle, passphrase) {
  const fetched = globalThis.fetch;
  globalThis.fetch = (to, how) => fetched(String(to).startsWith('/') ? url + to : to, how);
  const me = await tasks.enter({ handle, passphrase, label: 'test', gone: [], pins: [], vaults: {} });
  const pass = me.homes[0];
  const nonce = await api.homeNonce(me.session);
  const grant = e.unb64(pass.grant, 16);
  const origin = new Uint8Array(32); /* nobody's page */
  const signature = await e.sign(pass.grantKey, 'home open', origin, me.session.id, nonce, grant);
  const ticket = api.ticketNew();
  await api.homeOpen(me.session, pass.grant, nonce, signature, ticket);
  const home = new e.Home({ home: e.unb64(pass.home, 16), member: pass.member, kx: await e.kxKept(me.kx) });
  await home.read((...at) => api.homeRead(ticket, ...at));
  const author = { member: pass.member, sign: me.sign };
  const write = (w) => api.homeWrite(ticket, w.next.version, w.next.epoch, w.sealed, [], []);
  return { home, author, ticket, write };
}

/* The version after the newest, in which the home has that name. */
export function renamed({ home, author }, name) {
  const d = home.now;
  return e.directoryWrite(
    d, home.id, home.keys(), d.epoch, author, { ...d.people, name }, d.hubJson, e.now());
}

/* What opens and seals the records of a run, from its header. */
export async function runKeys({ home }, name, header) {
  const camera = home.cameras.find((c) => c.thing.name === name);
  const clear = e.runClear(header);
  const { key } = (await home.thingKeys(camera.thing.id)).find((k) => k.epoch === clear.epoch);
  const hour = await new e.HourKeys(key).get(clear.hourId, e.now());
  if (!hour) return null; /* another camera's */
  const at = {
    home: home.id, thing: e.unb64(camera.thing.id, 16), stream: e.unb64(camera.stream, 16),
    writer: e.unb64(camera.hub.id, 16), class: 1,
  };
  const info = e.labelled('run key', at.home, at.thing, at.stream, at.writer, clear.run);
  const hpke = await e.hpkeReceive(hour.pair, clear.enc, { info });
  const runKey = await hpke.open(clear.sealedKey, clear.aad);
  return e.Sframe.make(await e.runBaseKey(runKey, at, clear.run), clear.run, true);
}
