/*
 * timeline.tsx - what is recorded, at a glance and to the second: drag to
 * look, wheel or pinch to zoom, keys for all of it. What is missing is drawn
 * and listed with its cause.
 */
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { clockText, dayName, words } from '../../words/en';
import { playerNow } from '../app/flow';
import { filmsBusy, filmsToggle } from '../app/films';
import { dayBefore, dayBegin, dayNext, ticks, wallRead, wallText } from '../base/zone';
import type { DaysView, ToTile, View } from '../player/messages';
import { Ends } from './export';
import { GapList } from './gaps';
import { LockButton } from './locks';
import { KeyHelp, MomentList, momentsIn } from './moments';
import { Icon } from './parts';
import { snapshotSave } from './snapshot';
import { useStore } from './store';
import { useWindow, type Window } from './window';

const w = words.time;
const S = 1e6;
const MIN = 60 * S;
const HOUR = 60 * MIN;
const DAY = 24 * HOUR;
const WIDTHS = [2 * MIN, 10 * MIN, HOUR, 6 * HOUR, DAY];
const STEPS = [10 * S, 30 * S, MIN, 2 * MIN, 5 * MIN, 10 * MIN, 30 * MIN, HOUR, 3 * HOUR, 6 * HOUR];
const SPEEDS = [0.25, 0.5, 1, 2, 4, 8, 16];
const HIGH = 56;
const TOP = 18; /* the hours stand above */
const LABEL = 64; /* px, between two of them */
const ASK_MS = 20_000;
const EXPORT_SPAN = 6 * MIN;
const GRAIN = S / 16; /* the index rounds down: that picture is a little later */
const FIRST_MS = 5000;
const NEAR_NOW = 3 * S;
const HELD_MS = 400;

const nowUs = () => Date.now() * 1000;
const send = (m: ToTile) => playerNow()?.lead.send(m);
const seek = (time: number) => {
  if (time > nowUs() - NEAR_NOW) send({ t: 'live' });
  else send({ t: 'seek', time: Math.round(time) });
};

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
    if (v > 0) path += `M${i * 3} ${HIGH}v${-Math.max(2, v * (HIGH - TOP - 3)).toFixed(1)}h2.4V${HIGH}z`;
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
      {d.spans.map((s) => <rect key={s.from} class="kept" {...box(s.from, s.to)} y={TOP} height={HIGH - TOP} />)}
      <path class="motion" d={hills(d, at, width)} />
      {d.gaps.filter((g) => g.to > at.from && g.from < at.to).map((g) => (
        <rect key={`${g.from}${g.cause}`} class={`gap why-${g.cause}`} {...box(g.from, g.to)} y={TOP} height={HIGH - TOP} />
      ))}
      {locks.filter((l) => l.to > at.from && l.from < at.to).map((l) => (
        <rect key={l.id} class="locked" {...box(l.from, l.to)} y={HIGH - 4} height={4} />
      ))}
    </>
  );
}

function Scale({ at, width, zone }: { at: Window; width: number; zone: string }) {
  const span = at.to - at.from;
  const step = STEPS.find((s) => (s / span) * width >= LABEL) ?? 6 * HOUR;
  return (
    <>
      {ticks(at.from, at.to, step, zone).map((t) => {
        const x = ((t - at.from) / span) * width;
        const whole = x > LABEL / 2.4 && x < width - LABEL / 2.4; /* else it would be cut */
        return (
          <g key={t} class="tick" transform={`translate(${x} 0)`}>
            <path d={`M0 14V${HIGH}`} />
            {whole && <text y={10}>{clockText(t, zone, step < MIN)}</text>}
          </g>
        );
      })}
    </>
  );
}

/* The small picture above the finger. */
function Peek({ time, left, zone, d }: { time: number; left: number; zone: string; d: DaysView | null }) {
  const gap = d?.gaps.find((g) => g.from <= time && time < g.to);
  const thumb = useStore((s) => s.thumb);
  const canvas = useRef<HTMLCanvasElement>(null);
  const image = thumb && !gap && Math.abs(thumb.wanted - time) < 5 * MIN ? thumb.image : null;
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
      {gap && <span>{w.cause(gap)}</span>}
      <span>{clockText(time, zone, true)}</span>
    </div>
  );
}

interface Held {
  time: number;
  left: number;
}

