/*
 * Days as a home has them: of 23, 24 and 25 hours; and when something moved.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { load } from './source.mjs';

const z = await load('base/zone', 'model/moments');
const us = (text) => Date.parse(text) * 1000;
const iso = (t) => new Date(t / 1000).toISOString().replace('.000Z', 'Z');
const HOUR = 3600e6;

/* zone, a moment, when its day begins and ends */
const DAYS = [
  ['UTC', '2026-11-28T09:41:07Z', '2026-11-28T00:00:00Z', '2026-11-29T00:00:00Z'],
  ['Europe/Berlin', '2026-03-29T12:00:00Z', '2026-03-28T23:00:00Z', '2026-03-29T22:00:00Z'], /* 23 h */
  ['Europe/Berlin', '2026-03-29T00:30:00Z', '2026-03-28T23:00:00Z', '2026-03-29T22:00:00Z'],
  ['Europe/Berlin', '2026-10-25T12:00:00Z', '2026-10-24T22:00:00Z', '2026-10-25T23:00:00Z'], /* 25 h */
  ['Europe/Berlin', '2026-10-24T22:00:00Z', '2026-10-24T22:00:00Z', '2026-10-25T23:00:00Z'],
  ['America/New_York', '2026-11-01T20:00:00Z', '2026-11-01T04:00:00Z', '2026-11-02T05:00:00Z'],
  ['Australia/Lord_Howe', '2026-10-04T02:00:00Z', '2026-10-03T13:30:00Z', '2026-10-04T13:00:00Z'], /* 23.5 h */
  ['America/Sao_Paulo', '2018-11-04T12:00:00Z', '2018-11-04T03:00:00Z', '2018-11-05T02:00:00Z'], /* begins at 1 */
  ['Asia/Beirut', '2026-03-29T12:00:00Z', '2026-03-28T22:00:00Z', '2026-03-29T21:00:00Z'],
  ['Pacific/Apia', '2026-06-01T11:30:00Z', '2026-06-01T11:00:00Z', '2026-06-02T11:00:00Z'],
  ['Asia/Kathmandu', '2026-06-01T11:30:00Z', '2026-05-31T18:15:00Z', '2026-06-01T18:15:00Z'],
];

test('a day begins and ends when the clock on the wall says so', () => {
  for (const [zone, at, begin, end] of DAYS) {
    const t = us(at);
    assert.equal(iso(z.dayBegin(t, zone)), begin, `${zone} ${at}`);
    assert.equal(iso(z.dayNext(t, zone)), end, `${zone} ${at}`);
    assert.equal(iso(z.dayBefore(us(end), zone)), begin, `${zone} ${at}`);
    assert.equal(z.dayBegin(us(end) - 1e6, zone), us(begin), `${zone}: its last second`);
  }
});

test('from day to day none is left out and none comes twice, for two years', () => {
  for (const zone of ['Europe/Berlin', 'America/New_York', 'Australia/Lord_Howe', 'Asia/Beirut']) {
    let t = z.dayBegin(us('2026-01-01T12:00:00Z'), zone);
    for (let i = 0; i < 731; i++) {
      const next = z.dayNext(t, zone);
      assert.ok(next - t >= 23 * HOUR && next - t <= 25 * HOUR, `${zone} ${iso(t)}`);
      assert.equal(z.dayBefore(next, zone), t, `${zone} ${iso(t)}`);
      assert.equal(z.wallText(t, zone).slice(11, 13) < '02', true);
      t = next;
    }
    assert.equal(z.wallText(t, zone).slice(0, 10), '2028-01-02');
  }
});

test('an hour that comes twice is drawn twice, one that is left out is not', () => {
  const hours = (zone, day) => {
    const from = z.dayBegin(us(day), zone);
    return z.ticks(from, z.dayNext(from, zone) - 1, HOUR, zone).map((t) => z.wallText(t, zone).slice(11, 13));
  };
  const all = Array.from({ length: 24 }, (_, h) => String(h).padStart(2, '0'));
  assert.deepEqual(hours('Europe/Berlin', '2026-06-01T12:00:00Z'), all);
  assert.deepEqual(hours('Europe/Berlin', '2026-03-29T12:00:00Z'), all.filter((h) => h !== '02'));
  assert.deepEqual(hours('Europe/Berlin', '2026-10-25T12:00:00Z'), all.toSpliced(3, 0, '02'));
});

test('a time that somebody types is read in the zone of the home', () => {
  for (const [zone, at] of DAYS) assert.equal(z.wallRead(z.wallText(us(at), zone), zone), us(at), `${zone} ${at}`);
  assert.equal(z.wallText(us('2026-11-28T09:41:07Z'), 'Asia/Kathmandu'), '2026-11-28T15:26:07');
  const twice = z.wallRead('2026-10-25T02:30:00', 'Europe/Berlin');
  assert.equal(z.wallText(twice, 'Europe/Berlin'), '2026-10-25T02:30:00');
  const never = z.wallRead('2026-03-29T02:30:00', 'Europe/Berlin');
  assert.ok(Math.abs(never - us('2026-03-29T01:00:00Z')) <= HOUR);
  for (const bad of ['', 'x', '2026-13-01T00:00:00']) assert.equal(z.wallRead(bad, 'UTC'), null);
});

test('movements near each other are one', () => {
  const at = (s, motion) => ({ time: s * 1e6, motion });
  assert.deepEqual(z.moments([at(0, 0.1), at(10, 0.5), at(13, 0.9), at(30, 0.3), at(100, 0.4), at(103, 0.1)]), [
    { from: 10e6, to: 32.5e6, most: 0.9 }, { from: 100e6, to: 102.5e6, most: 0.4 }]);
  assert.deepEqual(z.moments([]), []);
});
