/*
 * state.ts - what the page shows, in one place; whoever changes it tells the
 * views that look at it.
 */
import type { DaysView, LineState, View } from '../player/messages';
import type { FilmsState } from './films';
import type { Thumb } from './player';
import type { Lock } from '../model/retention';
import type { Lack } from './can';

/* A sentence of words/: its name. */
export type Problem =
  | 'gone' | 'later' | 'slow_down' | 'wrong' | 'link' | 'hub' | 'taken' | 'code' | 'codeOld'
  | 'owner' | 'nameOther' | 'trust' | 'ended' | 'removed' | 'unknown';

/* The steps of meeting a hub. */
export interface Pairing {
  step: 'none' | 'found' | 'asked' | 'keys' | 'written' | 'done' | 'failed';
  part: number; /* of the keys: 0 to 1 */
  problem: Problem | null;
}

export type Screen =
  | { at: 'loading' }
  | { at: 'cannot'; lacks: Lack[] }
  | { at: 'gone' }
  | { at: 'new' }
  | { at: 'badLink'; problem: Problem }
  | { at: 'welcome' }
  | { at: 'code'; code: string; fresh: boolean }
  | { at: 'signin'; problem: Problem | null }
  | { at: 'forgot' }
  | { at: 'home' };

export type Tab = 'home' | 'account' | 'add' | 'camera';

export interface CameraRow {
  thing: string;
  name: string;
}

export interface State {
  screen: Screen;
  tab: Tab;
  busy: boolean;
  problem: Problem | null;
  handle: string;
  homeName: string;
  zone: string; /* the home's time zone */
  cameras: CameraRow[];
  camera: string; /* the one that is shown; '': all of them */
  together: string[]; /* those that are looked back at on one clock; none: off */
  line: LineState;
  view: View | null;
  days: DaysView | null; /* what the timeline shows */
  thumb: Thumb | null; /* for whoever drags */
  films: FilmsState | null; /* null: nobody exports */
  locks: Lock[]; /* what stays for ever */
  pairing: Pairing;
  opening: boolean; /* the home is not read yet */
  linkWaits: boolean; /* a link was opened; sign in first */
  codeOwed: boolean; /* the recovery code was never confirmed */
}

export const PAIRING_NONE: Pairing = { step: 'none', part: 0, problem: null };

let state: State = {
  screen: { at: 'loading' }, tab: 'home', busy: false, problem: null, handle: '', homeName: '', zone: 'UTC',
  cameras: [], camera: '', together: [], line: 'connecting', view: null, days: null, thumb: null, films: null,
  locks: [], pairing: PAIRING_NONE, opening: false,
  codeOwed: false, linkWaits: false,
};
const watchers = new Set<() => void>();

export function now(): State {
  return state;
}

export function set(part: Partial<State>): void {
  state = { ...state, ...part };
  for (const w of watchers) w();
}

export function watch(w: () => void): () => void {
  watchers.add(w);
  return () => watchers.delete(w);
}
