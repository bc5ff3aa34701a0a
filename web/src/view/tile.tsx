/*
 * tile.tsx - a camera among others: its picture, and at a glance whether it
 * is live, how old it is, and why there is none.
 */
import { useEffect, useRef, useState } from 'preact/hooks';
import { words } from '../../words/en';
import { playerNow } from '../app/flow';
import type { Tile } from '../app/player';
import type { Quality, View } from '../player/messages';
import { overlayOf } from './overlay';
import { Icon } from './parts';

const w = words.home;

/* A tile of the player for as long as this is shown; away from the screen it rests. */
export function useTile(thing: string, name: string, as: Quality, small: boolean) {
  const place = useRef<HTMLDivElement>(null);
  const [tile, setTile] = useState<Tile | null>(null);
  const [v, setView] = useState<View | null>(null);
  const player = playerNow();
  useEffect(() => {
    if (!player) return;
    const t = player.open(small);
    t.show(thing, w.picture(name), as);
    place.current!.replaceChildren(t.canvas);
    setTile(t);
    const stop = t.watch(() => setView(t.view));
    const eye = new IntersectionObserver((all) =>
      t.send({ t: 'seen', on: all[all.length - 1]!.isIntersecting }));
    eye.observe(place.current!);
    return () => {
      eye.disconnect();
      stop();
      player.close(t);
      setView(null);
    };
  }, [player, thing]);
  return { place, tile, v };
}

const HIDDEN = ['shut', 'false', 'unmarked', 'unplayable', 'waiting'];

/* Live is said only of what moves. */
function Badge({ v }: { v: View }) {
  if (v.captured === 0 || HIDDEN.includes(v.picture)) return null;
  if (v.picture === 'old')
    return <span class="badge warn"><Icon name="clock" />{w.old(v.age_s)}</span>;
  if (v.picture === 'past') return <span class="badge">{w.past}</span>;
  if (v.pace !== 'all') return <span class="badge warn" title={w.slowHint}>{w.slow(v.age_s)}</span>;
  return <span class="badge live">{w.live}</span>;
}

function Fact({ v }: { v: View }) {
  if (v.picture !== 'live') return null;
  const text = v.latency ? w.latencyShort(v.latency.ms) : '';
  return (
    <span class="tile-fact" title={w.latencyHint}>
      {v.verified && <Icon name="check" />}
      {text}
    </span>
  );
}

/* What it is like, in words, without ticking numbers. */
export function stateText(v: View | null): string {
  const over = overlayOf(v);
  if (over) return over.title;
  if (v!.picture === 'past') return w.past;
  if (v!.picture === 'old') return w.oldWord;
  return v!.pace === 'all' ? w.live : w.slowWord;
}

export function TileFace({ name, v, place }: { name: string; v: View | null; place: { current: HTMLDivElement | null } }) {
  const over = overlayOf(v);
  const old = v?.picture === 'old' || (over !== null && !over.solid);
  return (
    <div class={old ? 'face old' : 'face'}>
      <div ref={place} class="place" />
      {over && (
        <div class={over.solid ? 'overlay solid' : 'overlay'}>
          {over.icon ? <Icon name={over.icon} /> : <span class="spin big" aria-hidden="true" />}
          <p class="overlay-title">{over.title}</p>
          {over.lead && <p>{over.lead}</p>}
        </div>
      )}
      {v && <div class="badges"><Badge v={v} /></div>}
      <div class="tile-bar">
        <span class="tile-name">{name}</span>
        {v && <Fact v={v} />}
      </div>
    </div>
  );
}
