/*
 * How long is kept, in the browser's own rules: the signed form of it, what
 * the server is told, how far it reaches, and what of a recording is there.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { load } from './source.mjs';

const m = await load('base/json', 'model/retention', 'player/kept');
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

test('a server that lets go too early is told', () => {
  const keep = { thing: ID(1), days: 7, octets: 0 };
  assert.equal(m.letGoRightly(kept(), ID(11), keep, 20_000), false);
  assert.equal(m.letGoRightly(kept({ used: 99 * SEGMENT }), ID(11), keep, 20_000), true, 'full');
  assert.equal(m.letGoRightly(kept(), ID(11), { ...keep, days: 2 }, 20_000), true, 'its days are over');
});

test('what is locked was not let go', () => {
  const k = new m.KeptSince({ locks: [{ from: 20, to: 30 }, { from: 80, to: 120 }] }, null, null);
  k.since = 100;
  assert.deepEqual(k.gaps([{ from: 10, to: 100, cause: 'gone', state: 0 }, { from: 150, to: 160, cause: 'hub', state: 0 }])
    .map((g) => [g.from, g.to, g.cause]), [[10, 20, 'gone'], [30, 80, 'gone'], [150, 160, 'hub']]);
  assert.deepEqual(k.spans([{ from: 10, to: 200 }]).map((s) => [s.from, s.to]), [[20, 30], [80, 120], [100, 200]]);
});
