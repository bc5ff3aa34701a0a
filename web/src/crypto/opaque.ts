/*
 * opaque.ts - the client of OPAQUE (RFC 9807): ristretto255-SHA512, HKDF- and
 * HMAC-SHA-512, 3DH, internal envelope; context and identities empty, as in
 * src/crypto/opaque.h. Only the sign-in worker holds this file.
 *
 * Arithmetic is BigInt and so not constant in time: who could measure it sits
 * in this very browser, where the passphrase is typed.
 */
import { Fault } from '../base/fault';
import { ristretto255, ristretto255_hasher } from '@noble/curves/ed25519.js';
import { expand, extract } from '@noble/hashes/hkdf.js';
import { hmac } from '@noble/hashes/hmac.js';
import { sha512 } from '@noble/hashes/sha2.js';
import { NONE, join, random, same, u16, u8, utf8, wipe, type Octets } from '../base/octets';

const Point = ristretto255.Point;
const Scalar = Point.Fn;
type Point = InstanceType<typeof Point>;

const OPRF = 'OPRFV1-\0-ristretto255-SHA512';

/* The slow hash: 64 octets to 64 octets. */
export type Stretch = (from: Octets) => Promise<Uint8Array>;

/* Identities and context: empty in Eaves, given in the RFC's vectors. */
export interface OpaqueIds {
  client?: Uint8Array;
  server?: Uint8Array;
  context?: Uint8Array;
}

interface Pair {
  secret: bigint;
  public: Octets;
}

const own = (from: Uint8Array): Octets => Uint8Array.from(from);
const sized = (from: Uint8Array): Octets => join(u16(from.length), from);

function expand512(prk: Uint8Array, info: Uint8Array, n: number): Octets {
  return own(expand(sha512, prk, info, n));
}

function pointOf(from: Uint8Array): Point {
  const p = Point.fromBytes(from);
  if (p.equals(Point.ZERO)) throw new Fault('DENIED');
  return p;
}

/* RFC 9497 3.2.1, DeriveKeyPair. */
function keyPair(seed: Uint8Array): Pair {
  const info = sized(utf8('OPAQUE-DeriveDiffieHellmanKeyPair'));
  for (let counter = 0; counter < 256; counter++) {
    const secret = ristretto255_hasher.hashToScalar(
      join(seed, info, u8(counter)), { DST: utf8(`DeriveKeyPair${OPRF}`) });
    if (secret !== 0n) return { secret, public: own(Point.BASE.multiply(secret).toBytes()) };
  }
  throw new Error('no key pair');
}

/* A random scalar that is not zero. */
export function blindDraw(): Octets {
  for (;;) {
    const s = ristretto255_hasher.hashToScalar(random(64), { DST: utf8('eaves blind') });
    if (s !== 0n) return own(Scalar.toBytes(s));
  }
}

/* The request of a registration, and the first part of KE1. */
export function opaqueRequest(password: Uint8Array, blind: Uint8Array): Octets {
  const at = ristretto255_hasher.hashToCurve(password, { DST: utf8(`HashToGroup-${OPRF}`) });
  return own(at.multiply(Scalar.fromBytes(blind)).toBytes());
}

/* The OPRF's output, stretched: RFC 9807 6.3.2.3. */
async function randomizedPassword(
  password: Uint8Array, blind: Uint8Array, evaluated: Uint8Array, stretch: Stretch,
): Promise<Uint8Array> {
  const n = pointOf(evaluated).multiply(Scalar.inv(Scalar.fromBytes(blind))).toBytes();
  const input = join(sized(password), sized(n), utf8('Finalize'));
  const y = own(sha512(input));
  const stretched = await stretch(y);
  const out = extract(sha512, join(y, stretched), NONE);
  wipe(input, n, y, stretched);
  return out;
}

interface Envelope {
  tag: Octets;
  exportKey: Octets;
  pair: Pair;
}

/* RFC 9807 4.1.2 and 4.1.3: what both Store and Recover compute. */
function envelope(
  prk: Uint8Array, nonce: Uint8Array, server: Uint8Array, ids: OpaqueIds,
): Envelope {
  const of = (label: string, n: number) => expand512(prk, join(nonce, utf8(label)), n);
  const pair = keyPair(of('PrivateKey', 32));
  const clear = join(nonce, server, sized(ids.server ?? server), sized(ids.client ?? pair.public));
  return {
    tag: own(hmac(sha512, of('AuthKey', 64), clear)), exportKey: of('ExportKey', 64), pair,
  };
}

