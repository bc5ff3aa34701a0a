/*
 * tile.ts - one canvas of the page and the camera on it. Makes the show that
 * is wanted, by the stream that is wanted, and says what there is to say.
 */
import { unb64 } from '../base/codec';
import type { Heads } from '../model/heads';
import { Days } from './days';
import { daysView } from './gaps';
import type { Hubs } from './hubs';
import { KeptSince } from './kept';
import type {
  Alarm, Cannot, FromPlayer, LineState, PlayerCamera, PlayerHome, PlayerHub, Quality, ToTile,
} from './messages';
import { Screen } from './screen';
import { Show, type Wires } from './show';
import { tailsFind } from './tails';
import { Thumbs } from './thumbs';
import { CameraKeys } from './track';

/* What all tiles share. */
export interface Desk extends Wires {
  readonly hubs: Hubs;
  home: PlayerHome;
  ticket: string;
  state: LineState;
  retryAt: number; /* ms */
  awake: boolean;
  readonly cannot: Map<string, Cannot>; /* things whose main stream cannot be played */
  post(m: FromPlayer, transfer?: Transferable[]): void;
  homeOld(): void;
  clocks(): void;
}

const HIDE_MS = 1000; /* who scrolls by, or only moves the canvas, loses nothing */

export class Tile {
  show: Show | null = null;
  private thumbs: Thumbs | null = null;
  private kept: KeptSince | null = null; /* of the show */
  private readonly screen: Screen;
  private thing = '';
  private as: Quality = 'main';
  private seen = true; /* or was just now */
  private heard = true; /* if it is to be: it is seen now */
  private hearing = false;
  private subQuiet = false; /* it said something once, but no more */
  private hideTimer: ReturnType<typeof setTimeout> | undefined;
  private daysWanted: { from: number; to: number } | null = null;

  constructor(
    readonly n: number, private readonly desk: Desk, canvas: OffscreenCanvas,
    readonly small: boolean,
  ) {
    this.screen = new Screen(canvas);
  }

  /* --- which camera --- */

  private get camera(): PlayerCamera | null {
    return this.desk.home.cameras.find((c) => c.thing === this.thing) ?? null;
  }

  get hub(): PlayerHub | null {
    return this.show?.camera.hub ?? null;
  }

  /* The stream that does what is wanted: a small one, if it says anything. */
  private get best(): Quality {
    const c = this.camera;
    const wanted = this.as === 'sub' || this.desk.cannot.has(this.thing);
    const small = wanted && !this.subQuiet && c?.sub;
    return small && this.desk.hubs.speaks(c.hub.id, c.sub) ? 'sub' : 'main';
  }

  /* Heads may tell of a stream that was not known of. */
  headsTaken(heads: Heads): void {
    this.show?.days.heard(heads);
    if (this.show && this.show.position === 0 && this.best !== this.show.as) this.begin();
  }

  /* What is recorded may be more than this browser plays. */
  private changed(): void {
    const s = this.show;
    if (s?.as === 'main' && s.pictureState === 'unplayable') {
      this.desk.cannot.set(this.thing, s.codec.startsWith('hvc1') ? 'h265' : 'other');
      if (this.best === 'sub') {
        const { position } = s;
        this.begin();
        if (position > 0) void this.show?.seek(position);
        return;
      }
    }
    this.tell();
  }

  private quietLook(): void {
    const s = this.show;
    if (s?.as !== 'sub' || !s.quiet || this.desk.hubs.reason(s.camera.hub.id, s.stream) > 0) return;
    this.subQuiet = true;
    this.begin();
  }

  private begin(): void {
    this.end();
    const camera = this.camera;
    if (!camera) return;
    const keys = new CameraKeys(unb64(this.desk.home.home, 16), camera);
    const days = new Days(keys, () => this.desk.ticket);
    this.thumbs = new Thumbs(this.desk.ranges, keys, days, (wanted, time, image) =>
      this.desk.post({ t: 'thumb', tile: this.n, wanted, time, image }, image ? [image] : []));
    const as = this.best;
    this.kept = new KeptSince(camera, days, () => this.desk.ticket, as);
    this.show = new Show(this.desk, keys, as, days, this.screen, {
      drawn: (frames, captured, at, width, height) =>
        this.desk.post({ t: 'drawn', tile: this.n, frames, captured, at, width, height }),
      samples: (s) => this.desk.post({ t: 'samples', tile: this.n, ...s }, s.planes.map((p) => p.buffer)),
      hush: () => this.desk.post({ t: 'hush', tile: this.n }),
      changed: () => this.changed(),
      keysWanted: () => this.desk.homeOld(),
    }, this.small);
    this.show.clock = this.desk.hubs.clock(camera.hub.id);
    this.show.hear(this.hearing && this.heard);
    this.watch();
    this.tell();
  }

