/*
 * locking.ts - a stretch of one or more cameras that is to stay: first with
 * the server, then signed, all of it in one version or none of it.
 */
import { b64 } from '../base/codec';
import { random } from '../base/octets';
import type { Lock } from '../model/retention';
import type { Found } from '../player/pieces';
import { ApiError, type Piece } from '../proto/api';

const LOCKS_MOST = 64;

export interface Locking {
  signed: number; /* how many there are */
  found(thing: string, from: number, to: number): Promise<Found | null>; /* null: nothing */
  lock(id: string, pieces: Piece[]): Promise<void>;
  unlock(id: string): Promise<void>;
  sign(made: Lock[]): Promise<void>;
}

/*
 * A lock for each camera, of what there is of it. Throws MISSING of the API:
 * nothing is there; LIMIT: too much.
 */
export async function locksMake(by: Locking, things: string[], from: number, to: number): Promise<void> {
  if (by.signed + things.length > LOCKS_MOST) throw new ApiError('limit', 413, 'locks');
  const made: Lock[] = [];
  try {
    for (const thing of things) {
      const f = await by.found(thing, from, to);
      if (!f) continue;
      const lock = { id: b64(random(16)), things: [thing], from: f.from, to: f.to };
      await by.lock(lock.id, f.pieces);
      made.push(lock);
    }
    if (made.length === 0) throw new ApiError('missing', 404, 'nothing');
    await by.sign(made);
  } catch (e) {
    for (const l of made) await by.unlock(l.id).catch(() => undefined);
    throw e;
  }
}
