/*
 * player.ts - the page's side of the player: one canvas that outlives the
 * screens it stands in, and the worker that draws on it.
 *
 * The canvas tells benches and tests what was drawn, in its data attributes
 * (frames, captured, verified, picture, latency) and by the event
 * "eaves-drawn": nothing there is a secret.
 */
import type { DaysView, FromPlayer, PlayerCamera, PlayerHome, ToPlayer, View } from '../player/messages';
import type { Octets } from '../base/octets';
import type { Found } from '../player/pieces';
import { playerWorker } from './workers';

export type Thumb = Extract<FromPlayer, { t: 'thumb' }>;

type Answer = Extract<FromPlayer, { t: 'clock' | 'ask' | 'pieces' }>;

export interface PlayerEvents {
  view(v: View): void;
  days(d: DaysView): void;
  thumb(m: Thumb): void;
  home(): void;
  ticket(): void;
}

export class Player {
  readonly canvas = document.createElement('canvas');
  private readonly worker = playerWorker();
  private readonly waiting = new Map<number, (m: Answer) => void>();
  private calls = 0;

  constructor(private readonly events: PlayerEvents) {
    this.canvas.className = 'picture';
    this.canvas.setAttribute('role', 'img');
    const canvas = this.canvas.transferControlToOffscreen();
    this.worker.onmessage = (e: MessageEvent<FromPlayer>) => this.take(e.data);
    this.worker.postMessage({ t: 'canvas', canvas } satisfies ToPlayer, [canvas]);
  }

  private take(m: FromPlayer): void {
    if (m.t === 'drawn') this.drawn(m);
    else if (m.t === 'view') this.view(m);
    else if (m.t === 'home') this.events.home();
    else if (m.t === 'days') this.events.days(m);
    else if (m.t === 'thumb') this.events.thumb(m);
    else if (m.t === 'clock' || m.t === 'ask' || m.t === 'pieces') this.answered(m);
    else this.events.ticket();
  }

  private drawn(m: Extract<FromPlayer, { t: 'drawn' }>): void {
    const data = this.canvas.dataset;
    data['frames'] = String(m.frames);
    data['captured'] = String(m.captured);
    data['size'] = `${m.width}x${m.height}`;
    this.canvas.dispatchEvent(new CustomEvent('eaves-drawn', {
      detail: { frames: m.frames, captured: m.captured },
    }));
  }

  private view(v: View): void {
    const data = this.canvas.dataset;
    data['picture'] = v.picture;
    data['line'] = v.line;
    data['verified'] = String(v.verified);
    data['position'] = String(v.position);
    data['latency'] = v.latency ? v.latency.ms.toFixed(1) : '';
    data['error'] = v.latency ? v.latency.error_ms.toFixed(1) : '';
    this.events.view(v);
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
  async pieces(camera: PlayerCamera, sub: string, from: number, to: number): Promise<Found | null | 'unknown'> {
    const m = await this.call((id) => ({ t: 'pieces', id, camera, sub, from, to }));
    return m.t === 'pieces' ? m.found : 'unknown';
  }

  send(m: ToPlayer): void {
    this.worker.postMessage(m);
  }

  open(ticket: string, home: PlayerHome): void {
    const url = `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/live`;
    this.send({ t: 'open', url, ticket, home });
  }

  show(camera: PlayerCamera | null, label: string): void {
    this.canvas.setAttribute('aria-label', label);
    this.send({ t: 'show', camera });
  }

  end(): void {
    this.worker.terminate();
    this.canvas.remove();
  }
}
