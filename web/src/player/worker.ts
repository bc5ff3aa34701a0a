/*
 * worker.ts - the player: one connection, one camera on one canvas. Commands
 * from the page in, what to show and to say out.
 */
import { b64, hex, unb64 } from '../base/codec';
import { Json } from '../base/json';
import { same, type Octets } from '../base/octets';
import { clockAsk, clockRead, now, type Offset } from '../model/clock';
import { headsOpen, type Heads } from '../model/heads';
import { Days } from './days';
import { KeptSince } from './kept';
import { Line } from './line';
import type {
  Alarm, FromPlayer, LineState, PlayerCamera, PlayerHome, PlayerHub, ToPlayer, View,
} from './messages';
import { ledger, stretches } from '../model/ledger';
import { piecesFind } from './pieces';
import { Ranges } from './ranges';
import { Screen } from './screen';
import { Show } from './show';
import { Thumbs } from './thumbs';
import { CameraKeys } from './track';

const TICK_MS = 250;
const CLOCK_MS = 60_000;
const CLOCK_AGAIN_MS = 6000;
const CLOCK_ASKS = 3;
const CLOCK_TRIES = 6;
const CLOCK_PAUSE_MS = 1000;
const HEADS_STALE_MS = 30_000;
const SLEEP_MS = 20_000; /* hidden this long: stop watching */
const HOME_PAUSE_MS = 5000;

let home: PlayerHome | null = null;
let line: Line | null = null;
let ranges: Ranges | null = null;
let thumbs: Thumbs | null = null;
let ticket = '';
let kept: KeptSince | null = null;
let daysWanted: { from: number; to: number } | null = null;
let lineState: LineState = 'connecting';
let retryAt = 0;
let screen: Screen | null = null;
let show: Show | null = null;
let wanted: PlayerCamera | null = null;
let awake = true;
let sleepTimer: ReturnType<typeof setTimeout> | undefined;
let clockTimer: ReturnType<typeof setTimeout> | undefined;
let homeAsked = -HOME_PAUSE_MS;

const hubHeads = new Map<string, { heads: Heads; at: number }>();
let fork = false;

function post(m: FromPlayer): void {
  postMessage(m);
}

function homeId(): Octets {
  return unb64(home!.home, 16);
}

/* --- heads --- */

function directoryCheck(h: Heads): void {
  const ours = home!.directory;
  if (h.directoryVersion > ours.version) homeRead();
  if (h.directoryVersion === ours.version && !same(h.directoryHash, ours.hash)) fork = true;
}

async function headsTake(j: Json): Promise<void> {
  const hub = home?.hubs.find((x) => x.id === j.id('hub'));
  if (!hub || !home) return;
  for (const people of home.people) {
    const heads = await headsOpen(j.octets('body'), homeId(), people.key, hub.sign).catch(() => null);
    if (!heads || heads.hub !== hub.id) continue;
    const before = hubHeads.get(hub.id);
    if (before && before.heads.counter >= heads.counter) return; /* said before */
    hubHeads.set(hub.id, { heads, at: performance.now() });
    directoryCheck(heads);
    const head = show && heads.streams.get(show.camera.stream);
    if (head) show?.head(hex(head.run), head.markNumber);
    tell();
    return;
  }
}

function alarm(): Alarm {
  if (fork) return 'fork';
  if (!show || show.online !== true || lineState !== 'open') return 'none';
  const heads = hubHeads.get(show.camera.hub.id);
  const silent = heads !== undefined && performance.now() - heads.at > HEADS_STALE_MS;
  return silent || show.behind ? 'stale' : 'none';
}

function reason(): number {
  const heads = show && hubHeads.get(show.camera.hub.id)?.heads;
  return heads?.streams.get(show!.camera.stream)?.state ?? 0;
}

/* --- the page --- */

function tell(): void {
  if (!show) return;
  const view: View = {
    t: 'view', line: lineState, retry_ms: Math.max(0, retryAt - performance.now()),
    camera: show.camera.thing, online: show.online, reason: reason(), picture: show.pictureState,
    verified: show.isVerified, captured: show.captured, age_s: show.age_s, latency: show.latency,
    clockNeverSet: show.clock?.neverSet ?? false, playing: show.deck.playing,
    speed: show.deck.speed, position: show.position, gap: show.gap, loading: show.loading,
    alarm: alarm(),
  };
  post(view);
}