/* RFC 9807 5.2.3: response 64 octets; record 192, export key 64. */
export async function opaqueRecord(
  password: Uint8Array, blind: Uint8Array, response: Uint8Array, stretch: Stretch,
  nonce: Uint8Array = random(32), ids: OpaqueIds = {},
): Promise<{ record: Octets; exportKey: Octets }> {
  const server = response.subarray(32, 64);
  const prk = await randomizedPassword(password, blind, response.subarray(0, 32), stretch);
  const e = envelope(prk, nonce, server, ids);
  const mask = expand512(prk, utf8('MaskingKey'), 64);
  wipe(prk);
  return { record: join(e.pair.public, mask, nonce, e.tag), exportKey: e.exportKey };
}

export interface OpaqueLogin {
  blind: Octets;
  ephemeral: bigint;
  ke1: Octets;
}

export function opaqueStart(
  password: Uint8Array, blind: Uint8Array = blindDraw(), nonce: Uint8Array = random(32),
  seed: Uint8Array = random(32),
): OpaqueLogin {
  const pair = keyPair(seed);
  return {
    blind: own(blind), ephemeral: pair.secret,
    ke1: join(opaqueRequest(password, blind), nonce, pair.public),
  };
}

/* The credential response, unmasked: server's key ‖ nonce ‖ tag. */
function unmask(prk: Uint8Array, ke2: Uint8Array): Octets {
  const mask = expand512(prk, utf8('MaskingKey'), 64);
  const pad = expand512(mask, join(ke2.subarray(32, 64), utf8('CredentialResponsePad')), 128);
  const masked = ke2.subarray(64, 192);
  return pad.map((octet, i) => octet ^ masked[i]!) as Octets;
}

/* RFC 9807 6.4.2.1, Derive-Secret. */
function secretOf(prk: Uint8Array, label: string, hash: Uint8Array): Octets {
  const name = utf8(`OPAQUE-${label}`);
  return expand512(prk, join(u16(64), u8(name.length), name, u8(hash.length), hash), 64);
}

function sharedSecret(login: OpaqueLogin, e: Envelope, server: Uint8Array, ke2: Uint8Array) {
  const ephemeral = pointOf(ke2.subarray(224, 256));
  return join(
    ephemeral.multiply(login.ephemeral).toBytes(),
    pointOf(server).multiply(login.ephemeral).toBytes(),
    ephemeral.multiply(e.pair.secret).toBytes());
}

/* RFC 9807 6.2.3 and 6.4.3. Throws DENIED. */
export async function opaqueFinish(
  password: Uint8Array, login: OpaqueLogin, ke2: Uint8Array, stretch: Stretch,
  ids: OpaqueIds = {},
): Promise<{ ke3: Octets; sessionKey: Octets; exportKey: Octets }> {
  const prk = await randomizedPassword(password, login.blind, ke2.subarray(0, 32), stretch);
  const clear = unmask(prk, ke2);
  const server = clear.slice(0, 32);
  const e = envelope(prk, clear.subarray(32, 64), server, ids);
  wipe(prk);
  if (!same(e.tag, clear.subarray(64))) throw new Fault('DENIED');
  const said = join(
    utf8('OPAQUEv1-'), sized(ids.context ?? NONE), sized(ids.client ?? e.pair.public), login.ke1,
    sized(ids.server ?? server), ke2.subarray(0, 256));
  const ikm = sharedSecret(login, e, server, ke2);
  const secret = extract(sha512, ikm, NONE);
  const hash = sha512(said);
  const handshake = secretOf(secret, 'HandshakeSecret', hash);
  const mac = hmac(sha512, secretOf(handshake, 'ServerMAC', NONE), hash);
  if (!same(mac, ke2.subarray(256, 320))) throw new Fault('DENIED');
  const ke3 = own(
    hmac(sha512, secretOf(handshake, 'ClientMAC', NONE), sha512(join(said, mac))));
  const sessionKey = secretOf(secret, 'SessionKey', hash);
  wipe(ikm, secret, handshake);
  return { ke3, sessionKey, exportKey: e.exportKey };
}
