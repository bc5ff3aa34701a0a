/*
 * timeline.tsx - what is recorded, at a glance and to the second: drag to
 * look, wheel or pinch to zoom, keys for all of it. What is missing is drawn
 * and listed with its cause.
 */
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { clockText, dayName, words } from '../../words/en';
import { playerNow } from '../app/flow';
import { dayBefore, dayBegin, dayNext, ticks } from '../base/zone';
import type { Gap } from '../model/ledger';
import type { DaysView, ToPlayer, View } from '../player/messages';
import { LockButton } from './locks';
import { Icon } from './parts';
import { useStore } from './store';

const w = words.time;
const S = 1e6;
const MIN = 60 * S;
const HOUR = 60 * MIN;
const DAY = 24 * HOUR;
const WIDTHS = [2 * MIN, 10 * MIN, HOUR, 6 * HOUR, DAY];
const STEPS = [10 * S, 30 * S, MIN, 5 * MIN, 10 * MIN, 30 * MIN, HOUR, 3 * HOUR, 6 * HOUR];
const SPEEDS = [0.25, 0.5, 1, 2, 4, 8, 16];
const HIGH = 56;
const ASK_MS = 20_000;
const NEAR_NOW = 3 * S;

interface Window {
  from: number;
  to: number;
}

const nowUs = () => Date.now() * 1000;
const send = (m: ToPlayer) => playerNow()?.send(m);

/* The width of an element, as it changes. */
function useWidth() {
  const ref = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(600);
  useEffect(() => {
    const look = new ResizeObserver(([e]) => setWidth(Math.max(200, e!.contentRect.width)));
    look.observe(ref.current!);
    return () => look.disconnect();
  }, []);
  return { ref, width };
}

/* How much moved, as the outline of hills. */
function hills(d: DaysView, at: Window, width: number): string {
  const bars = new Float32Array(Math.ceil(width / 3));
  for (const m of d.motion) {
    const i = Math.floor(((m.time - at.from) / (at.to - at.from)) * bars.length);
    if (i >= 0 && i < bars.length) bars[i] = Math.max(bars[i]!, m.motion);
  }
  let path = '';
  bars.forEach((v, i) => {
    if (v > 0) path += `M${i * 3} ${HIGH}v${-Math.max(2, v * (HIGH - 10)).toFixed(1)}h2.4V${HIGH}z`;
  });
  return path;
}

function Bars({ d, at, width }: { d: DaysView; at: Window; width: number }) {
  const locks = useStore((s) => s.locks).filter((l) => l.things.includes(d.camera));
  const x = (t: number) => ((t - at.from) / (at.to - at.from)) * width;
  const box = (from: number, to: number) => {
    const a = Math.max(0, x(from));
    return { x: a, width: Math.max(1, Math.min(width, x(to)) - a) };
  };
  return (
    <>
      {d.spans.map((s) => <rect key={s.from} class="kept" {...box(s.from, s.to)} y={18} height={HIGH - 18} />)}
      <path class="motion" d={hills(d, at, width)} />
      {d.gaps.filter((g) => g.to > at.from && g.from < at.to).map((g) => (
        <rect key={`${g.from}${g.cause}`} class={`gap ${g.cause}`} {...box(g.from, g.to)} y={18} height={HIGH - 18} />
      ))}
      {locks.filter((l) => l.to > at.from && l.from < at.to).map((l) => (
        <rect key={l.id} class="locked" {...box(l.from, l.to)} y={HIGH - 4} height={4} />
      ))}
    </>
  );
}

function Scale({ at, width, zone }: { at: Window; width: number; zone: string }) {
  const span = at.to - at.from;
  const step = STEPS.find((s) => (s / span) * width >= 58) ?? 6 * HOUR;
  return (
    <>
      {ticks(at.from, at.to, step, zone).map((t) => (
        <g key={t} class="tick" transform={`translate(${((t - at.from) / span) * width} 0)`}>
          <path d={`M0 14V${HIGH}`} />
          <text y={10}>{clockText(t, zone, step < MIN)}</text>
        </g>
      ))}
    </>
  );
}

