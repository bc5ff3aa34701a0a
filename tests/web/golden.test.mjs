/*
 * The golden files that C wrote: TypeScript reads them the same way, and
 * refuses what C refuses, with the same error.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { load, vectors } from './source.mjs';

const e = await load('base/codec', 'base/octets', 'base/fault', 'crypto/kdf', 'crypto/kx',
  'crypto/names', 'crypto/sign', 'crypto/signpublic', 'model/run', 'model/directory',
  'model/hours', 'proto/record', 'proto/sound', 'model/people', 'model/keyring', 'model/index', 'model/ledger');
const { hex, unhex } = e;
const same = (got, want, what) => assert.equal(hex(got), want, what);
const run = vectors('eaves/run.json');
const directory = vectors('eaves/directory.json');

const place = (p) => ({ home: unhex(p.home), thing: unhex(p.thing), stream: unhex(p.stream),
  writer: unhex(p.writer), class: p.class });
const key = Object.fromEntries(Object.entries(run.keys).map(([k, v]) => [k, unhex(v)]));
const hour = () => e.kxPair(key.hour_private);
const open = async (at = run.place, record = run.header.record) =>
  e.Run.open(unhex(record), place(at), await hour(), key.hub_sign);
const fails = (promise, code, what) =>
  assert.rejects(promise, (x) => e.isFault(x, code) || assert.fail(`${what}: ${x}`), what);

test('keys from the home key down to base_key are those of C', async () => {
  const at = place(run.place);
  const epoch = run.header.epoch;
  same(await e.peopleKey(key.home_key, at.home, epoch), run.keys.people_key);
  same(await e.hubKey(key.home_key, at.home, epoch), run.keys.hub_key);
  const thing = await e.thingKey(key.home_key, at.home, epoch, at.thing);
  const pair = await e.hourPair(thing, run.header.hour);
  same(pair.public, run.keys.hour_public);
  same(await e.hourId(thing, run.header.hour), run.keys.hour_id);
  same(await e.runBaseKey(key.run_key, at, unhex(run.header.run)), run.keys.base_key);
  same(e.signPublic(key.hub_seed), run.keys.hub_sign);
});

test('an hour id leads to its hour, near or far, and to the spare', async () => {
  const at = place(run.place);
  const thing = await e.thingKey(key.home_key, at.home, 1, at.thing);
  const now = (run.header.hour + 200) * 3600e6;
  const keys = new e.HourKeys(thing);
  same((await keys.get(unhex(run.keys.hour_id), now)).pair.public, run.keys.hour_public);
  assert.equal((await keys.get(await e.hourId(thing, run.header.hour + 202), now)).spare, false);
  assert.equal((await keys.get(await e.hourId(thing, 0xffffffff), now)).spare, true);
  assert.equal(await keys.get(unhex('0011223344556677'), now), null);
});

test('a run header says what C wrote', async () => {
  const r = await open();
  const f = r.fields;
  same(r.id, run.header.run);
  assert.equal(f.start, run.header.start_us);
  same(f.beforeRun, run.header.before_run);
  assert.equal(f.beforeIndex, BigInt(run.header.before_index));
  same(f.beforeMark, run.header.before_mark);
  assert.equal(f.directoryVersion, run.header.directory_version);
  same(f.directoryHash, run.header.directory_hash);
  same(f.setupHash, run.header.setup_hash);
});

test('the records of a run open, and marks verify them', async () => {
  const r = await open();
  let verified = 0;
  for (const want of run.records) {
    const said = await r.open(unhex(want.record));
    assert.deepEqual([said.index, said.flags, said.kind, said.time],
      [want.index, want.flags, want.kind, want.time_us]);
    same(said.octets, want.octets);
    const got = await r.follow(said);
    if (got && got.count) {
      assert.deepEqual([got.first, got.last], want.verified);
      verified += got.count;
    } else assert.deepEqual(want.verified, [0, 0]);
    assert.equal(got?.ends ?? false, want.ends);
  }
  assert.ok(verified >= 5);
});

test('a reader may join at a later key frame but not before one', async () => {
  const r = await open();
  const delta = run.records.find((x) => x.flags === 0);
  await fails(r.open(unhex(delta.record)).then((s) => r.follow(s)), 'MISSING', 'joining');
});

test('headers that C refuses are refused', async () => {
  assert.ok(run.bad_headers.length >= 5);
  for (const b of run.bad_headers) await assert.rejects(open(b.place, b.header), e.Fault, b.what);
  const other = { ...run.keys, hub_sign: run.keys.hour_public };
  await fails(hour().then((h) => e.Run.open(unhex(run.header.record), place(run.place), h,
    unhex(other.hub_sign))), 'CRYPTO', 'another writer');
});

test('records that C refuses are refused with the same error', async () => {
  assert.ok(run.bad_records.length >= 5);
  for (const b of run.bad_records) {
    const r = await open();
    const last = b.records.length - 1;
    for (let i = 0; i < last; i++) await r.follow(await r.open(unhex(b.records[i])));
    await fails(r.open(unhex(b.records[last])).then((s) => r.follow(s)), b.error, b.what);
  }
});

const home = unhex(directory.home);
const keysOf = (v) => ({ people: unhex(v.people_key), hub: unhex(v.hub_key) });
const sealedOf = (v) => ({ entry: unhex(v.entry), people: unhex(v.people), hub: unhex(v.hub) });

async function chain() {
  let d = null;
  for (const v of directory.versions) {
    d = await e.directoryTake(d, home, keysOf(v), sealedOf(v));
    same(d.hash, v.hash);
    assert.deepEqual([d.version, d.epoch], [v.version, v.epoch]);
  }
  return d;
}

test('a chain of directory versions is taken one by one', async () => {
  const d = await chain();
  assert.equal(d.version, 3);
  assert.ok(d.people.members.length >= 3);
});

test('forged versions are refused with the error that C gives', async () => {
  const d = await chain();
  assert.ok(directory.bad_versions.length >= 15);
  for (const b of directory.bad_versions)
    await fails(e.directoryTake(d, home, keysOf(b), sealedOf(b)), b.error, b.what);
});

test('what we write is taken, and only after what it follows', async () => {
  const seed = e.random(32);
  const by = { member: e.b64(e.random(16)), sign: await e.signPrivate(seed) };
  const nonce = e.random(32);
  const founder = e.signPublic(seed);
  const id = await e.homeId(founder, nonce);
  const keys = { people: e.random(32), hub: e.random(32) };
  const people = { name: 'Home', zone: 'Europe/Berlin', founder: e.b64(founder), nonce: e.b64(nonce),
    members: [{ id: by.member, role: 'owner', name: 'A', sign: e.b64(founder), kx: e.b64(e.random(32)),
      grant: e.b64(e.random(16)) }], hubs: [], things: [], commits: [], guests: [] };
  const one = await e.directoryWrite(null, id, keys, 1, by, people, '{"cameras":[]}', 1763913600123456);
  const d1 = await e.directoryTake(null, id, keys, one.sealed);
  assert.deepEqual(d1, one.next);
  assert.equal(one.sealed.people.length % 4096, 34);
  const two = await e.directoryWrite(d1, id, keys, 1, by, { ...people, name: 'Ours' }, '{"cameras":[]}', 1763913600123457);
  assert.equal((await e.directoryTake(d1, id, keys, two.sealed)).people.name, 'Ours');
  await fails(e.directoryTake(null, id, keys, two.sealed), 'CRYPTO', 'version 2 first');
  const stranger = { ...by, sign: await e.signPrivate(e.random(32)) };
  const bad = await e.directoryWrite(d1, id, keys, 1, stranger, people, '{"cameras":[]}', 1);
  await fails(e.directoryTake(d1, id, keys, bad.sealed), 'CRYPTO', 'a stranger');
});

test('a keyring item opens for its reader, at its place, and holds by its commit', async () => {
  const at = { home, epoch: 1, version: 3 };
  const reader = await e.kxPair(e.random(32));
  const raw = e.random(32);
  const sealed = await e.keyringSeal(at, reader.public, e.keyringPlain(1, new Uint8Array(16), raw.slice()));
  const item = await e.keyringOpen(at, reader, sealed);
  assert.equal(item.kind, 1);
  const commit = e.b64(await e.keyCommit(raw, home, 1, 1, new Uint8Array(16)));
  const p = { commits: [{ kind: 1, id: e.b64(new Uint8Array(16)), commit }] };
  assert.ok(await e.keyringCommitted(at, item, p));
  assert.ok(!(await e.keyringCommitted({ ...at, epoch: 2 }, item, p)));
  await fails(e.keyringOpen({ ...at, version: 4 }, reader, sealed), 'CRYPTO', 'moved');
  await fails(e.keyringOpen(at, await e.kxPair(e.random(32)), sealed), 'CRYPTO', 'another reader');
});

test('an hour list has a place for each hour and for the spare', async () => {
  const thing = await e.rootKey(e.random(32));
  let made = 0;
  const l = await e.hourList(thing, new Uint8Array(16), 489976, 100, (n) => { made = n; });
  assert.equal(made, 100);
  assert.equal(l.length, 23 + 40 * 101);
  const third = (await e.hourPair(thing, 489978)).public;
  same(l.slice(23 + 80 + 8, 23 + 80 + 40), hex(third));
});

test('records of sound say what C wrote, and are refused where C refuses', () => {
  const { records, bad_records } = vectors('eaves/sound.json');
  for (const r of records) {
    const s = e.soundOf(unhex(r.octets));
    assert.deepEqual([s.codec, s.rate, s.channels], [r.codec, r.rate, r.channels]);
    same(s.config, r.config);
    assert.deepEqual(s.frames.map((f) => ({ octets: hex(f.octets), samples: f.length })), r.frames);
    same(s.media, r.frames.map((f) => f.octets).join(''));
    assert.equal(hex(s.head) + hex(s.media), r.octets.slice(0, 2 * (s.head.length + s.media.length)));
  }
  for (const b of bad_records)
    assert.throws(() => e.soundOf(unhex(b.octets)), (x) => e.isFault(x, b.error), b.what);
});

test('what is missing, and why, is what C finds', async () => {
  const { cases } = vectors('eaves/ledger.json');
  assert.ok(cases.length >= 25);
  for (const c of cases) {
    const rows = c.rows.map((r) => ({ ...r, hour: e.indexParse(unhex(r.octets)) }));
    assert.deepEqual(e.ledger({ ...c, rows }), c.gaps, c.what);
  }
});
