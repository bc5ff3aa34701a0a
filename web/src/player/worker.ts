/*
 * worker.ts - the player: one connection, and tiles, each with a camera.
 * Commands from the page in, what to show and to say out.
 */
import type { Json } from '../base/json';
import type { Heads } from '../model/heads';
import { hex, unb64 } from '../base/codec';
import { Films } from './films';
import { Hubs } from './hubs';
import { Line } from './line';
import type { FromPlayer, PlayerHub, ToPlayer, ToTile } from './messages';
import { Paces } from './pace';
import { piecesFind } from './pieces';
import { Ranges } from './ranges';
import { Tile, type Desk } from './tile';
import { Together } from './together';
import { Watches } from './watches';

const TICK_MS = 250;
const SLEEP_MS = 20_000; /* hidden this long: stop watching */
const HOME_PAUSE_MS = 5000;

let desk: Desk | null = null;
const tiles = new Map<number, Tile>();
let together: Together | null = null;
const paces = new Paces();
let ticked = 0; /* ms */
const films = new Films(() => desk);
let sleepTimer: ReturnType<typeof setTimeout> | undefined;
let homeAsked = -HOME_PAUSE_MS;

function post(m: FromPlayer, transfer: Transferable[] = []): void {
  postMessage(m, { transfer });
}

function homeRead(): void {
  if (performance.now() - homeAsked < HOME_PAUSE_MS) return;
  homeAsked = performance.now();
  post({ t: 'home' });
}

/* --- what the line brings --- */

function headsTake(h: Heads): void {
  for (const { show } of tiles.values()) {
    const head = show && h.streams.get(show.stream);
    if (head) show.head(hex(head.run), head.markNumber);
  }
  for (const t of tiles.values()) t.headsTaken(h);
  tell();
}

function tell(): void {
  for (const t of tiles.values()) t.tell();
}

/* The hubs of what is shown: their clocks are asked for. */
function hubsShown(): PlayerHub[] {
  const all = new Map<string, PlayerHub>();
  for (const { hub } of tiles.values()) if (hub) all.set(hub.id, hub);
  return [...all.values()];
}

function clockTake(hub: string): void {
  for (const { show } of tiles.values())
    if (show?.camera.hub.id === hub) show.clock = desk!.hubs.clock(hub);
}

function message(d: Desk, type: string, j: Json): void {
  if (type === 'online' || type === 'offline') {
    for (const { show } of tiles.values())
      if (show && j.id('stream') === show.stream) show.online = type === 'online';
    if (type === 'online' && hubsShown().some((h) => !d.hubs.clock(h.id))) d.clocks();
    tell();
  } else if (type === 'end') d.ranges.ended(j.number('n'));
  else if (type === 'heads') void d.hubs.take(j);
  else if (type === 'home') homeRead();
}

function record(d: Desk, slot: number, octets: Uint8Array): void {
  for (const { show } of tiles.values()) if (show?.record(slot, octets)) return;
  d.ranges.record(slot, octets);
}

function lineOpen(m: Extract<ToPlayer, { t: 'open' }>): void {
  const line: Line = new Line(m.url, m.ticket, {
    state: (state, retry_ms) => {
      d.state = state;
      d.retryAt = performance.now() + retry_ms;
      if (state !== 'open') {
        for (const { show } of tiles.values()) show?.lost();
        d.ranges.lost();
        d.watches.lost();
      }
      if (state === 'ticket') post({ t: 'ticket' });
      tell();
    },
    opened: () => {
      for (const t of tiles.values()) t.watch();
    },
    message: (type, j) => message(d, type, j),
    record: (slot, octets) => record(d, slot, octets),
  });
  const hubs = new Hubs(line, () => d.home, { heads: headsTake, homeOld: homeRead, clock: clockTake });
  const d: Desk = {
    line, hubs, ranges: new Ranges(line), watches: new Watches(line), home: m.home, ticket: m.ticket,
    state: 'connecting', retryAt: 0, awake: true, cannot: new Map(), post, homeOld: homeRead,
    clocks: () => void hubs.sync(hubsShown),
  };
  desk = d;
  line.connect();
  setInterval(tick, TICK_MS);
}

