/*
 * keep.ts - what this browser keeps (IndexedDB): keys that cannot be
 * exported, the session's ticket, the highest directory version believed.
 * Where the browser keeps nothing (a private window), it lasts for the page.
 */
import type { Octets } from '../base/octets';
import type { Asked, Link } from '../model/pair';
import type { Entered, HomePin } from '../signin/messages';

/* A signed-in person. */
export interface Kept extends Omit<Entered, 'code'> {
  handle: string;
  label: string;
  link: (Link & { until: number }) | null; /* a hub still to be met */
  asked: (Asked & { m1: Octets }) | null; /* what that hub was told */
  codeOwed: boolean; /* the recovery code was shown, and not confirmed */
}

/* What stays after signing out. */
export interface Left {
  gone: string[]; /* sessions that ended here */
  pins: HomePin[];
  vaults: Record<string, number>; /* highest vault version, by account */
}

const memory = new Map<string, unknown>();

function database(): Promise<IDBDatabase> {
  return new Promise((done, fail) => {
    const q = indexedDB.open('eaves', 1);
    q.onupgradeneeded = () => q.result.createObjectStore('keep');
    q.onsuccess = () => done(q.result);
    q.onerror = () => fail(q.error ?? new Error('storage'));
  });
}

async function run<T>(
  mode: IDBTransactionMode, act: (s: IDBObjectStore) => IDBRequest<T>,
): Promise<T> {
  const db = await database();
  try {
    return await new Promise<T>((done, fail) => {
      const t = db.transaction('keep', mode);
      const q = act(t.objectStore('keep'));
      t.oncomplete = () => done(q.result);
      t.onabort = t.onerror = () => fail(t.error ?? new Error('storage'));
    });
  } finally {
    db.close();
  }
}

async function get(name: string): Promise<unknown> {
  if (memory.has(name)) return memory.get(name);
  return run('readonly', (s) => s.get(name)).catch(() => undefined);
}

async function put(name: string, value: unknown): Promise<void> {
  memory.set(name, value);
  await run('readwrite', (s) => s.put(value, name)).catch(() => undefined);
}

export async function keptRead(): Promise<Kept | null> {
  return ((await get('person')) as Kept | undefined) ?? null;
}

export async function keptWrite(kept: Kept): Promise<void> {
  await put('person', kept);
}

export async function keptDrop(): Promise<void> {
  memory.delete('person');
  await run('readwrite', (s) => s.delete('person')).catch(() => undefined);
}

export async function leftRead(): Promise<Left> {
  return ((await get('left')) as Left | undefined) ?? { gone: [], pins: [], vaults: {} };
}

export async function leftWrite(left: Left): Promise<void> {
  await put('left', { ...left, gone: left.gone.slice(-32) });
}
