/*
 * player.ts - the page's side of the player: the worker, and a canvas for
 * each tile on which it draws. The big one outlives the screens it stands in.
 *
 * A canvas tells benches and tests what was drawn, in its data attributes
 * (frames, captured, verified, picture, latency, and heard: the time of the
 * sound that was heard when it was drawn) and by the event
 * "eaves-drawn": nothing there is a secret.
 */
import type {
  DaysView, FromPlayer, LineState, PlayerHome, Quality, ToPlayer, ToTile, View,
} from '../player/messages';
import type { FromFilms } from '../player/film_messages';
import type { Octets } from '../base/octets';
import type { Found } from '../player/pieces';
import { Speaker } from './speaker';
import { playerWorker } from './workers';

export type Thumb = Extract<FromPlayer, { t: 'thumb' }>;

type Answer = Extract<FromPlayer, { t: 'clock' | 'ask' | 'pieces' }>;

export interface PlayerEvents {
  view(v: View): void;
  line(state: LineState): void;
  days(d: DaysView): void;
  thumb(m: Thumb): void;
  film(m: FromFilms): void;
  home(): void;
  ticket(): void;
  /* a camera is about to be played, live (0) or from that time on; null: go on */
  watching(thing: string, time: number): Promise<void> | null;
}

/* One canvas, and who follows what is said about it. */
export class Tile {
  readonly canvas = document.createElement('canvas');
  view: View | null = null;
  private thing = '';
  private readonly watchers = new Set<() => void>();
  private turn: Promise<void> | null = null; /* what must be written down first */
  private sought: ToTile | null = null;

  constructor(
    readonly n: number, private readonly post: (m: ToPlayer, give?: Transferable[]) => void,
    private readonly watching: PlayerEvents['watching'], small: boolean,
  ) {
    this.canvas.className = 'picture';
    this.canvas.setAttribute('role', 'img');
    const canvas = this.canvas.transferControlToOffscreen();
    post({ t: 'tile', tile: n, canvas, small }, [canvas]);
  }

  /* In order; what plays something waits until it is written down. */
  send(m: ToTile): void {
    const time = m.t === 'seek' ? m.time : 0;
    const first = m.t === 'show' || m.t === 'seek' ? this.watching(this.thing, time) : null;
    if (!first && !this.turn) return this.post({ ...m, tile: this.n });
    if (m.t === 'seek') this.sought = m;
    const turn = (this.turn ?? Promise.resolve()).then(() => first).then(() => {
      /* of places that were passed over while it waited only the last counts */
      if (m.t !== 'seek' || m === this.sought) this.post({ ...m, tile: this.n });
      if (this.turn === turn) this.turn = null;
    });
    this.turn = turn;
  }

  show(thing: string, label: string, as: Quality = 'main'): void {
    this.canvas.setAttribute('aria-label', label);
    this.view = null;
    this.thing = thing;
    this.send({ t: 'show', thing, as });
  }

  watch(w: () => void): () => void {
    this.watchers.add(w);
    return () => this.watchers.delete(w);
  }

  /* heard: µs, beside it; null: nothing was. */
  drawn(m: Extract<FromPlayer, { t: 'drawn' }>, heard: number | null): void {
    const data = this.canvas.dataset;
    data['frames'] = String(m.frames);
    data['captured'] = String(m.captured);
    data['heard'] = String(heard ?? '');
    data['size'] = `${m.width}x${m.height}`;
    this.canvas.dispatchEvent(new CustomEvent('eaves-drawn', {
      detail: { frames: m.frames, captured: m.captured },
    }));
  }

  /* False: it is about the camera before. */
  take(v: View): boolean {
    if (v.camera !== this.thing) return false;
    const data = this.canvas.dataset;
    data['picture'] = v.picture;
    data['line'] = v.line;
    data['verified'] = String(v.verified);
    data['position'] = String(v.position);
    data['latency'] = v.latency ? v.latency.ms.toFixed(1) : '';
    data['error'] = v.latency ? v.latency.error_ms.toFixed(1) : '';
    this.view = v;
    for (const w of this.watchers) w();
    return true;
  }
}