/* The worker's own lateness counts, too: it opens and draws for all. */
function tick(): void {
  const t = performance.now();
  const own = ticked === 0 ? 0 : t - ticked - TICK_MS;
  ticked = t;
  const many = [...tiles.values()].filter((x) => x.paced);
  paces.tick(Math.max(own, ...many.map((x) => x.show!.late_ms)), many.length);
  many.forEach((x, i) => { x.show!.pace = paces.of(i, many.length); });
  for (const x of tiles.values()) x.tick();
}

/* --- commands --- */

function togetherSet(wanted: number[]): void {
  const before = together;
  const shows = () => wanted.flatMap((n) => tiles.get(n)?.show ?? []);
  if (!wanted.some((n) => before?.tiles.includes(n))) before?.end();
  together = wanted.length === 0 ? null : new Together(wanted, shows, tell).taken(before);
}

function tileTell(tile: Tile | undefined, m: ToTile): void {
  const show = tile?.show;
  if (tile && show && together?.tiles.includes(tile.n) && together.take(m, show)) return;
  tile?.take(m);
}

async function hubAsk(d: Desk, id: number, hub: string, body: string): Promise<void> {
  const j = (await d.line.opened()) ? await d.line.ask({ t: 'ask', hub, body }) : null;
  post({ t: 'ask', id, body: j?.octets('body') ?? null });
}

async function piecesTell(d: Desk, m: Extract<ToPlayer, { t: 'pieces' }>): Promise<void> {
  const camera = d.home.cameras.find((c) => c.thing === m.thing);
  const found = camera && piecesFind(unb64(d.home.home, 16), d.ticket, camera, m.from, m.to);
  post({ t: 'pieces', id: m.id, found: found ? await found.catch(() => 'unknown' as const) : 'unknown' });
}

function awakeSet(d: Desk, on: boolean): void {
  clearTimeout(sleepTimer);
  if (on && !d.awake) {
    d.awake = true;
    if (d.line.open) for (const t of tiles.values()) t.watch();
    else d.line.retry();
  }
  if (!on)
    sleepTimer = setTimeout(() => {
      d.awake = false;
      for (const { show } of tiles.values()) show?.unwatch();
    }, SLEEP_MS);
}

function command(d: Desk, m: Exclude<ToPlayer, { t: 'open' }>): void {
  switch (m.t) {
    case 'ticket':
      d.ticket = m.ticket;
      return d.line.retake(m.ticket);
    case 'home':
      d.home = m.home;
      return tiles.forEach((t) => t.homeTaken());
    case 'tile': return void tiles.set(m.tile, new Tile(m.tile, d, m.canvas, m.small));
    case 'close':
      tiles.get(m.tile)?.end();
      tiles.delete(m.tile);
      if (together?.tiles.every((n) => !tiles.has(n))) togetherSet([]);
      return;
    case 'clock':
      return void d.hubs.distance(m.hub).then((offset) => post({ t: 'clock', id: m.id, offset }));
    case 'filmPlan':
    case 'film':
    case 'filmStop': return films.take(m);
    case 'ask': return void hubAsk(d, m.id, m.hub, m.body);
    case 'pieces': return void piecesTell(d, m);
    case 'awake': return awakeSet(d, m.on);
    case 'retry': return d.line.retry();
    case 'together': return togetherSet(m.tiles);
    default: return tileTell(tiles.get(m.tile), m);
  }
}

addEventListener('message', (event: MessageEvent<ToPlayer>) => {
  if (event.data.t === 'open') lineOpen(event.data);
  else if (desk) command(desk, event.data);
});
