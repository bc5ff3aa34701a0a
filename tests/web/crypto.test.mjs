/*
 * Each primitive against the vectors of its RFC and Wycheproof, then against
 * foreign implementations.
 */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { CipherSuite, DhkemX25519HkdfSha256, HkdfSha256 } from '@hpke/core';
import { Aes256Gcm } from '@hpke/core';
import * as serenity from '@serenity-kit/opaque';
import { load, root, vectors } from './source.mjs';

const e = await load('base/codec', 'base/octets', 'base/fault', 'crypto/aead', 'crypto/kdf',
  'crypto/kx', 'crypto/hpke', 'crypto/sframe', 'crypto/sign', 'crypto/signpublic',
  'crypto/opaque', 'crypto/argon', 'crypto/labels', 'crypto/kxkeep');
const { hex, unhex, utf8 } = e;
const same = (got, want) => assert.equal(hex(got), want);

test('base64url is strict and comes back', () => {
  for (let n = 0; n < 40; n++) {
    const o = e.random(n);
    assert.equal(e.b64(o), Buffer.from(o).toString('base64url'));
    assert.deepEqual(e.unb64(e.b64(o), n), o);
  }
  for (const bad of ['A', 'AB', 'AAF', 'AA=', 'A A', 'AAAAA', 'AA+A', '\u0100AAA'])
    assert.throws(() => e.unb64(bad), (x) => e.isFault(x, 'SYNTAX'), bad);
});

test('a reader never reads past the end and leaves nothing over', () => {
  const r = new e.Reader(Uint8Array.of(1, 0, 2, 0, 0, 0, 3));
  assert.deepEqual([r.u8(), r.u16(), r.u32()], [1, 2, 3]);
  r.end();
  assert.throws(() => r.u8(), (x) => e.isFault(x, 'SYNTAX'));
  assert.throws(() => new e.Reader(Uint8Array.of(1)).end());
});

test('every label is one of src/crypto/labels.def', () => {
  const def = fs.readFileSync(path.join(root, 'src/crypto/labels.def'), 'utf8');
  const known = new Set([...def.matchAll(/^LABEL\(\w+, "(.*)"\)/gm)].map((m) => m[1]));
  assert.ok(known.size > 30);
  for (const l of e.LABELS) assert.ok(known.has(l), l);
});

test('HKDF-SHA-256 gives what Wycheproof says', async () => {
  let n = 0;
  for (const g of vectors('wycheproof/hkdf_sha256_test.json').testGroups)
    for (const t of g.tests) {
      if (t.result !== 'valid' || t.size > 255 * 32) continue;
      same(await e.hkdf('SHA-256', unhex(t.ikm), unhex(t.salt), unhex(t.info), t.size), t.okm);
      n++;
    }
  assert.ok(n > 50);
});

test('AES-256-GCM opens what Wycheproof calls valid and refuses the rest', async () => {
  let n = 0;
  for (const g of vectors('wycheproof/aes_gcm_test.json').testGroups) {
    if (g.keySize !== 256 || g.ivSize !== 96 || g.tagSize !== 128) continue;
    for (const t of g.tests) {
      const opened = e.open(unhex(t.key), unhex(t.ct + t.tag), unhex(t.aad), unhex(t.iv));
      if (t.result === 'valid') same(await opened, t.msg);
      else await assert.rejects(opened, (x) => e.isFault(x, 'CRYPTO'));
      n++;
    }
  }
  assert.ok(n > 30);
});

test('X25519 agrees with Wycheproof and refuses points of small order', async () => {
  let n = 0;
  for (const g of vectors('wycheproof/x25519_test.json').testGroups)
    for (const t of g.tests) {
      const shared = e.kxShared(await e.kxPrivate(unhex(t.private)), unhex(t.public));
      if (/^0*$/.test(t.shared)) await assert.rejects(shared, (x) => e.isFault(x, 'CRYPTO'));
      else same(await shared, t.shared);
      n++;
    }
  assert.ok(n > 500);
});

test('an X25519 key is kept so that it cannot be exported, also where it cannot be copied', async () => {
  const other = await e.kxPairNew();
  for (const engine of ['copies', 'does not']) {
    const real = globalThis.structuredClone;
    if (engine !== 'copies') globalThis.structuredClone = () => { throw new TypeError('Unable to deserialize data.'); };
    const scalar = e.random(32);
    const want = await e.kxPair(scalar.slice());
    const kept = await e.kxKeep(scalar);
    globalThis.structuredClone = real;
    assert.equal('private' in kept, engine === 'copies');
    assert.deepEqual(scalar, new Uint8Array(32));
    const pair = await e.kxKept(structuredClone(kept));
    assert.deepEqual(await e.kxShared(pair.private, other.public), await e.kxShared(want.private, other.public));
    for (const key of [pair.private, ...(kept.by ? [kept.by] : [])]) {
      await assert.rejects(crypto.subtle.exportKey(key.type === 'secret' ? 'raw' : 'pkcs8', key));
      assert.equal(key.extractable, false);
    }
  }
});