export class Player {
  private readonly worker = playerWorker();
  private readonly tiles = new Map<number, Tile>();
  private readonly waiting = new Map<number, (m: Answer) => void>();
  private calls = 0;
  private made = 0;
  private line: LineState = 'connecting';
  readonly big: Tile;
  readonly speaker: Speaker; /* of the big one */
  lead: Tile; /* the one that the timeline is about */

  constructor(private readonly events: PlayerEvents, ticket: string, home: PlayerHome) {
    this.worker.onmessage = (e: MessageEvent<FromPlayer>) => this.take(e.data);
    const url = `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/live`;
    this.send({ t: 'open', url, ticket, home });
    this.big = this.lead = this.open(false);
    this.speaker = new Speaker((m) => this.big.send(m));
  }

  private take(m: FromPlayer): void {
    if (m.t === 'drawn') this.drawn(m);
    else if (m.t === 'samples') this.speaker.take(m);
    else if (m.t === 'hush') this.speaker.hush();
    else if (m.t === 'view') this.view(m);
    else if (m.t === 'home') this.events.home();
    else if (m.t === 'days') this.events.days(m);
    else if (m.t === 'thumb') this.events.thumb(m);
    else if (m.t === 'film' || m.t === 'filmPlan') this.events.film(m);
    else if (m.t === 'clock' || m.t === 'ask' || m.t === 'pieces') this.answered(m);
    else this.events.ticket();
  }

  private drawn(m: Extract<FromPlayer, { t: 'drawn' }>): void {
    const tile = this.tiles.get(m.tile);
    tile?.drawn(m, tile === this.big ? this.speaker.heard(m.at) : null);
  }

  private view(v: View): void {
    const tile = this.tiles.get(v.tile);
    if (v.line !== this.line) this.events.line(this.line = v.line);
    if (tile?.take(v) && tile === this.lead) this.events.view(v);
  }

  /* A new tile; small: one of many. */
  open(small: boolean): Tile {
    const tile = new Tile(
      this.made++, (m, give) => this.send(m, give), (thing, time) => this.events.watching(thing, time), small);
    this.tiles.set(tile.n, tile);
    return tile;
  }

  close(tile: Tile): void {
    this.tiles.delete(tile.n);
    if (this.lead === tile) this.lead = this.big;
    this.send({ t: 'close', tile: tile.n });
    tile.canvas.remove();
  }

  private answered(m: Answer): void {
    this.waiting.get(m.id)?.(m);
    this.waiting.delete(m.id);
  }

  private call(make: (id: number) => ToPlayer): Promise<Answer> {
    const id = ++this.calls;
    this.send(make(id));
    return new Promise((done) => this.waiting.set(id, done));
  }

  /* How far a hub's clock is ahead of ours, in µs; null: it does not answer. */
  async hubOffset(hub: string): Promise<number | null> {
    const m = await this.call((id) => ({ t: 'clock', id, hub }));
    return m.t === 'clock' ? m.offset : null;
  }

  /* The answer to a sealed command; null: none came. */
  async hubAsk(hub: string, body: string): Promise<Octets | null> {
    const m = await this.call((id) => ({ t: 'ask', id, hub, body }));
    return m.t === 'ask' ? m.body : null;
  }

  /* What there is of a camera in a stretch of time; null: nothing. */
  async pieces(thing: string, from: number, to: number): Promise<Found | null | 'unknown'> {
    const m = await this.call((id) => ({ t: 'pieces', id, thing, from, to }));
    return m.t === 'pieces' ? m.found : 'unknown';
  }

  /* They go on one clock; the timeline is about the lead. */
  together(tiles: Tile[], lead: Tile): void {
    this.lead = lead;
    this.send({ t: 'together', tiles: tiles.map((t) => t.n) });
  }

  send(m: ToPlayer, give: Transferable[] = []): void {
    this.worker.postMessage(m, give);
  }

  end(): void {
    this.speaker.end();
    this.worker.terminate();
    for (const tile of this.tiles.values()) tile.canvas.remove();
  }
}
