/*
 * Passphrases, recovery codes, vaults, H.264, the texts of the app.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { load } from './source.mjs';

const e = await load('base/codec', 'base/octets', 'base/fault', 'crypto/kx', 'crypto/names',
  'model/words5', 'model/strength', 'model/code', 'model/vault', 'proto/h264', 'proto/h265', 'player/pace');

test('five proposed words hold exactly 64 bits', () => {
  const list = e.wordList();
  assert.equal(new Set(list).size, list.length);
  assert.ok(BigInt(list.length) ** 5n >= 2n ** 64n);
  assert.ok(BigInt(list.length - 1) ** 5n < 2n ** 64n);
  assert.ok(list.every((w) => /^[a-z]{4,5}$/.test(w)));
  assert.notEqual(e.phraseOf(2n ** 64n - 1n), e.phraseOf(2n ** 64n - 2n));
  assert.match(e.phraseNew(), /^([a-z]{4,5} ){4}[a-z]{4,5}$/);
});

test('a passphrase is the same however it was typed', () => {
  assert.equal(e.phraseNormal('  tolum\tbada \n kiren '), 'tolum bada kiren');
  assert.equal(e.phraseNormal('cafe\u0301'), e.phraseNormal('caf\u00e9'));
});

test('what is guessable in 10^10 tries is refused', () => {
  const own = ['Maria Schneider', 'Lakehouse'];
  for (const bad of ['', 'a', 'password', 'Password123!', 'P@ssw0rd2024', 'qwertyuiop', 'letmein1234',
    'iloveyou2', '14.07.1983', '19830714maria', 'mariaschneider1983', 'lakehouse2026', 'Lakehouse2026!',
    'abcdefghijkl', '123456789012', 'aaaaaaaaaaaaaaa', 'abcabcabcabcabc', 'qazwsxedcrfv', 'drowssap99',
    'sunflower12', 'correct horse', 'Summer2024!!', 'eaves eaves eaves', 'asdfghjkl123456', 'tigertiger99',
    'monkeydragon1', '0123456789', 'zxcvbnm12345', 'michael1990!', 'umbrella2020', 'kitchen camera']) {
    const s = e.strength(bad, own);
    assert.ok(!s.enough, `${bad}: 10^${s.power.toFixed(1)} ${s.why}`);
  }
});

test('what is not guessable so fast is taken', () => {
  for (const good of ['tolum bada kiren sodel nagis', 'correct horse battery staple moon', 'x7#kQ9!vbT2m',
    'three green bicycles on a roof', 'Kf83jdLq02mz', 'wir gehen heute lieber nicht schwimmen']) {
    const s = e.strength(good, ['Maria']);
    assert.ok(s.enough, `${good}: 10^${s.power.toFixed(1)} ${s.why}`);
  }
  for (let i = 0; i < 200; i++) {
    const p = e.phraseNew();
    assert.ok(e.strength(p).enough, p);
  }
});

test('the estimate is quick even for long input', () => {
  const from = performance.now();
  e.strength('ab1'.repeat(400));
  e.strength('z'.repeat(4000));
  assert.ok(performance.now() - from < 500);
});

test('a recovery code comes back, however it was typed', async () => {
  for (let i = 0; i < 20; i++) {
    const code = e.codeNew();
    const text = await e.codeText(code);
    assert.match(text, /^([0-9a-z]{4} ){6}[0-9a-z]{4}$/);
    for (const typed of [text, text.toUpperCase(), text.replace(/ /g, ''), text.replace(/ /g, '-'),
      text.replace(/1/g, 'l').replace(/0/g, 'O')])
      assert.deepEqual(await e.codeParse(typed), code);
  }
});

test('a slip in a recovery code is found', async () => {
  const text = (await e.codeText(e.codeNew())).replace(/ /g, '');
  let missed = 0;
  for (let i = 0; i < text.length; i++) {
    const slip = text.slice(0, i) + (text[i] === 'a' ? 'b' : 'a') + text.slice(i + 1);
    await e.codeParse(slip).then(() => missed++, () => {});
  }
  assert.ok(missed <= 1);
  await assert.rejects(e.codeParse(text.slice(1)));
  await assert.rejects(e.codeParse(''));
});

const content = (doors) => ({
  root: e.random(32), doors,
  homes: [{ home: e.b64(e.random(16)), member: e.b64(e.random(16)), grant: e.b64(e.random(16)), version: 3, hash: e.random(32) }],
  sessions: [{ id: e.b64(e.random(16)), revoke: e.random(16), label: 'Firefox on Linux', day: 20780 }] });
const door = (kind, pair) => ({ id: e.b64(e.random(16)), kind, key: pair.public });

test('every door opens the vault, and only they do', async () => {
  const account = e.random(16);
  const a = await e.doorPair(e.random(64), account);
  const b = await e.doorPair(e.random(16), account);
  const v = content([door('passphrase', a), door('code', b)]);
  const blob = await e.vaultSeal(v, account, null);
  for (const pair of [a, b]) {
    const read = await e.vaultOpen(blob, account, pair);
    assert.deepEqual(read.content, v);
    assert.equal(read.version, 1);
  }
  const stranger = await e.kxPairNew();
  await assert.rejects(e.vaultOpen(blob, account, stranger), (x) => e.isFault(x, 'CRYPTO'));
  await assert.rejects(e.vaultOpen(blob, e.random(16), a), (x) => e.isFault(x, 'CRYPTO'));
  /* 60 and 100 lie in the first door's entry: that is the one to try */
  for (const at of [0, 1, 5, 20, 60, 100, blob.length - 1]) {
    const bent = blob.slice();
    bent[at] ^= 1;
    await assert.rejects(e.vaultOpen(bent, account, a), e.Fault, `octet ${at}`);
  }
});