test('Ed25519 verifies as Wycheproof says', async () => {
  /* our signatures carry a label, so the raw primitive is asked here */
  let n = 0;
  for (const g of vectors('wycheproof/ed25519_test.json').testGroups) {
    const key = await crypto.subtle.importKey('raw', unhex(g.publicKey.pk), 'Ed25519', false, ['verify']);
    for (const t of g.tests) {
      const ok = await crypto.subtle.verify('Ed25519', key, unhex(t.sig), unhex(t.msg)).catch(() => false);
      assert.equal(ok, t.result === 'valid', `${t.tcId} ${t.comment}`);
      n++;
    }
  }
  assert.ok(n > 100);
});

test('a signature holds for its label and fields alone', async () => {
  const seed = e.random(32);
  const by = await e.signPrivate(seed);
  const pub = e.signPublic(seed);
  const s = await e.sign(by, 'run', utf8('a'), utf8('b'));
  assert.ok(await e.signed(pub, 'run', s, utf8('ab')));
  assert.ok(!(await e.signed(pub, 'mark', s, utf8('ab'))));
  assert.ok(!(await e.signed(pub, 'run', s, utf8('ac'))));
  assert.ok(!(await e.signed(e.random(32), 'run', s, utf8('ab'))));
  await assert.rejects(crypto.subtle.exportKey('pkcs8', by));
});

test('HPKE gives what RFC 9180 prints, modes base and psk', async () => {
  let n = 0;
  for (const v of vectors('hpke-rfc9180/circl-draft08-trimmed.json')) {
    if (v.kem_id !== 32 || v.kdf_id !== 1 || v.aead_id !== 2 || v.mode > 1) continue;
    const how = { info: unhex(v.info), psk: unhex(v.psk ?? ''), pskId: unhex(v.psk_id ?? '') };
    const at = await e.kxPair(unhex(v.skRm));
    same(at.public, v.pkRm);
    const first = v.encryptions[0];
    const { enc, hpke } = await e.hpkeSendWith(await e.kxPair(unhex(v.skEm)), at.public, how);
    same(enc, v.enc);
    same(await hpke.seal(unhex(first.plaintext), unhex(first.aad)), first.ciphertext);
    const back = await e.hpkeReceive(at, unhex(v.enc), how);
    same(await back.open(unhex(first.ciphertext), unhex(first.aad)), first.plaintext);
    for (const x of v.exports)
      if (x.L === 32) same(await back.export(unhex(x.exporter_context)), x.exported_value);
    n++;
  }
  assert.equal(n, 2);
});

test('@hpke/core opens what we seal, and we open what it seals', async () => {
  const suite = new CipherSuite({
    kem: new DhkemX25519HkdfSha256(), kdf: new HkdfSha256(), aead: new Aes256Gcm() });
  const seed = e.random(32);
  const ours = await e.kxPair(seed);
  const theirs = {
    privateKey: await suite.kem.importKey('raw', seed.buffer, false),
    publicKey: await suite.kem.importKey('raw', ours.public.buffer, true) };
  const info = e.random(40);
  const aad = e.random(9);
  for (const psk of [undefined, { id: utf8('link'), key: e.random(32) }]) {
    const how = psk ? { info, psk: psk.key, pskId: psk.id } : { info };
    const { enc, hpke } = await e.hpkeSend(ours.public, how);
    const r = await suite.createRecipientContext({ recipientKey: theirs.privateKey, enc, info, psk });
    assert.deepEqual(new Uint8Array(await r.open(await hpke.seal(utf8('hello'), aad), aad)), utf8('hello'));
    assert.deepEqual(new Uint8Array(await r.export(utf8('x'), 32)), await hpke.export(utf8('x')));
    const s = await suite.createSenderContext({ recipientPublicKey: theirs.publicKey, info, psk });
    const back = await e.hpkeReceive(ours, new Uint8Array(s.enc), how);
    assert.deepEqual(await back.open(new Uint8Array(await s.seal(utf8('you'), aad)), aad), utf8('you'));
    await assert.rejects(back.open(e.random(40), aad), (x) => e.isFault(x, 'CRYPTO'));
  }
});

test('SFrame headers and suite 5 are those of RFC 9605', async () => {
  const v = vectors('sframe-rfc9605/test-vectors.json');
  for (const h of v.header) {
    same(e.sframeHead(unhex(h.kid), unhex(h.ctr)), h.encoded);
    const p = e.sframeHeadParse(unhex(h.encoded + '00'));
    assert.deepEqual([hex(p.kid), hex(p.ctr), p.octets], [h.kid, h.ctr, h.encoded.length / 2]);
  }
  const suite5 = v.sframe.filter((t) => t.cipher_suite === 5);
  assert.equal(suite5.length, 1);
  for (const t of suite5) {
    const s = await e.Sframe.make(unhex(t.base_key), unhex(t.kid), true);
    same(await s.seal(unhex(t.ctr), unhex(t.metadata), unhex(t.pt)), t.ct);
    const { ctr, plain } = await s.open(unhex(t.metadata), unhex(t.ct));
    same(ctr, t.ctr);
    same(plain, t.pt);
    for (let i = 0; i < t.ct.length / 2; i++) {
      const bent = unhex(t.ct);
      bent[i] ^= 1;
      await assert.rejects(s.open(unhex(t.metadata), bent), e.Fault);
    }
  }
});