function homeRead(): void {
  if (performance.now() - homeAsked < HOME_PAUSE_MS) return;
  homeAsked = performance.now();
  post({ t: 'home' });
}

/* --- the hub's clock --- */

async function clockAskOnce(hub: PlayerHub): Promise<Offset | null> {
  const asked = await clockAsk(homeId(), unb64(hub.id, 16), hub.kx);
  const j = await line!.ask({ t: 'clock', hub: hub.id, body: b64(asked.body) });
  const t4 = now();
  return j && clockRead(asked, j.octets('body'), t4).catch(() => null);
}

/* The quickest of a few tells most. */
async function clockMeasure(s: Show): Promise<boolean> {
  let best: Offset | null = null;
  for (let i = 0; i < CLOCK_ASKS; i++) {
    const one = await clockAskOnce(s.camera.hub);
    if (!one) break;
    if (!best || one.error < best.error) best = one;
    s.clock = best;
  }
  return best !== null;
}

/* At once, then each minute; sooner while the hub does not answer. */
async function clockSync(): Promise<void> {
  clearTimeout(clockTimer);
  clockTimer = setTimeout(() => void clockSync(), CLOCK_AGAIN_MS);
  if (!show || !line?.open || !(await clockMeasure(show))) return;
  clearTimeout(clockTimer);
  clockTimer = setTimeout(() => void clockSync(), CLOCK_MS);
}

/* --- commands --- */

async function lineOpened(): Promise<boolean> {
  for (let i = 0; i < 50 && !line?.open; i++) await new Promise((done) => setTimeout(done, 100));
  return line?.open ?? false;
}

async function hubClock(id: number, hub: string): Promise<void> {
  const h = home?.hubs.find((x) => x.id === hub);
  let one: Offset | null = null;
  /* a hub that was just met may still be on its way */
  for (let i = 0; h && !one && i < CLOCK_TRIES; i++) {
    if (i > 0) await new Promise((done) => setTimeout(done, CLOCK_PAUSE_MS));
    one = (await lineOpened()) ? await clockAskOnce(h) : null;
  }
  post({ t: 'clock', id, offset: one?.offset ?? null });
}

async function hubAsk(id: number, hub: string, body: string): Promise<void> {
  const j = (await lineOpened()) ? await line!.ask({ t: 'ask', hub, body }) : null;
  post({ t: 'ask', id, body: j?.octets('body') ?? null });
}

async function piecesTell(m: Extract<ToPlayer, { t: 'pieces' }>): Promise<void> {
  const found = piecesFind(homeId(), ticket, m.camera, m.sub, m.from, m.to);
  post({ t: 'pieces', id: m.id, found: await found.catch(() => 'unknown' as const) });
}

/* --- the timeline --- */

function daysSay(s: Show, from: number, to: number, loading: boolean): void {
  const rows = s.days.rows;
  const runs = s.days.runs('main');
  const first = rows.reduce((least, r) => Math.min(least, r.hour.from), Infinity);
  const until = s.days.until;
  post({
    t: 'days', camera: s.camera.thing, from, to, loading, until,
    first: Number.isFinite(first) ? first : 0,
    spans: kept!.spans(stretches(runs).filter((x) => x.to > from && x.from < to)),
    gaps: kept!.gaps(ledger({
      rows, from, to: Math.min(to, until), since: kept!.begin(first), oldest: kept!.oldest,
      lost: s.deck.tape.lost,
    })),
    motion: s.days.places('main').filter((p) => p.time >= from && p.time < to && p.motion > 0)
      .map((p) => ({ time: p.time, motion: p.motion })),
  });
}

/* What is known now, and again when all of it is here. */
async function daysTell(): Promise<void> {
  const s = show;
  const d = daysWanted;
  if (!s || !d) return;
  daysSay(s, d.from, d.to, s.days.has);
  await s.days.cover(d.from, d.to).catch(() => false);
  await kept?.load().catch(() => undefined);
  if (s === show && d === daysWanted) daysSay(s, d.from, d.to, false);
}

