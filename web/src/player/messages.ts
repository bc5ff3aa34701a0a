/*
 * messages.ts - between the page and the player worker. Keys travel as
 * handles that cannot be exported; nothing that comes back is a secret.
 */
import type { Octets } from '../base/octets';

export interface EpochKey {
  epoch: number;
  key: CryptoKey;
}
export interface PlayerHub {
  id: string;
  sign: Octets;
  kx: Octets;
}
export interface PlayerCamera {
  thing: string;
  stream: string;
  hub: PlayerHub;
  keys: EpochKey[]; /* the thing's key in each epoch */
}
export interface PlayerHome {
  home: string;
  people: EpochKey[];
  hubs: PlayerHub[];
  directory: { version: number; hash: Octets };
}

export type ToPlayer =
  | { t: 'open'; url: string; ticket: string; home: PlayerHome }
  | { t: 'ticket'; ticket: string }
  | { t: 'home'; home: PlayerHome; camera: PlayerCamera | null }
  | { t: 'canvas'; canvas: OffscreenCanvas }
  | { t: 'show'; camera: PlayerCamera | null }
  | { t: 'want' } /* somebody reaches for the slider */
  | { t: 'past'; back_s: number }
  | { t: 'live' }
  | { t: 'play'; on: boolean }
  | { t: 'awake'; on: boolean }
  | { t: 'retry' };

/* connecting, open, gone: no answer; ticket: a new one is needed */
export type LineState = 'connecting' | 'open' | 'gone' | 'ticket';

/*
 * waiting: nothing yet; live; old: the newest one is old; past: a minute back;
 * unmarked: no signed mark for 3 s; false: a mark that does not fit; shut:
 * does not open; unplayable: the browser cannot decode it
 */
export type Picture =
  | 'waiting' | 'live' | 'old' | 'past' | 'unmarked' | 'false' | 'shut' | 'unplayable';

/* Of the directory and the hub's clock, by its signed heads. */
export type Alarm = 'none' | 'fork' | 'stale';

export interface View {
  t: 'view';
  line: LineState;
  retry_ms: number; /* until the next try */
  camera: string; /* thing */
  online: boolean | null;
  reason: number; /* why the camera gives no pictures; 0: it does */
  picture: Picture;
  verified: boolean;
  captured: number; /* µs, of the picture that is shown; 0: none */
  age_s: number;
  latency: { ms: number; error_ms: number } | null;
  clockNeverSet: boolean;
  playing: boolean;
  back_s: number; /* how far back the picture is; 0 when live */
  reach_s: number; /* how far back one can go */
  loading: boolean;
  alarm: Alarm;
}

export type FromPlayer =
  | View
  | { t: 'drawn'; frames: number; captured: number; width: number; height: number }
  | { t: 'home' } /* the directory changed: read it again */
  | { t: 'ticket' }; /* a new home ticket, please */