test('SFrame numbers that are not in their shortest form are refused', () => {
  for (const bad of ['0807', '8007', '090001', '900001', '', '8f', 'ff0102'])
    assert.throws(() => e.sframeHeadParse(unhex(bad)), (x) => e.isFault(x, 'SYNTAX'), bad);
});

test('OPAQUE gives what RFC 9807 prints for ristretto255', async () => {
  const none = (y) => Promise.resolve(y.slice());
  let n = 0;
  for (const v of vectors('opaque-rfc9807/vectors.json')) {
    if (v.config.Group !== 'ristretto255' || v.config.Fake !== 'False') continue;
    const i = Object.fromEntries(Object.entries(v.inputs).map(([k, x]) => [k, unhex(x)]));
    const ids = { context: unhex(v.config.Context), client: i.client_identity, server: i.server_identity };
    same(e.opaqueRequest(i.password, i.blind_registration), v.outputs.registration_request);
    const made = await e.opaqueRecord(i.password, i.blind_registration,
      unhex(v.outputs.registration_response), none, i.envelope_nonce, ids);
    same(made.record, v.outputs.registration_upload);
    same(made.exportKey, v.outputs.export_key);
    const login = e.opaqueStart(i.password, i.blind_login, i.client_nonce, i.client_keyshare_seed);
    same(login.ke1, v.outputs.KE1);
    const done = await e.opaqueFinish(i.password, login, unhex(v.outputs.KE2), none, ids);
    same(done.ke3, v.outputs.KE3);
    same(done.sessionKey, v.outputs.session_key);
    same(done.exportKey, v.outputs.export_key);
    const bent = unhex(v.outputs.KE2);
    bent[300] ^= 1;
    await assert.rejects(e.opaqueFinish(i.password, login, bent, none, ids), (x) => e.isFault(x, 'DENIED'));
    n++;
  }
  assert.equal(n, 2);
});

test('a foreign OPAQUE server registers us and signs us in', async () => {
  await serenity.ready;
  const serverSetup = serenity.server.createSetup();
  const userIdentifier = 'somebody';
  const password = utf8('tolum badar viken sorad nagis');
  const blind = e.blindDraw();
  const { registrationResponse } = serenity.server.createRegistrationResponse({
    serverSetup, userIdentifier, registrationRequest: e.b64(e.opaqueRequest(password, blind)) });
  const made = await e.opaqueRecord(password, blind, e.unb64(registrationResponse, 64), e.argonStretch);
  const signIn = async (word) => {
    const login = e.opaqueStart(word);
    const { serverLoginState, loginResponse } = serenity.server.startLogin({
      serverSetup, userIdentifier, registrationRecord: e.b64(made.record),
      startLoginRequest: e.b64(login.ke1) });
    const done = await e.opaqueFinish(word, login, e.unb64(loginResponse, 320), e.argonStretch);
    const { sessionKey } = serenity.server.finishLogin({
      serverLoginState, finishLoginRequest: e.b64(done.ke3) });
    assert.equal(sessionKey, e.b64(done.sessionKey));
    return done;
  };
  assert.deepEqual((await signIn(password)).exportKey, made.exportKey);
  await assert.rejects(signIn(utf8('wrong')), (x) => e.isFault(x, 'DENIED'));
});

test('a foreign OPAQUE client makes a record that we sign in with', async () => {
  await serenity.ready;
  const serverSetup = serenity.server.createSetup();
  const userIdentifier = 'somebody';
  const password = 'a passphrase of theirs';
  const { clientRegistrationState, registrationRequest } = serenity.client.startRegistration({ password });
  const { registrationResponse } = serenity.server.createRegistrationResponse({
    serverSetup, userIdentifier, registrationRequest });
  const theirs = serenity.client.finishRegistration({ clientRegistrationState, registrationResponse, password,
    keyStretching: { 'argon2id-custom': { iterations: 3, memory: 65536, parallelism: 1 } } });
  const login = e.opaqueStart(utf8(password));
  const { loginResponse } = serenity.server.startLogin({ serverSetup, userIdentifier,
    registrationRecord: theirs.registrationRecord, startLoginRequest: e.b64(login.ke1) });
  const done = await e.opaqueFinish(utf8(password), login, e.unb64(loginResponse, 320), e.argonStretch);
  assert.equal(e.b64(done.exportKey), theirs.exportKey);
});

test('the hash that does not wait is the one that does', async () => {
  const { sha256Now } = await load('crypto/sha256');
  const some = e.random(9000);
  for (const n of [...Array(200).keys(), 8191, 8192, 9000]) {
    const part = some.subarray(0, n);
    assert.deepEqual(sha256Now(part), new Uint8Array(await crypto.subtle.digest('SHA-256', part)), String(n));
  }
});
