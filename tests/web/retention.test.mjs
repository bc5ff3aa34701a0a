/*
 * How long is kept, in the browser's own rules: the signed form of it, what
 * the server is told, how far it reaches, and what of a recording is there.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { load } from './source.mjs';

const m = await load('base/json', 'model/retention', 'player/kept', 'app/locking', 'proto/api');
const ID = (n) => Buffer.alloc(16, n).toString('base64url');
const SEGMENT = 16 * 1024 * 1024;
const parse = (o) => m.keepParse(m.Json.of(o));
const good = () => ({
  quota: 5e9, things: [{ thing: ID(1), days: 30, octets: 2e9 }],
  locks: [{ id: ID(2), things: [ID(1)], from: 1, to: 2 }],
});
const thing = {
  id: ID(1), kind: 'camera', name: 'Yard', hub: ID(9),
  streams: [
    { id: ID(11), class: 1, as: 'main' }, { id: ID(12), class: 1, as: 'sub' },
    { id: ID(13), class: 1, as: 'thumb' }, { id: ID(14), class: 3, as: 'index' },
  ],
};

test('the signed form is strict', () => {
  assert.deepEqual(parse(good()), good());
  for (const spoil of [
    (o) => { o.more = 1; }, (o) => { delete o.quota; }, (o) => { o.things[0].days = 3651; },
    (o) => { o.things[0].octets = 2 ** 51; }, (o) => { o.locks[0].to = 1; },
    (o) => { o.locks[0].things = ['x']; }, (o) => { o.things[0].who = 'me'; },
    (o) => { o.locks = Array(65).fill(o.locks[0]); },
  ]) {
    const o = good();
    spoil(o);
    assert.throws(() => parse(o), spoil.toString());
  }
});

test('days hold for all of a camera, gigabytes for its pictures', () => {
  const limits = m.limitsOf({ things: [thing], keep: good() });
  assert.deepEqual(limits.map((l) => [l.days, l.most]), [[30, 1.6e9], [30, 4e8], [30, 0], [30, 0]]);
  const usual = m.limitsOf({ things: [thing] });
  assert.ok(usual.every((l) => l.days === 7 && l.most === 0));
});

const kept = (part) => ({
  quota: 0, most: 100 * SEGMENT, used: 20 * SEGMENT, locked: 0, lockedMost: 50 * SEGMENT,
  streams: [{
    id: ID(11), days: 7, most: 0, octets: 10.5 * SEGMENT, locked: 0, oldest: { run: '', index: 1, day: 19_998 },
  }],
  ...part,
});

test('it tells for how many days the room lasts', () => {
  const keep = { thing: ID(1), days: 7, octets: 0 };
  /* ten files in two days, room for a hundred: twenty days */
  assert.deepEqual(m.keepsAbout(kept(), thing, keep, 20_000), { days: 7, by: 'days' });
  const long = m.keepsAbout(kept(), thing, { ...keep, days: 300 }, 20_000);
  assert.equal(long.by, 'home');
  assert.ok(Math.abs(long.days - 20) < 0.01);
  const bound = m.keepsAbout(kept(), thing, { ...keep, octets: 5 * SEGMENT }, 20_000);
  assert.equal(bound.by, 'octets');
  assert.ok(Math.abs(bound.days - 1) < 0.01);
});

test('what earlier versions let go a later one does not bring back', () => {
  const day = 86_400e6;
  const noon = (d) => d * day + day / 2;
  const taken = (p, days, time, octets = 0, quota = 0) =>
    m.keepTake(p, { keep: { quota, things: [{ thing: ID(1), days, octets }], locks: [] } }, ID(1), time);
  let p = taken(null, 7, noon(1000));
  assert.equal(m.keepBegin(p, noon(1100)), 1093 * day);
  assert.equal(m.keepBegin(p, 1100 * day - 1e6), 1093 * day, 'the clock of a server is ahead');
  p = taken(taken(p, 2, noon(1100)), 30, noon(1110));
  assert.equal(m.keepBegin(p, noon(1111)), 1108 * day);
  assert.equal(m.keepBegin(p, noon(1200)), 1170 * day);
  assert.equal(p.room, 0);
  p = taken(taken(taken(p, 30, 1, 5), 30, 2, 4), 30, 3, 6);
  assert.equal(p.room, 3, 'octets were fewer: there may have been no room');
  p = taken(taken(p, 30, 4, 0, 9), 30, 5, 0, 9);
  assert.equal(p.room, 4);
  assert.equal(taken(p, 30, 6).room, 6);
  assert.equal(m.keepTake(null, { keep: undefined }, ID(1), 1).days, 7, 'nobody chose');
});