/* The small picture above the finger. */
function Peek({ time, left, zone }: { time: number; left: number; zone: string }) {
  const thumb = useStore((s) => s.thumb);
  const canvas = useRef<HTMLCanvasElement>(null);
  const image = thumb && Math.abs(thumb.wanted - time) < 5 * MIN ? thumb.image : null;
  useEffect(() => {
    const c = canvas.current;
    if (!c || !image?.width) return; /* given back meanwhile */
    c.width = image.width;
    c.height = image.height;
    c.getContext('2d')?.drawImage(image, 0, 0);
  }, [image]);
  return (
    <div class="peek" style={{ left: `clamp(0px, calc(${left}px - 5.5rem), calc(100% - 11rem))` }}>
      <canvas ref={canvas} hidden={!image} />
      <span>{clockText(time, zone, true)}</span>
    </div>
  );
}

function GapList({ d, at, zone }: { d: DaysView; at: Window; zone: string }) {
  const gaps = d.gaps.filter((g) => g.to > at.from && g.from < at.to);
  const missing = gaps.reduce((sum, g) => sum + g.to - g.from, 0);
  if (!d.first) return null;
  if (gaps.length === 0) return <p class="hint whole"><Icon name="check" />{w.whole}</p>;
  const go = (g: Gap) => send({ t: 'seek', time: g.from - 2 * S });
  return (
    <details class="gaps">
      <summary>{w.missing(gaps.length, missing / S)}</summary>
      <ol>
        {gaps.slice(-200).map((g) => (
          <li key={`${g.from}${g.cause}`}>
            <button type="button" class="link" onClick={() => go(g)}>
              {clockText(g.from, zone, true)} – {clockText(g.to, zone, true)}
            </button>
            <span class={`dot ${g.cause}`} aria-hidden="true" />
            <span>{w.cause(g)}</span>
          </li>
        ))}
      </ol>
    </details>
  );
}

interface Held {
  time: number;
  left: number;
}