/* The day that is shown; it opens the browser's calendar. */
function DayPick(p: { begin: number; today: number; zone: string; go: (begin: number) => void }) {
  const day = (us: number) => wallText(us, p.zone).slice(0, 10);
  const chosen = (value: string) => {
    const us = wallRead(`${value}T12:00:00`, p.zone);
    if (us !== null && us > 0) p.go(dayBegin(Math.min(us, nowUs()), p.zone));
  };
  return (
    <label class="day">
      <span aria-hidden="true">{dayName(p.begin, p.today, p.zone)}</span>
      <input
        type="date" aria-label={w.day} value={day(p.begin)} max={day(nowUs())} required
        onClick={(e) => {
          try {
            e.currentTarget.showPicker();
          } catch { /* it opens in its own way */ }
        }}
        onChange={(e) => chosen(e.currentTarget.value)}
      />
    </label>
  );
}

function ExportButton({ v }: { v: View }) {
  const f = useStore((s) => s.films);
  const row = f?.rows.find((r) => r.state === 'running' || r.state === 'waiting');
  return (
    <button
      type="button" class="quiet" aria-expanded={!!f?.open} onClick={() => filmsToggle(v.position)}
    >
      <Icon name="film" />
      {filmsBusy(f) ? words.film.openBusy(row?.part ?? 0) : words.film.open}
    </button>
  );
}

function SnapshotButton({ v, zone }: { v: View; zone: string }) {
  const cameras = useStore((s) => s.cameras);
  const save = () => {
    const tile = playerNow()?.lead;
    const name = cameras.find((c) => c.thing === v.camera)?.name ?? '';
    if (tile) void snapshotSave(tile.canvas, name, v.captured, zone);
  };
  const blank = v.captured === 0 || ['shut', 'false', 'unmarked', 'unplayable', 'waiting'].includes(v.picture);
  return (
    <button type="button" class="quiet" aria-label={words.film.snapshot} disabled={blank || v.gap} onClick={save}>
      <Icon name="photo" />
    </button>
  );
}

/* Fingers on the track: one looks, two move and zoom. */
function useFingers(look: (px: number) => void, end: (seek: boolean) => void,
  pinch: (before: [number, number], after: [number, number]) => void) {
  const fingers = useRef(new Map<number, number>());
  const pinched = useRef(false);
  const px = (e: PointerEvent) => e.clientX - (e.currentTarget as HTMLElement).getBoundingClientRect().left;
  return {
    onPointerDown(e: PointerEvent) {
      if (e.button !== 0) return;
      (e.currentTarget as HTMLElement).setPointerCapture(e.pointerId);
      fingers.current.set(e.pointerId, px(e));
      if (fingers.current.size === 1) {
        pinched.current = false;
        look(px(e));
      } else {
        pinched.current = true;
        end(false);
      }
    },
    onPointerMove(e: PointerEvent) {
      const all = fingers.current;
      const before = all.get(e.pointerId);
      if (before === undefined) return;
      all.set(e.pointerId, px(e));
      if (!pinched.current) return look(px(e));
      const other = [...all].find(([id]) => id !== e.pointerId)?.[1];
      if (other !== undefined) pinch([before, other], [px(e), other]);
    },
    onPointerUp(e: PointerEvent) {
      if (fingers.current.delete(e.pointerId) && fingers.current.size === 0) end(!pinched.current);
    },
    onPointerCancel(e: PointerEvent) {
      fingers.current.delete(e.pointerId);
      end(false);
    },
  };
}

