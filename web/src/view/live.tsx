/*
 * live.tsx - a camera: its picture, what is known about it, a minute back.
 */
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { clockText, words } from '../../words/en';
import { playerNow, tabSet } from '../app/flow';
import type { View } from '../player/messages';
import { Export } from './export';
import { overlayOf, type Overlay } from './overlay';
import { Icon } from './parts';
import { SoundButton } from './sound';
import { useStore } from './store';
import { Timeline } from './timeline';

const w = words.home;

function OverlayBox({ o }: { o: Overlay }) {
  return (
    <div class={o.solid ? 'overlay solid' : 'overlay'}>
      {o.icon ? <Icon name={o.icon} /> : <span class="spin big" aria-hidden="true" />}
      <p class="overlay-title">{o.title}</p>
      {o.lead && <p>{o.lead}</p>}
      {o.retry && (
        <button type="button" onClick={() => playerNow()?.send({ t: 'retry' })}>{w.retryNow}</button>
      )}
    </div>
  );
}

/* The canvas lives longer than this screen: it is moved in and out. */
function Stage({ v, over }: { v: View | null; over: Overlay | null }) {
  const place = useRef<HTMLDivElement>(null);
  const frame = useRef<HTMLDivElement>(null);
  const [full, setFull] = useState(false);
  useEffect(() => {
    const tile = playerNow()?.big;
    if (!tile) return;
    place.current!.replaceChildren(tile.canvas);
    tile.send({ t: 'seen', on: true });
    return () => {
      tile.canvas.remove();
      tile.send({ t: 'seen', on: false });
    };
  }, [playerNow()]);
  useEffect(() => {
    const look = () => setFull(document.fullscreenElement === frame.current);
    document.addEventListener('fullscreenchange', look);
    return () => document.removeEventListener('fullscreenchange', look);
  }, []);
  const toggle = () => void (full ? document.exitFullscreen() : frame.current!.requestFullscreen());
  return (
    <div ref={frame} class={v?.picture === 'old' ? 'stage old' : 'stage'}>
      <div ref={place} class="place" />
      {v && <Badges v={v} now={!over} />}
      {over && <OverlayBox o={over} />}
      {v && <SoundButton v={v} />}
      {'requestFullscreen' in Element.prototype && (
        <button type="button" class="full" aria-label={full ? w.fullEnd : w.full} onClick={toggle}>
          <Icon name="full" />
        </button>
      )}
    </div>
  );
}

/* now: nothing is said over the picture; else what is under it is not live. */
function Badges({ v, now }: { v: View; now: boolean }) {
  if (v.captured === 0 || v.gap || ['shut', 'false', 'unmarked', 'unplayable'].includes(v.picture)) return null;
  return (
    <div class="badges">
      {v.picture === 'live' && now && <span class="badge live">{w.live}</span>}
      {v.picture === 'old' && (
        <span class="badge warn"><Icon name="clock" />{w.old(v.age_s)}</span>
      )}
      {v.picture === 'past' && <span class="badge">{w.past}</span>}
      {v.verified ? (
        <span class="badge good" title={w.verifiedHint}><Icon name="check" />{w.verified}</span>
      ) : (
        <span class="badge">{w.unverified}</span>
      )}
    </div>
  );
}

function Facts({ v, zone }: { v: View; zone: string }) {
  return (
    <p class="facts">
      <time>{v.captured > 0 ? clockText(v.position > 0 ? v.position : v.captured, zone, true) : '–'}</time>
      {v.latency && v.picture === 'live' && (
        <span class="latency" title={w.latencyHint}>
          {w.latency(v.latency.ms, v.latency.error_ms)}
        </span>
      )}
    </p>
  );
}

/* What changed is said once, without the ticking numbers. */
function spoken(v: View | null, over: Overlay | null): string {
  if (over) return `${over.title}. ${over.retry ? '' : over.lead}`;
  if (!v) return '';
  if (v.picture === 'live') return v.verified ? `${w.live}, ${w.verified}` : w.live;
  return v.picture === 'past' ? w.past : v.picture === 'old' ? w.old(0).replace(/:.*/, '') : '';
}

export function Live({ name }: { name: string }) {
  const v = useStore((s) => s.view);
  const zone = useStore((s) => s.zone);
  const over = overlayOf(v);
  const exporting = useMemo(() => <Export zone={zone} />, [zone]); /* views come four times a second */
  return (
    <section class="camera" aria-label={name}>
      <Stage v={v} over={over} />
      <p class="away" role="status">{spoken(v, over)}</p>
      <div class="under">
        <div class="title-row">
          <h1>{name}</h1>
          <button
            type="button" class="quiet" aria-label={words.keep.settings(name)} onClick={() => tabSet('camera')}
          >
            <Icon name="gear" />
          </button>
          {v && <Facts v={v} zone={zone} />}
        </div>
        {v && v.alarm !== 'none' && (
          <p class="note bad" role="alert"><Icon name="warn" /><span>{w[v.alarm]}</span></p>
        )}
        {v && v.cannot !== '' && v.as === 'sub' && (
          <p class="note" role="status"><Icon name="clock" /><span>{v.cannot === 'h265' ? w.h265 : w.mainUnplayable}</span></p>
        )}
        {v?.clockNeverSet && <p class="note"><Icon name="clock" /><span>{w.neverSet}</span></p>}
        {v && <Timeline v={v} zone={zone} />}
        {exporting}
      </div>
    </section>
  );
}