/* --- the camera --- */

function showCamera(): void {
  const clock = show && wanted && show.camera.hub.id === wanted.hub.id ? show.clock : null;
  show?.close();
  show = null;
  thumbs = null;
  if (!wanted || !screen || !line || !ranges || !home) return;
  const keys = new CameraKeys(homeId(), wanted);
  const days = new Days(keys, () => ticket);
  kept = new KeptSince(wanted, days, () => ticket);
  thumbs = new Thumbs(ranges, keys, days, (wantedAt, time, image) =>
    postMessage(
      { t: 'thumb', wanted: wantedAt, time, image } satisfies FromPlayer,
      { transfer: image ? [image] : [] }));
  show = new Show(line, ranges, keys, days, screen, {
    drawn: (frames, captured, width, height) =>
      post({ t: 'drawn', frames, captured, width, height }),
    changed: tell,
    keysWanted: homeRead,
  });
  show.clock = clock;
  if (line.open && awake) watch();
  tell();
}

function watch(): void {
  void show?.watch();
  void clockSync();
}

function lineOpen(m: Extract<ToPlayer, { t: 'open' }>): void {
  home = m.home;
  ticket = m.ticket;
  line = new Line(m.url, m.ticket, {
    state: (state, retry_ms) => {
      lineState = state;
      retryAt = performance.now() + retry_ms;
      if (state !== 'open') {
        show?.lost();
        ranges?.lost();
      }
      if (state === 'ticket') post({ t: 'ticket' });
      tell();
    },
    opened: () => {
      if (awake) watch();
    },
    message: (type, j) => lineMessage(type, j),
    record: (slot, record) => {
      if (!show?.record(slot, record)) ranges?.record(slot, record);
    },
  });
  ranges = new Ranges(line);
  line.connect();
  setInterval(() => {
    show?.tick();
    tell();
  }, TICK_MS);
}

function lineMessage(type: string, j: Json): void {
  if (type === 'online' || type === 'offline') {
    if (show && j.id('stream') === show.camera.stream) show.online = type === 'online';
    if (type === 'online' && !show?.clock) void clockSync();
    tell();
  } else if (type === 'end') ranges?.ended(j.number('n'));
  else if (type === 'heads') void headsTake(j);
  else if (type === 'home') homeRead();
}

function awakeSet(on: boolean): void {
  clearTimeout(sleepTimer);
  if (on && !awake) {
    awake = true;
    if (line?.open) watch();
    else line?.retry();
  }
  if (!on)
    sleepTimer = setTimeout(() => {
      awake = false;
      show?.unwatch();
    }, SLEEP_MS);
}

function homeTake(m: Extract<ToPlayer, { t: 'home' }>): void {
  home = m.home;
  const before = JSON.stringify(wanted?.keys.map((k) => k.epoch));
  const after = JSON.stringify(m.camera?.keys.map((k) => k.epoch));
  const moved = wanted?.stream !== m.camera?.stream || before !== after;
  wanted = m.camera;
  if (moved) showCamera();
  else if (show && m.camera) show.camera.locks = m.camera.locks;
}

function command(m: ToPlayer): void {
  switch (m.t) {
    case 'open': return lineOpen(m);
    case 'ticket':
      ticket = m.ticket;
      return line?.retake(m.ticket);
    case 'home': return homeTake(m);
    case 'canvas':
      screen = new Screen(m.canvas);
      return showCamera();
    case 'show':
      wanted = m.camera;
      return showCamera();
    case 'seek': return void show?.seek(m.time);
    case 'live': return show?.live();
    case 'play': return show?.play(m.on, m.speed);
    case 'step': return show?.step(m.by);
    case 'days':
      daysWanted = { from: m.from, to: m.to };
      return void daysTell();
    case 'thumb': return thumbs?.want(m.time);
    case 'clock': return void hubClock(m.id, m.hub);
    case 'ask': return void hubAsk(m.id, m.hub, m.body);
    case 'pieces': return void piecesTell(m);
    case 'awake': return awakeSet(m.on);
    case 'retry': return line?.retry();
  }
}

addEventListener('message', (event: MessageEvent<ToPlayer>) => command(event.data));
