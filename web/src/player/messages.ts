/*
 * messages.ts - between the page and the player worker. Keys travel as
 * handles that cannot be exported; nothing that comes back is a secret.
 *
 * A tile is one canvas and the camera on it; the page numbers them.
 */
import type { Octets } from '../base/octets';
import type { Gap, Span } from '../model/ledger';
import type { KeepPast } from '../model/retention';
import type { Pace } from './pace';
import type { FromFilms, ToFilms } from './film_messages';
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
  sub: string; /* '': it has none */
  thumb: string;
  index: string;
  born: number; /* µs, when the directory first listed it */
  hub: PlayerHub;
  keys: EpochKey[]; /* the thing's key in each epoch */
  locks: Span[]; /* what stays for ever */
  keep: KeepPast; /* how long the rest does, as it was signed */
}
export interface PlayerHome {
  home: string;
  people: EpochKey[];
  hubs: PlayerHub[];
  directory: { version: number; hash: Octets };
  cameras: PlayerCamera[];
}

/* Of a camera's two streams. */
export type Quality = 'main' | 'sub';

/* To one tile. Tiles that go together hear what is said to one of them. */
export type ToTile =
  | { t: 'show'; thing: string; as: Quality } /* '': nothing */
  | { t: 'seen'; on: boolean } /* whether anybody can see it */
  | { t: 'seek'; time: number } /* µs */
  | { t: 'live' }
  | { t: 'play'; on: boolean; speed: number }
  | { t: 'toggle' } /* plays, or stops */
  | { t: 'step'; by: 1 | -1 }
  | { t: 'days'; from: number; to: number } /* what the timeline shows */
  | { t: 'thumb'; time: number }
  | { t: 'hear'; on: boolean }
  /* so much was left when samples came; time and at: what was said of them */
  | { t: 'slack'; ms: number; time: number; at: number };

export type ToPlayer =
  | ToFilms
  | { t: 'open'; url: string; ticket: string; home: PlayerHome }
  | { t: 'ticket'; ticket: string }
  | { t: 'home'; home: PlayerHome }
  | { t: 'tile'; tile: number; canvas: OffscreenCanvas; small: boolean }
  | { t: 'close'; tile: number }
  | { t: 'together'; tiles: number[] } /* on one clock, when they look back */
  | { t: 'clock'; id: number; hub: string } /* how far the hub's clock is */
  | { t: 'ask'; id: number; hub: string; body: string } /* a sealed command */
  | { t: 'pieces'; id: number; thing: string; from: number; to: number }
  | { t: 'awake'; on: boolean }
  | { t: 'retry' }
  | (ToTile & { tile: number });

/* Why the main stream cannot be played here. */
export type Cannot = '' | 'h265' | 'other';

/* connecting, open, gone: no answer; ticket: a new one is needed */
export type LineState = 'connecting' | 'open' | 'gone' | 'ticket';

/*
 * waiting: nothing yet; live; old: the newest one is old; past: what was;
 * unmarked: no signed mark for 3 s; false: a mark that does not fit; shut:
 * does not open; unplayable: the browser cannot decode it
 */
export type Picture =
  | 'waiting' | 'live' | 'old' | 'past' | 'unmarked' | 'false' | 'shut' | 'unplayable';

/* none: there is none here; deaf: this browser cannot play it */
export type SoundState = 'none' | 'some' | 'deaf';

/* Of the directory and the hub's clock, by its signed heads; left: a run, by the next one. */
export type Alarm = 'none' | 'fork' | 'stale' | 'left';

export interface View {
  t: 'view';
  tile: number;
  line: LineState;
  retry_ms: number; /* until the next try */
  camera: string; /* thing */
  as: Quality; /* the stream that is shown */
  cannot: Cannot; /* the main stream; then the other one is shown, if there is one */
  pace: Pace; /* what of it this machine can decode */
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
  sound: SoundState;
  soundRate: number; /* samples in a second */
  alarm: Alarm;
}

/* What is known of a stretch of time. */
export interface DaysView {
  t: 'days';
  tile: number;
  camera: string;
  from: number; /* µs; the question's */
  to: number;
  spans: Span[]; /* recorded */
  gaps: Gap[];
  motion: { time: number; motion: number }[];
  first: number; /* the camera's first known moment; 0: none yet */
  until: number; /* later is not written down yet */
  early: boolean; /* the server let go what it had to keep */
  confirmed: number; /* by the hub's heads until then; 0: they are not there, or name more */
  loading: boolean;
  unread: boolean; /* the server did not answer */
}

/* at: when they shall be heard, in ms of performance.timeOrigin + now() */
export interface SamplesMessage {
  t: 'samples';
  tile: number;
  at: number;
  time: number; /* µs, the hub's, of the first one */
  rate: number;
  planes: Float32Array<ArrayBuffer>[];
}

export type FromPlayer =
  | FromFilms
  | View
  | DaysView
  | { t: 'thumb'; tile: number; time: number; wanted: number; image: ImageBitmap | null }
  | { t: 'drawn'; tile: number; frames: number; captured: number; at: number; width: number; height: number }
  | SamplesMessage
  | { t: 'hush'; tile: number } /* nothing that was to be heard */
  | { t: 'clock'; id: number; offset: number | null } /* µs */
  | { t: 'ask'; id: number; body: Octets | null }
  | { t: 'pieces'; id: number; found: Found | null | 'unknown' }
  | { t: 'home' } /* the directory changed: read it again */
  | { t: 'ticket' }; /* a new home ticket, please */