export function Timeline({ v, zone }: { v: View; zone: string }) {
  const d = useStore((s) => s.days);
  const { ref, width } = useWidth();
  const [span, setSpan] = useState(HOUR);
  const [end, setEnd] = useState<number | null>(null); /* null: now */
  const [held, setHeld] = useState<Held | null>(null);
  const fingers = useRef(new Map<number, number>());
  const aim = useRef({ time: 0, at: -Infinity });
  const [, beat] = useState(0);
  const right = end ?? nowUs() + span * 0.02;
  const at: Window = { from: right - span, to: right };
  const days = d && d.camera === v.camera ? d : null;
  const head = held?.time ?? (v.position > 0 ? v.position : nowUs());

  useEffect(() => {
    const timer = setInterval(() => beat((n) => n + 1), 1000);
    return () => clearInterval(timer);
  }, []);
  useEffect(() => {
    const ask = () => send({ t: 'days', from: at.from - span, to: Math.min(nowUs(), at.to + span) });
    ask();
    const timer = setInterval(ask, ASK_MS);
    return () => clearInterval(timer);
  }, [v.camera, span, end === null ? 0 : Math.floor(end / (span / 4)), v.line]);
  /* where one is stays in sight */
  useEffect(() => {
    if (held) return;
    if (v.position === 0) setEnd(null);
    else if (v.position < at.from || v.position > at.to - span * 0.02) {
      const next = v.position + span * (v.playing ? 0.8 : 0.5);
      setEnd(next > nowUs() ? null : next);
    }
  }, [v.position]);

  const timeOf = (px: number) => Math.min(nowUs(), at.from + (px / width) * span);
  const px = (e: PointerEvent) => e.clientX - ref.current!.getBoundingClientRect().left;
  const seek = (time: number) => {
    if (time > nowUs() - NEAR_NOW) send({ t: 'live' });
    else send({ t: 'seek', time: Math.round(time) });
  };
  const zoom = (to: number, about: number) => {
    const next = Math.min(DAY * 1.05, Math.max(MIN, to));
    const part = (about - at.from) / span;
    const newEnd = about + (1 - part) * next;
    setSpan(next);
    setEnd(newEnd >= nowUs() ? null : newEnd);
  };
  const down = (e: PointerEvent) => {
    ref.current!.setPointerCapture(e.pointerId);
    fingers.current.set(e.pointerId, px(e));
    if (fingers.current.size === 1) look(e);
    else setHeld(null);
  };
  const look = (e: PointerEvent) => {
    const time = timeOf(px(e));
    setHeld({ time, left: px(e) });
    send({ t: 'thumb', time });
  };
  const move = (e: PointerEvent) => {
    const before = fingers.current.get(e.pointerId);
    if (before === undefined) return;
    fingers.current.set(e.pointerId, px(e));
    if (fingers.current.size === 1) return look(e);
    const [a, b] = [...fingers.current.entries()];
    const other = a![0] === e.pointerId ? b![1] : a![1];
    const ratio = Math.abs(before - other) / Math.max(8, Math.abs(px(e) - other));
    zoom(span * ratio, timeOf((px(e) + other) / 2));
  };
  const up = (e: PointerEvent) => {
    const last = fingers.current.size === 1 && held;
    fingers.current.delete(e.pointerId);
    setHeld(null);
    if (last) seek(last.time);
  };
  const wheel = (e: WheelEvent) => {
    e.preventDefault();
    if (Math.abs(e.deltaX) > Math.abs(e.deltaY)) {
      const to = right + (e.deltaX / width) * span;
      setEnd(to > nowUs() ? null : to);
    } else zoom(span * (e.deltaY > 0 ? 1.25 : 0.8), timeOf(e.clientX - ref.current!.getBoundingClientRect().left));
  };
  useEffect(() => {
    const el = ref.current!;
    el.addEventListener('wheel', wheel, { passive: false });
    return () => el.removeEventListener('wheel', wheel);
  });
  const nextGap = () => {
    const g = days?.gaps.find((x) => x.from > head + S);
    if (g) seek(g.from - 2 * S);
  };
  const play = () => send({ t: 'play', on: !v.playing, speed: v.speed });
  /* keys come faster than answers: each goes on from the one before */
  const by = (s: number) => {
    const from = performance.now() - aim.current.at < 1500 ? aim.current.time : head;
    aim.current = { time: from + s * S, at: performance.now() };
    seek(aim.current.time);
  };
  const keys: Record<string, () => void> = {
    ArrowLeft: () => by(-1), ArrowRight: () => by(1), ArrowDown: () => by(-10), ArrowUp: () => by(10),
    PageDown: () => by(-600), PageUp: () => by(600), Home: () => seek(dayBegin(head, zone)),
    End: () => send({ t: 'live' }), ' ': play, ',': () => send({ t: 'step', by: -1 }),
    '.': () => send({ t: 'step', by: 1 }), n: nextGap, '+': () => zoom(span / 2, head),
    '-': () => zoom(span * 2, head),
  };
  const key = (e: KeyboardEvent) => {
    const does = keys[e.key];
    if (!does || e.ctrlKey || e.altKey || e.metaKey) return;
    e.preventDefault();
    does();
  };
  const past = v.position > 0 || held !== null;
  const showDay = (begin: number) => {
    const last = dayNext(begin, zone);
    setSpan(last - begin);
    setEnd(last > nowUs() && begin <= nowUs() ? dayNext(nowUs(), zone) : last);
  };
  const headX = useMemo(() => ((head - at.from) / span) * width, [head, at.from, span, width]);
  const today = dayBegin(nowUs(), zone);
  const shownDay = dayBegin(held?.time ?? (v.position > 0 ? v.position : (at.from + Math.min(at.to, nowUs())) / 2), zone);
  return (
    <div class="timeline">
      <div class="days">
        <button type="button" class="quiet" aria-label={w.dayBefore} onClick={() => showDay(dayBefore(shownDay, zone))}>‹</button>
        <span class="day">{dayName(shownDay, today, zone)}</span>
        <button
          type="button" class="quiet" aria-label={w.dayNext} disabled={shownDay >= today}
          onClick={() => showDay(dayNext(shownDay, zone))}
        >›</button>
        <span class="fill" />
        {days?.loading && <span class="spin" role="status" aria-label={w.loading} />}
        <button
          type="button" class="quiet" aria-label={w.zoomOut} disabled={span >= DAY}
          onClick={() => zoom(WIDTHS.find((x) => x > span * 1.01) ?? DAY, head)}
        >−</button>
        <button
          type="button" class="quiet" aria-label={w.zoomIn} disabled={span <= WIDTHS[0]!}
          onClick={() => zoom([...WIDTHS].reverse().find((x) => x < span * 0.99) ?? MIN, head)}
        >+</button>
      </div>
      <div
        ref={ref} class="track" role="slider" tabIndex={0} aria-label={w.label} aria-valuemin={0}
        aria-valuemax={100} aria-valuenow={Math.round(Math.min(100, Math.max(0, (headX / width) * 100)))}
        aria-valuetext={past ? `${dayName(shownDay, today, zone)}, ${clockText(head, zone, true)}` : words.home.live}
        onKeyDown={key} onPointerDown={down} onPointerMove={move} onPointerUp={up} onPointerCancel={up}
      >
        <svg width={width} height={HIGH} viewBox={`0 0 ${width} ${HIGH}`} aria-hidden="true">
          <rect class="ground" x={0} y={18} width={width} height={HIGH - 18} />
          {days && <Bars d={days} at={at} width={width} />}
          <Scale at={at} width={width} zone={zone} />
          <path class={past ? 'head' : 'head live'} d={`M${headX} 12V${HIGH}`} />
        </svg>
        {held && <Peek time={held.time} left={held.left} zone={zone} />}
      </div>
      <div class="tools">
        <button type="button" class="quiet" aria-label={w.stepBack} onClick={() => send({ t: 'step', by: -1 })}>
          <Icon name="back" />
        </button>
        <button type="button" class="quiet" aria-pressed={v.playing} disabled={!past} onClick={play}>
          <Icon name={v.playing || !past ? 'pause' : 'play'} />
          <span class="away">{v.playing ? words.home.pause : words.home.play}</span>
        </button>
        <button type="button" class="quiet" aria-label={w.stepOn} disabled={!past} onClick={() => send({ t: 'step', by: 1 })}>
          <Icon name="on" />
        </button>
        <label class="speed">
          <span class="away">{w.speed}</span>
          <select
            value={String(v.speed)} disabled={!past}
            onChange={(e) => send({ t: 'play', on: true, speed: Number(e.currentTarget.value) })}
          >
            {SPEEDS.map((s) => <option key={s} value={String(s)}>{`×${s}`}</option>)}
          </select>
        </label>
        <button type="button" class="quiet" disabled={!days?.gaps.some((g) => g.from > head + S)} onClick={nextGap}>
          {w.nextGap}
        </button>
        <LockButton
          from={Math.max(at.from, days?.first ?? 0)} to={Math.min(at.to, days?.until ?? 0)} camera={v.camera} zone={zone}
          off={!days || Math.min(at.to, days.until) <= Math.max(at.from, days.first)}
        />
        <span class="fill" />
        {past && (
          <button type="button" class="quiet" onClick={() => send({ t: 'live' })}>{words.home.goLive}</button>
        )}
      </div>
      {days && <GapList d={days} at={{ from: at.from, to: at.to }} zone={zone} />}
    </div>
  );
}
