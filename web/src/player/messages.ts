/*
 * messages.ts - between the page and the player worker. Keys travel as
 * handles that cannot be exported; nothing that comes back is a secret.
 */
import type { Octets } from '../base/octets';
import type { Gap, Span } from '../model/ledger';
import type { Found } from './pieces';

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
  thumb: string; /* '': it has none */
  index: string;
  hub: PlayerHub;
  keys: EpochKey[]; /* the thing's key in each epoch */
  locks: Span[]; /* what stays for ever */
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
  | { t: 'seek'; time: number } /* µs */
  | { t: 'live' }
  | { t: 'play'; on: boolean; speed: number }
  | { t: 'step'; by: 1 | -1 }
  | { t: 'days'; from: number; to: number } /* what the timeline shows */
  | { t: 'thumb'; time: number }
  | { t: 'clock'; id: number; hub: string } /* how far the hub's clock is */
  | { t: 'ask'; id: number; hub: string; body: string } /* a sealed command */
  | { t: 'pieces'; id: number; camera: PlayerCamera; sub: string; from: number; to: number }
  | { t: 'awake'; on: boolean }
  | { t: 'retry' };

/* connecting, open, gone: no answer; ticket: a new one is needed */
export type LineState = 'connecting' | 'open' | 'gone' | 'ticket';

/*
 * waiting: nothing yet; live; old: the newest one is old; past: what was;
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
  speed: number;
  position: number; /* µs, in the past; 0: live */
  gap: boolean; /* nothing is recorded there */
  loading: boolean;
  alarm: Alarm;
}

/* What is known of a stretch of time. */
export interface DaysView {
  t: 'days';
  camera: string;
  from: number; /* µs; the question's */
  to: number;
  spans: Span[]; /* recorded */
  gaps: Gap[];
  motion: { time: number; motion: number }[];
  first: number; /* the camera's first known moment; 0: none yet */
  until: number; /* later is not written down yet */
  loading: boolean;
}

export type FromPlayer =
  | View
  | DaysView
  | { t: 'thumb'; time: number; wanted: number; image: ImageBitmap | null }
  | { t: 'drawn'; frames: number; captured: number; width: number; height: number }
  | { t: 'clock'; id: number; offset: number | null } /* µs */
  | { t: 'ask'; id: number; body: Octets | null }
  | { t: 'pieces'; id: number; found: Found | null | 'unknown' }
  | { t: 'home' } /* the directory changed: read it again */
  | { t: 'ticket' }; /* a new home ticket, please */
