/*
 * film_messages.ts - between the page and the player worker, about films:
 * what a range would give (plan), and the making of one film.
 */
import type { Cause, Gap } from '../model/ledger';

/*
 * What is missing of a film. unsigned: what came was not signed as it should
 * be, and stays out; recent: it is not written down yet; before: nothing is
 * known of the camera then; codec: the camera went over from H.264 to H.265,
 * or back: a film is of one.
 */
export interface Hole extends Omit<Gap, 'cause'> {
  cause: Cause | 'unsigned' | 'recent' | 'before' | 'codec';
}

export type ToFilms =
  | { t: 'filmPlan'; id: number; things: string[]; from: number; to: number } /* µs */
  | {
    t: 'film'; id: number; thing: string; from: number; to: number; sound: boolean;
    file: FileSystemFileHandle | null; /* null: into memory */
    most: number; /* octets */
  }
  | { t: 'filmStop'; id: number };

export interface PlanRow {
  thing: string;
  kept: number; /* µs */
  octets: number; /* about; 0: not known */
  holes: Hole[];
}

/*
 * none: nothing is recorded there; big: more than may be; disk: the file
 * cannot be written; form: the camera's pictures are of none that a film can be
 * made of; many: it changes too much for one film
 */
export type FilmProblem = 'none' | 'big' | 'disk' | 'form' | 'many' | 'unknown';

/* What a film became. */
export interface Made {
  first: number; /* µs */
  last: number;
  pictures: number;
  octets: number;
  h265: boolean; /* which not everything plays */
  holes: Hole[];
  torn: boolean; /* `eaves verify` will say that something is missing */
  blob: Blob | null; /* when it was made in memory */
}

export type FromFilms =
  | { t: 'filmPlan'; id: number; rows: PlanRow[] | null } /* null: no answer */
  | { t: 'film'; id: number; state: 'running' | 'waiting'; part: number; octets: number }
  | { t: 'film'; id: number; state: 'done'; made: Made }
  | { t: 'film'; id: number; state: 'failed'; problem: FilmProblem }
  | { t: 'film'; id: number; state: 'stopped' };