test('each write of a vault has a new key and follows the one before', async () => {
  const account = e.random(16);
  const a = await e.doorPair(e.random(64), account);
  const v = content([door('passphrase', a)]);
  const one = await e.vaultOpen(await e.vaultSeal(v, account, null), account, a);
  const blob = await e.vaultSeal(v, account, one);
  const two = await e.vaultOpen(blob, account, a);
  assert.equal(two.version, 2);
  assert.deepEqual(blob.slice(10, 42), one.hash);
  assert.equal((blob.length - 43 - 96 - 16) % 4096, 0);
});

test('a door that is not listed inside is refused', async () => {
  const account = e.random(16);
  const a = await e.doorPair(e.random(64), account);
  const v = content([door('passphrase', a)]);
  const lying = { ...v, doors: Object.assign([...v.doors], { map: () => [] }) };
  await assert.rejects(e.vaultOpen(await e.vaultSeal(lying, account, null), account, a),
    (x) => e.isFault(x, 'CRYPTO'));
});

test('an access unit parts into pictures and what a decoder must know', () => {
  const nal = (...o) => [0, 0, 0, o.length, ...o];
  const unit = Uint8Array.from([...nal(9, 1), ...nal(0x67, 0x64, 0, 0x1f, 5), ...nal(0x68, 7), ...nal(0x65, 1, 2)]);
  const { data, setup } = e.pictureOf(unit);
  assert.deepEqual([...data], nal(0x65, 1, 2));
  assert.equal(setup.codec, 'avc1.64001f');
  assert.deepEqual([...setup.description], [1, 0x64, 0, 0x1f, 0xff, 0xe1, 0, 5, 0x67, 0x64, 0, 0x1f, 5, 1, 0, 2,
    0x68, 7, 0xfd, 0xf8, 0xf8, 0]);
  const delta = Uint8Array.from(nal(0x41, 3));
  assert.deepEqual(e.pictureOf(delta), { data: delta, setup: null });
  for (const bad of [[0, 0, 0, 2, 0x65], [0, 0, 0, 0], [0, 0, 0], [0, 0, 0, 1, 0x65, 0]])
    assert.throws(() => e.pictureOf(Uint8Array.from(bad)), (x) => e.isFault(x, 'SYNTAX'));
});