test('a server is full by its word, of what was signed', () => {
  assert.equal(m.isFull(kept(), ID(11), 0), false);
  assert.equal(m.isFull(kept({ used: 99 * SEGMENT }), ID(11), 0), true);
  const most = kept({ streams: [{ ...kept().streams[0], most: 11 * SEGMENT }] });
  assert.equal(m.isFull(most, ID(11), 11 * SEGMENT), true);
  assert.equal(m.isFull(most, ID(11), 0), false, 'nobody signed that');
});

const since = (camera) => {
  const k = new m.KeptSince({ keep: { days: 3650, octets: 0, quota: 0, keep: 0, room: 0 }, locks: [], ...camera }, null, null);
  k.since = 100;
  return k;
};

test('what is locked was not let go', () => {
  const k = since({ locks: [{ from: 20, to: 30 }, { from: 80, to: 120 }] });
  assert.deepEqual(k.spans([{ from: 10, to: 200 }]).map((s) => [s.from, s.to]), [[20, 30], [80, 120], [100, 200]]);
});

test('a server that lets go too early is told', () => {
  const days = (n) => ({ days: n, octets: 0, quota: 0, keep: 0, room: 0 });
  assert.equal(since({ keep: days(7) }).early, false, 'its days are over');
  const k = since({ keep: days(7) });
  k.since = Date.now() * 1000;
  assert.equal(k.early, true);
  assert.deepEqual({ ...k.told, keep: 0 }, { oldest: k.since, keep: 0, room: 0, locks: [] });
  k.full = true;
  assert.equal(k.early, false, 'it had no room');
});

/* A home whose server takes as many locks as it is told. */
function locking(there, most = 9) {
  const did = [];
  return {
    did, signed: 0,
    found: async (thing) => there[thing] ?? null,
    lock: async (id, pieces) => {
      if (did.filter((d) => d[0] === 'lock').length >= most) throw new m.ApiError('limit', 413, 'full');
      did.push(['lock', id, pieces]);
    },
    unlock: async (id) => { did.push(['unlock', id]); },
    sign: async (made) => { did.push(['sign', made]); },
  };
}
const there = {
  yard: { from: 12, to: 18, pieces: ['y'] }, door: { from: 10, to: 15, pieces: ['d'] },
};

test('a lock over two cameras is one of each, of what there is of it, signed together', async () => {
  const by = locking(there);
  await m.locksMake(by, ['yard', 'door', 'shed'], 10, 20);
  const [a, b, signed, ...more] = by.did;
  assert.deepEqual([a[0], a[2], b[0], b[2], signed[0], more], ['lock', ['y'], 'lock', ['d'], 'sign', []]);
  assert.deepEqual(signed[1], [
    { id: a[1], things: ['yard'], from: 12, to: 18 }, { id: b[1], things: ['door'], from: 10, to: 15 }]);
  assert.notEqual(a[1], b[1]);
});

test('of two cameras that cannot both be locked none is', async () => {
  const full = locking(there, 1);
  await assert.rejects(m.locksMake(full, ['yard', 'door'], 10, 20), (e) => e.code === 'limit');
  assert.deepEqual(full.did.map((d) => d[0]), ['lock', 'unlock']);
  assert.equal(full.did[0][1], full.did[1][1]);
  const unsigned = locking(there);
  unsigned.sign = async () => { throw new Error('somebody was faster, twice'); };
  await assert.rejects(m.locksMake(unsigned, ['yard', 'door'], 10, 20));
  assert.deepEqual(unsigned.did.map((d) => d[0]), ['lock', 'lock', 'unlock', 'unlock']);
  const empty = locking({});
  await assert.rejects(m.locksMake(empty, ['yard', 'door'], 10, 20), (e) => e.code === 'missing');
  const many = { ...locking(there), signed: 63 };
  await assert.rejects(m.locksMake(many, ['yard', 'door'], 10, 20), (e) => e.code === 'limit');
  assert.deepEqual([...empty.did, ...many.did], []);
});