  end(): void {
    this.show?.close();
    this.show = null;
    this.thumbs = null;
    this.kept = null;
  }

  /* The home has changed: another stream, other keys, or no such camera. */
  homeTaken(): void {
    const before = this.show?.camera;
    const after = this.camera;
    const same = before?.stream === after?.stream && before?.sub === after?.sub &&
      JSON.stringify(before?.keys.map((k) => k.epoch)) === JSON.stringify(after?.keys.map((k) => k.epoch));
    if (!same) this.begin();
    else if (before && after) Object.assign(before, { locks: after.locks, keep: after.keep });
  }

  watch(): void {
    if (!this.show || !this.seen || !this.desk.awake || !this.desk.line.open) return;
    void this.show.watch();
    if (!this.show.clock) this.desk.clocks();
  }

  /* --- the page --- */

  take(m: ToTile): void {
    switch (m.t) {
      case 'show':
        this.thing = m.thing;
        this.as = m.as;
        this.subQuiet = false;
        return this.begin();
      case 'seen': return this.seenSet(m.on);
      case 'seek': return void this.show?.seek(m.time);
      case 'live': return this.show?.live();
      case 'play': return this.show?.play(m.on, m.speed);
      case 'toggle': return this.show?.toggle();
      case 'step': return this.show?.step(m.by);
      case 'days':
        this.daysWanted = { from: m.from, to: m.to };
        return void this.daysTell();
      case 'thumb': return this.thumbs?.want(m.time);
      case 'hear':
        this.hearing = m.on;
        return this.show?.hear(m.on && this.heard);
      case 'slack': return this.show?.hearing.slack(m);
    }
  }

  private seenSet(on: boolean): void {
    clearTimeout(this.hideTimer);
    this.heard = on;
    this.show?.hear(this.hearing && on);
    const hide = () => {
      this.seen = false;
      this.show?.unwatch();
    };
    if (!on) this.hideTimer = setTimeout(hide, HIDE_MS);
    else if (!this.seen) {
      this.seen = true;
      this.watch();
    }
  }

  /* One of many that are decoded at once. */
  get paced(): boolean {
    return this.small && this.seen && this.show?.online === true;
  }

  tick(): void {
    if (this.seen && this.desk.awake) {
      this.show?.tick();
      this.quietLook();
    }
    this.tell();
  }

  private get alarm(): Alarm {
    const { hubs, state } = this.desk;
    if (hubs.fork) return 'fork';
    if (!this.show || this.show.online !== true || state !== 'open') return 'none';
    if (hubs.silent(this.show.camera.hub.id) || this.show.behind) return 'stale';
    return this.show.left ? 'left' : 'none';
  }

  tell(): void {
    const s = this.show;
    if (!s) return;
    const d = this.desk;
    d.post({
      t: 'view', tile: this.n, line: d.state, retry_ms: Math.max(0, d.retryAt - performance.now()),
      camera: s.camera.thing, as: s.as, cannot: d.cannot.get(this.thing) ?? '', pace: s.pace, online: s.online, reason: d.hubs.reason(s.camera.hub.id, s.stream),
      picture: s.pictureState, verified: s.isVerified, captured: s.captured, age_s: s.age_s,
      latency: s.latency, clockNeverSet: s.clock?.neverSet ?? false, playing: s.deck.goes,
      speed: s.deck.speed, position: s.position, gap: s.gap, loading: s.loading,
      sound: s.soundState, soundRate: s.soundRate, alarm: this.alarm,
    });
  }

  /* --- the timeline --- */

  /* What is known now, and again when all of it is here. */
  private async daysTell(): Promise<void> {
    const s = this.show;
    const kept = this.kept;
    const d = this.daysWanted;
    if (!s || !kept || !d) return;
    const say = (loading: boolean, unread: boolean) =>
      this.desk.post({ ...daysView(s.days, kept, s.deck.tape.lost, { ...d, loading, unread }), tile: this.n });
    const asked = () => s === this.show && d === this.daysWanted;
    say(s.days.has, false);
    const read = await s.days.survey(d.from, d.to).then(() => true, () => false);
    await kept.load().catch(() => undefined);
    if (!asked()) return;
    say(false, !read);
    if (read && (await tailsFind(s.days, this.desk.ranges, s.keys, d.from, d.to)) && asked()) say(false, false);
  }
}