export function Timeline({ v, zone }: { v: View; zone: string }) {
  const d = useStore((s) => s.days);
  const films = useStore((s) => (s.films?.open && !filmsBusy(s.films) ? s.films : null));
  const { ref, width } = useWidth();
  const win = useWindow(HOUR);
  const { at, span, end } = win;
  const [held, setHeld] = useState<Held | null>(null);
  const newestHeld = useRef<Held | null>(null);
  const releasing = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  const aim = useRef({ time: 0, at: -Infinity });
  const [, beat] = useState(0);
  const days = d && d.camera === v.camera ? d : null;
  const head = held?.time ?? (v.position > 0 ? v.position : nowUs());
  const past = v.position > 0 || held !== null;
  const today = dayBegin(nowUs(), zone);
  const middle = (at.from + Math.min(at.to, nowUs())) / 2;
  const shownDay = dayBegin(past && head >= at.from && head < at.to ? head : middle, zone);

  useEffect(() => {
    const timer = setInterval(() => beat((n) => n + 1), 1000);
    return () => clearInterval(timer);
  }, []);
  useEffect(() => {
    /* what is seen and a little around it, and the whole day: its gaps are listed */
    const ask = () => send({
      t: 'days', from: Math.min(shownDay, at.from - span),
      to: Math.min(nowUs(), Math.max(dayNext(shownDay, zone), at.to + span)),
    });
    ask();
    const timer = setInterval(ask, days?.first ? ASK_MS : FIRST_MS);
    return () => clearInterval(timer);
  }, [v.camera, span, end === null ? 0 : Math.floor(end / (span / 4)), v.line, shownDay, !days?.first]);
  useEffect(() => {
    if (releasing.current) hold(null);
  }, [v.position, v.gap]);
  useEffect(() => () => clearTimeout(releasing.current), []);
  /* where one is stays in sight */
  useEffect(() => {
    if (held) return;
    if (v.position === 0) win.endSet(null);
    else if (v.position < at.from || v.position > at.to - span * 0.02)
      win.endSet(v.position + span * (v.playing ? 0.8 : 0.5));
  }, [v.position]);
  /* what is exported stays in sight, and its ends apart */
  useEffect(() => {
    if (!films || held || films.to <= films.from) return;
    const length = films.to - films.from;
    if (films.from < at.from || films.to > at.to || length < span / 12)
      win.fit(Math.max(EXPORT_SPAN, length * 1.5), films.from, films.to);
  }, [films?.from, films?.to]);

  const timeOf = (px: number) => Math.min(nowUs(), at.from + (px / width) * span);
  const hold = (h: Held | null) => {
    clearTimeout(releasing.current);
    releasing.current = undefined;
    newestHeld.current = h;
    setHeld(h);
  };
  /* The small picture stays until the large one is here: to draw the page anew now would delay that. */
  const release = () => {
    clearTimeout(releasing.current);
    releasing.current = setTimeout(() => hold(null), HELD_MS);
  };
  const look = (time: number, left: number) => {
    hold({ time, left });
    send({ t: 'thumb', time });
  };
  const fingers = useFingers(
    (px) => look(timeOf(px), px),
    (then) => {
      const last = newestHeld.current;
      if (!then || !last) return hold(null);
      seek(last.time);
      release();
    },
    ([a, b], [c, e]) => win.pinch([a / width, b / width], [c / width, e / width]));
  const wheel = (e: WheelEvent) => {
    e.preventDefault();
    const px = e.clientX - ref.current!.getBoundingClientRect().left;
    if (Math.abs(e.deltaX) > Math.abs(e.deltaY)) win.endSet(at.to + (e.deltaX / width) * span);
    else win.zoom(span * (e.deltaY > 0 ? 1.25 : 0.8), timeOf(px));
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
  const moved = (by: 1 | -1) => {
    const all = days ? momentsIn(days, { from: 0, to: nowUs() }) : [];
    const m = by > 0 ? all.find((x) => x.from > head + S) : all.reverse().find((x) => x.from < head - 3 * S);
    if (m) seek(m.from + GRAIN);
  };
  const speedSet = (speed: number) => send({ t: 'play', on: true, speed });
  const faster = (by: 1 | -1) => {
    const speed = SPEEDS[SPEEDS.indexOf(v.speed) + by];
    if (past && speed) speedSet(speed);
  };
  const play = () => send({ t: 'toggle' }); /* what is said here of it may be older than the last key */
  /* keys come faster than answers: each goes on from the one before */
  const by = (s: number) => {
    const from = performance.now() - aim.current.at < 1500 ? aim.current.time : head;
    aim.current = { time: from + s * S, at: performance.now() };
    seek(aim.current.time);
  };
  const showDay = (begin: number) => {
    const last = dayNext(begin, zone);
    win.show(begin, last);
  };
  const headX = ((head - at.from) / span) * width;
  /* a day has thousands of these, and a seek comes with views of its own: made anew only when they change */
  const bars = useMemo(() => days && <Bars d={days} at={at} width={width} />, [days, at.from, at.to, width]);
  const scale = useMemo(() => <Scale at={at} width={width} zone={zone} />, [at.from, at.to, width, zone]);
  const lists = useMemo(() => days && (
    <>
      <GapList d={days} from={shownDay} to={dayNext(shownDay, zone)} zone={zone} seek={seek} />
      <MomentList d={days} at={at} zone={zone} go={(t) => seek(t + GRAIN)} />
    </>
  ), [days, shownDay, at.from, at.to, zone]);
  const help = useMemo(() => <KeyHelp />, []);
  const keys: Record<string, () => void> = {
    ArrowLeft: () => by(-1), ArrowRight: () => by(1), ArrowDown: () => by(-10), ArrowUp: () => by(10),
    PageDown: () => by(-600), PageUp: () => by(600), Home: () => seek(dayBegin(head, zone)),
    End: () => send({ t: 'live' }), ' ': play, ',': () => send({ t: 'step', by: -1 }),
    '.': () => send({ t: 'step', by: 1 }), n: nextGap, m: () => moved(1), M: () => moved(-1),
    '<': () => faster(-1), '>': () => faster(1), '+': () => win.zoom(span / 2, head),
    '-': () => win.zoom(span * 2, head), '[': () => showDay(dayBefore(shownDay, zone)),
    ']': () => { if (shownDay < today) showDay(dayNext(shownDay, zone)); },
  };
  const key = (e: KeyboardEvent) => {
    const does = keys[e.key];
    if (!does || e.ctrlKey || e.altKey || e.metaKey) return;
    e.preventDefault();
    does();
  };
  return (
    <div class="timeline">
      <div class="days">
        <button type="button" class="quiet" aria-label={w.dayBefore} onClick={() => showDay(dayBefore(shownDay, zone))}>‹</button>
        <DayPick begin={shownDay} today={today} zone={zone} go={showDay} />
        <button
          type="button" class="quiet" aria-label={w.dayNext} disabled={shownDay >= today}
          onClick={() => showDay(dayNext(shownDay, zone))}
        >›</button>
        <span class="fill" />
        {days?.loading && <span class="spin" role="status" aria-label={w.loading} />}
        <button
          type="button" class="quiet" aria-label={w.zoomOut} disabled={win.widest}
          onClick={() => win.zoom(WIDTHS.find((x) => x > span * 1.01) ?? DAY, head)}
        >−</button>
        <button
          type="button" class="quiet" aria-label={w.zoomIn} disabled={span <= WIDTHS[0]!}
          onClick={() => win.zoom([...WIDTHS].reverse().find((x) => x < span * 0.99) ?? MIN, head)}
        >+</button>
      </div>
      <div class="lane">
        <div
          ref={ref} class="track" role="slider" tabIndex={0} aria-label={w.label} aria-valuemin={0}
          aria-valuemax={100} aria-valuenow={Math.round(Math.min(100, Math.max(0, (headX / width) * 100)))}
          aria-valuetext={past ? `${dayName(shownDay, today, zone)}, ${clockText(head, zone, true)}` : words.home.live}
          onKeyDown={key} {...fingers}
        >
          <svg width={width} height={HIGH} viewBox={`0 0 ${width} ${HIGH}`} aria-hidden="true">
            <rect class="ground" x={0} y={TOP} width={width} height={HIGH - TOP} />
            {bars}
            {scale}
            <path class={past ? 'head' : 'head live'} d={`M${headX} 12V${HIGH}`} />
          </svg>
          {held && <Peek time={held.time} left={held.left} zone={zone} d={days} />}
        </div>
        <Ends at={at} width={width} zone={zone} look={look} lookEnd={() => hold(null)} />
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
          <select value={String(v.speed)} disabled={!past} onChange={(e) => speedSet(Number(e.currentTarget.value))}>
            {SPEEDS.map((s) => <option key={s} value={String(s)}>{`×${s}`}</option>)}
          </select>
        </label>
        <SnapshotButton v={v} zone={zone} />
        <button type="button" class="quiet" disabled={!days?.gaps.some((g) => g.from > head + S)} onClick={nextGap}>
          {w.nextGap}
        </button>
        <LockButton
          from={Math.max(at.from, days?.first ?? 0)} to={Math.min(at.to, days?.until ?? 0)} camera={v.camera} zone={zone}
          off={!days || Math.min(at.to, days.until) <= Math.max(at.from, days.first)}
        />
        <span class="fill" />
        <ExportButton v={v} />
        {past && (
          <button type="button" class="quiet" onClick={() => send({ t: 'live' })}>{words.home.goLive}</button>
        )}
      </div>
      {lists}
      {help}
    </div>
  );
}
