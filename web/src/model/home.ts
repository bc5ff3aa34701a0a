/*
 * home.ts - a home as a member's browser holds it: the chain of directory
 * versions, checked from the first one, and the keys of each epoch. Asks the
 * server through what it is given; believes only what is signed.
 */
import { b64, unb64 } from '../base/codec';
import { Fault } from '../base/fault';
import { same, type Octets } from '../base/octets';
import { rootKeyTake } from '../crypto/kdf';
import type { KxPair } from '../crypto/kx';
import { hubKey, peopleKey, thingKey } from '../crypto/names';
import type { ReaderKey, Version } from '../proto/api';
import { directoryTake, type Directory } from './directory';
import { KEY_HOME, keyringCommitted, keyringOpen, type KeyringKey } from './keyring';
import type { Hub, Thing, TrackKind } from './people';
import { keepTake, type KeepPast } from './retention';

/* The keys of one epoch, to derive from. */
export interface EpochKeys {
  home: CryptoKey;
  people: CryptoKey;
  hub: CryptoKey;
}

export async function epochKeys(home: CryptoKey, id: Uint8Array, epoch: number): Promise<EpochKeys> {
  return {
    home, people: await rootKeyTake(await peopleKey(home, id, epoch)),
    hub: await rootKeyTake(await hubKey(home, id, epoch)),
  };
}

/* The highest version that this browser believed. */
export interface Pin {
  version: number;
  hash: Octets;
}

/* Whom this browser reads for. */
export interface Reader {
  home: Octets;
  member: string;
  kx: KxPair;
}

/* A piece of what a home is; more: ask on, behind the items that came. */
export interface Answer {
  versions: Version[];
  keys: ReaderKey[];
  more: boolean;
}

/* Its streams by what they are for; '': it has none for that. */
export interface Camera {
  thing: Thing;
  stream: string;
  sub: string;
  thumb: string;
  index: string;
  born: number; /* µs, when it was listed first */
  keep: KeepPast;
  hub: Hub;
}

interface Item extends KeyringKey {
  version: number;
}

export class Home {
  directory: Directory | null = null;
  epochSince = 0; /* µs, when its first version was written */
  readonly epochs = new Map<number, EpochKeys>();
  private readonly items = new Map<number, Item>(); /* home keys by epoch */
  private readonly hashes = new Map<number, Octets>();
  private readonly births = new Map<string, number>(); /* of things, µs */
  private readonly keeps = new Map<string, KeepPast>();

  constructor(private readonly reader: Reader) {}

  get id(): Octets {
    return this.reader.home;
  }

  /* The newest believed version. */
  get now(): Directory {
    if (!this.directory) throw new Fault('MISSING', 'directory');
    return this.directory;
  }

  keys(epoch = this.now.epoch): EpochKeys {
    const keys = this.epochs.get(epoch);
    if (!keys) throw new Fault('MISSING', 'epoch');
    return keys;
  }

  private async itemsTake(keys: ReaderKey[]): Promise<void> {
    for (const k of keys) {
      const at = { home: this.id, epoch: k.epoch, version: k.version };
      const item = await keyringOpen(at, this.reader.kx, k.item);
      if (item.kind !== KEY_HOME || this.items.has(k.epoch)) continue;
      this.items.set(k.epoch, { ...item, version: k.version });
      this.epochs.set(k.epoch, await epochKeys(item.key, this.id, k.epoch));
    }
  }

  /* A new epoch's key counts once the version that opens it commits to it. */
  private async epochCheck(d: Directory): Promise<void> {
    const item = this.items.get(d.epoch);
    const at = { home: this.id, epoch: d.epoch, version: item?.version ?? 0 };
    if (item && (await keyringCommitted(at, item, d.people))) return;
    this.epochs.delete(d.epoch);
    throw new Fault('CRYPTO', 'key without commitment');
  }

  private async versionTake(v: Version): Promise<void> {
    const keys = this.epochs.get(v.epoch);
    if (!keys) throw new Fault('MISSING', 'epoch');
    const before = this.directory;
    const next = await directoryTake(
      before, this.id, { people: keys.people, hub: keys.hub }, v);
    if (next.epoch !== v.epoch) throw new Fault('CORRUPT', 'epoch');
    if (next.epoch !== before?.epoch) {
      await this.epochCheck(next);
      this.epochSince = next.time;
    }
    this.believe(next);
  }

  private believe(d: Directory): void {
    this.directory = d;
    this.hashes.set(d.version, d.hash);
    for (const t of d.people.things) {
      if (!this.births.has(t.id)) this.births.set(t.id, d.time);
      this.keeps.set(t.id, keepTake(this.keeps.get(t.id) ?? null, d.people, t.id, d.time));
    }
  }

  /*
   * Read on from what is known until nothing newer comes. Throws as
   * directoryTake().
   */
  async read(
    ask: (since: number, reader: string, skip: number) => Promise<Answer>,
  ): Promise<void> {
    let skip = 0;
    for (let more = true; more;) {
      const a = await ask(this.directory?.version ?? 0, this.reader.member, skip);
      if (a.more && a.versions.length + a.keys.length === 0) throw new Fault('SYNTAX', 'empty piece');
      await this.itemsTake(a.keys);
      /* what was asked for before we wrote it ourselves is known already */
      for (const v of a.versions)
        if (v.version > (this.directory?.version ?? 0)) await this.versionTake(v);
      skip = a.versions.length > 0 ? 0 : skip + a.keys.length;
      more = a.more;
    }
  }

  /* Throws CONFLICT: older than what this browser saw, or another history. */
  pinCheck(pin: Pin): void {
    if (pin.version === 0) return;
    const hash = this.hashes.get(pin.version);
    if (!hash) throw new Fault('CONFLICT', 'older than known');
    if (!same(hash, pin.hash)) throw new Fault('CONFLICT', 'fork');
  }

  get pin(): Pin {
    return { version: this.now.version, hash: this.now.hash };
  }

  /* What we wrote ourselves and the server took; keys of a new epoch. */
  take(d: Directory, keys?: EpochKeys): void {
    if (keys) this.epochs.set(d.epoch, keys);
    if (d.epoch !== this.directory?.epoch) this.epochSince = d.time;
    this.believe(d);
  }

  get cameras(): Camera[] {
    const people = this.now.people;
    return people.things.flatMap((thing) => {
      const hub = people.hubs.find((h) => h.id === thing.hub);
      const of = (as: TrackKind) => thing.streams.find((s) => s.as === as)?.id ?? '';
      const stream = of('main') || thing.streams.find((s) => s.class === 1)?.id;
      if (thing.kind !== 'camera' || !hub || !stream) return [];
      return [{
        thing, stream, sub: of('sub'), thumb: of('thumb'), index: of('index'), hub,
        born: this.births.get(thing.id) ?? 0, keep: this.keeps.get(thing.id)!,
      }];
    });
  }

  /* A thing's key in each epoch that we can read. */
  async thingKeys(thing: string): Promise<{ epoch: number; key: CryptoKey }[]> {
    const all = [...this.epochs];
    return Promise.all(all.map(async ([epoch, keys]) => ({
      epoch, key: await thingKey(keys.home, this.id, epoch, unb64(thing, 16)),
    })));
  }

  get name(): string {
    return this.now.people.name;
  }

  get text(): string {
    return b64(this.id);
  }
}
