/*
 * live.tsx - a camera: its picture, what is known about it, a minute back.
 */
import { useEffect, useRef, useState } from 'preact/hooks';
import { timeText, words } from '../../words/en';
import { playerNow, tabSet } from '../app/flow';
import type { View } from '../player/messages';
import { Icon, type IconName } from './parts';
import { useStore } from './store';
import { Timeline } from './timeline';

const w = words.home;

/* What is said over the picture, or instead of it. */
interface Overlay {
  icon: IconName | null;
  title: string;
  lead: string;
  solid: boolean; /* hides the picture */
  retry?: boolean;
}

function lineOverlay(v: View): Overlay | null {
  const hasPicture = v.captured > 0 && !['shut', 'false', 'unmarked'].includes(v.picture);
  if (v.line === 'open' || (v.picture === 'past' && !v.gap)) return null;
  if (v.line === 'gone')
    return {
      icon: 'off', title: w.gone, lead: w.goneRetry(v.retry_ms / 1000), solid: !hasPicture,
      retry: true,
    };
  return hasPicture ? null : { icon: null, title: w.connecting, lead: '', solid: true };
}

function overlayOf(v: View | null): Overlay | null {
  if (!v) return { icon: null, title: w.connecting, lead: '', solid: true };
  const faults = {
    shut: ['lock', w.shut, w.shutLead], unmarked: ['warn', w.unmarked, w.unmarkedLead],
    false: ['warn', w.false, w.falseLead], unplayable: ['off', w.unplayable, w.unplayableLead],
  } as const;
  if (v.picture in faults) {
    const [icon, title, lead] = faults[v.picture as keyof typeof faults];
    return { icon, title, lead, solid: true };
  }
  const line = lineOverlay(v);
  if (line) return line;
  if (v.gap) return { icon: 'clock', title: w.gap, lead: w.gapLead, solid: true };
  if (v.picture === 'past') return null;
  if (v.online === false || v.reason > 0) {
    const lead = v.online === false ? w.hubGone : w.reasons[v.reason] ?? '';
    return { icon: 'off', title: w.offline, lead: `${lead} ${w.offlineLead}`, solid: v.captured === 0 };
  }
  if (v.picture === 'waiting') return { icon: null, title: w.waiting, lead: '', solid: true };
  return null;
}

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
    const player = playerNow();
    if (!player) return;
    place.current!.replaceChildren(player.canvas);
    player.send({ t: 'awake', on: true });
    return () => {
      player.canvas.remove();
      player.send({ t: 'awake', on: false });
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
      {v && <Badges v={v} />}
      {over && <OverlayBox o={over} />}
      {'requestFullscreen' in Element.prototype && (
        <button type="button" class="full" aria-label={full ? w.fullEnd : w.full} onClick={toggle}>
          <Icon name="full" />
        </button>
      )}
    </div>
  );
}

function Badges({ v }: { v: View }) {
  if (v.captured === 0 || ['shut', 'false', 'unmarked', 'unplayable'].includes(v.picture)) return null;
  return (
    <div class="badges">
      {v.picture === 'live' && <span class="badge live">{w.live}</span>}
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

function Facts({ v }: { v: View }) {
  return (
    <p class="facts">
      <time>{v.captured > 0 ? timeText(v.position > 0 ? v.position : v.captured) : '–'}</time>
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
          {v && <Facts v={v} />}
        </div>
        {v && v.alarm !== 'none' && (
          <p class="note bad" role="alert"><Icon name="warn" /><span>{w[v.alarm]}</span></p>
        )}
        {v?.clockNeverSet && <p class="note"><Icon name="clock" /><span>{w.neverSet}</span></p>}
        {v && <Timeline v={v} zone={zone} />}
      </div>
    </section>
  );
}
