/*
 * pieces.ts - a stretch of time as the server may know it: runs, and records
 * in them.
 */
import type { Octets } from '../base/octets';
import { HOUR_US } from '../model/index';
import type { TrackKind } from '../model/people';
import type { Piece } from '../proto/api';
import { Days } from './days';
import type { PlayerCamera } from './messages';
import { CameraKeys } from './track';

function piecesOf(days: Days, as: TrackKind, stream: string, from: number, to: number): Piece[] {
  const byRun = new Map<string, Piece>();
  for (const p of days.places(as)) {
    if (p.end <= from || p.time >= to) continue;
    const known = byRun.get(p.run);
    const last = p.until - 1;
    if (known) known.last = Math.max(known.last, last);
    else byRun.set(p.run, { stream, run: p.run, first: p.index, last });
  }
  return [...byRun.values()];
}

/* What a camera recorded in from..to. sub: its small stream, or ''. */
export async function piecesFind(
  home: Octets, ticket: string, camera: PlayerCamera, sub: string, from: number, to: number,
): Promise<Piece[]> {
  const days = new Days(new CameraKeys(home, camera), () => ticket);
  await days.cover(from - HOUR_US, to + HOUR_US);
  const streams: [TrackKind, string][] = [['main', camera.stream], ['sub', sub], ['thumb', camera.thumb]];
  return streams.flatMap(([as, id]) => (id ? piecesOf(days, as, id, from, to) : []));
}
