/*
 * pieces.ts - a stretch of time as the server may know it: runs, and records
 * in them. What was let go is no part of it.
 */
import type { Octets } from '../base/octets';
import { HOUR_US } from '../model/index';
import type { Span } from '../model/ledger';
import type { TrackKind } from '../model/people';
import type { Piece } from '../proto/api';
import { Days, type Place } from './days';
import { KeptSince } from './kept';
import type { PlayerCamera } from './messages';
import { CameraKeys } from './track';

/* What of it is there, and from when to when. */
export interface Found extends Span {
  pieces: Piece[];
}

function piecesOf(places: Place[], stream: string): Piece[] {
  const byRun = new Map<string, Piece>();
  for (const p of places) {
    const known = byRun.get(p.run);
    const last = p.until - 1;
    if (known) known.last = Math.max(known.last, last);
    else byRun.set(p.run, { stream, run: p.run, first: p.index, last });
  }
  return [...byRun.values()];
}

/* Of a camera in from..to; null: nothing. */
export async function piecesFind(
  home: Octets, ticket: string, camera: PlayerCamera, from: number, to: number,
): Promise<Found | null> {
  const days = new Days(new CameraKeys(home, camera), () => ticket);
  await days.cover(from - HOUR_US, to + HOUR_US);
  const kept = new KeptSince(camera, days, () => ticket);
  await kept.load();
  const there = (as: TrackKind) =>
    days.places(as).filter((p) => p.end > from && p.time < to && kept.has(p.time));
  const main = there('main');
  if (main.length === 0) return null;
  const rest: [TrackKind, string][] = [['sub', camera.sub], ['thumb', camera.thumb]];
  return {
    from: Math.max(from, main[0]!.time), to: Math.min(to, main[main.length - 1]!.end),
    pieces: [
      ...piecesOf(main, camera.stream),
      ...rest.flatMap(([as, id]) => (id ? piecesOf(there(as), id) : [])),
    ],
  };
}