/* The NAL units of an Annex-B stream, up to the second picture. */
function firstUnit(stream) {
  const nals = [];
  for (let i = 0, from = -1; i <= stream.length; i++) {
    const start = i + 3 <= stream.length && stream[i] === 0 && stream[i + 1] === 0 && stream[i + 2] === 1;
    if (!start && i < stream.length) continue;
    if (from >= 0) nals.push(stream.subarray(from, stream[i - 1] === 0 && start ? i - 1 : i));
    from = i + 3;
  }
  const end = nals.findIndex((n) => ((n[0] >> 1) & 63) < 32);
  return nals.slice(0, end + 1);
}

test('H.265 is named and described as others do it', () => {
  const encode = (...to) => execFileSync('ffmpeg', ['-v', 'error', '-f', 'lavfi', '-i', 'testsrc2=size=320x180:rate=5', '-t', '1',
    '-c:v', 'libx265', '-pix_fmt', 'yuv420p', '-x265-params', 'log-level=none', ...to, '-']);
  const nals = firstUnit(encode('-f', 'hevc'));
  const sample = e.join(...nals.flatMap((n) => [e.u32(n.length), new Uint8Array(n)]));
  const { setup, data } = e.picture265(sample);
  assert.match(setup.codec, /^hvc1\.1\.6\.L\d+\.90$/);
  /* ffmpeg's own box says the same of profile, chroma, depth and sets */
  const film = encode('-f', 'mp4', '-tag:v', 'hvc1', '-movflags', 'frag_keyframe+empty_moov');
  const at = film.indexOf('hvcC') + 4;
  const theirs = film.subarray(at, at - 8 + film.readUInt32BE(at - 8));
  const ours = Buffer.from(setup.description);
  assert.deepEqual(ours.subarray(1, 13), theirs.subarray(1, 13));
  for (const i of [16, 17, 18]) assert.equal(ours[i], theirs[i], `octet ${i}`);
  for (const n of nals.filter((x) => [32, 33, 34].includes((x[0] >> 1) & 63))) assert.ok(ours.includes(Buffer.from(n)));
  assert.deepEqual(setup.size, { width: 320, height: 180 });
  assert.equal((data[4] >> 1) & 63, 39, 'SEI first, sets aside');
  assert.throws(() => e.picture265(sample.subarray(0, 20)));
});

test('a machine that is late shows less, and more again when it can', () => {
  const p = new e.Paces();
  const all = () => Array.from({ length: 8 }, (_, i) => p.of(i, 8));
  const ticks = (n, late) => { for (let i = 0; i < n; i++) p.tick(late, 8); };
  assert.deepEqual(all(), Array(8).fill('all'));
  ticks(2, 900);
  assert.deepEqual(all(), Array(8).fill('all'), 'one hiccup costs nothing');
  ticks(1, 900);
  assert.deepEqual(all(), [...Array(6).fill('all'), 'keys', 'keys']);
  ticks(12, 900);
  assert.deepEqual(all(), [...Array(6).fill('keys'), 'still', 'still']);
  ticks(100, 900);
  assert.deepEqual(all(), Array(8).fill('still'));
  ticks(19, 0);
  assert.deepEqual(all(), Array(8).fill('still'), 'it is not trusted at once');
  ticks(1, 0);
  assert.deepEqual(all(), ['keys', ...Array(7).fill('still')]);
  ticks(3, 900); /* too early: the next try comes later */
  ticks(39, 0);
  assert.deepEqual(all(), Array(8).fill('still'));
  ticks(1, 0);
  assert.equal(all()[0], 'keys');
  ticks(2000, 0);
  assert.deepEqual(all(), Array(8).fill('all'));
});
