/*
 * export.tsx - a range of the recording as films: its ends on the timeline
 * and in fields, what it will be, how far it is, what it became.
 */
import { useEffect, useId, useRef, useState } from 'preact/hooks';
import { clockText, dayName, words } from '../../words/en';
import {
  RANGE_MAX, filmsBusy, filmsClose, filmsMake, filmsMost, filmsSet, filmsStop, type FilmRow,
  type FilmsState,
} from '../app/films';
import { now } from '../app/state';
import { dayBegin, wallRead, wallText } from '../base/zone';
import type { Hole } from '../player/film_messages';
import { Icon } from './parts';
import { mediaName } from './snapshot';
import { useStore } from './store';

const w = words.film;
const S = 1e6;
const LEAST = S; /* between the ends */
const HOLES = 4; /* causes that are told each */

const nowUs = () => Date.now() * 1000;

type End = 'from' | 'to';

/* An end at that time, as far as the other one and now allow. */
function endSet(end: End, time: (before: number) => number): void {
  const f = now().films; /* the newest: keys come faster than pictures of the page */
  if (!f) return;
  endPut(f, end, time(f[end]));
}

function endPut(f: FilmsState, end: End, time: number): void {
  if (end === 'from') filmsSet({ from: Math.min(time, f.to - LEAST) });
  else filmsSet({ to: Math.min(Math.max(time, f.from + LEAST), nowUs()) });
}

/* --- on the timeline --- */

interface EndsProps {
  at: { from: number; to: number };
  width: number;
  zone: string;
  look: (time: number, left: number) => void; /* shows a small picture */
  lookEnd: () => void;
}

function Handle(p: EndsProps & { f: FilmsState; end: End; x: number }) {
  const { f, end } = p;
  const span = p.at.to - p.at.from;
  const grip = useRef<{ px: number; time: number } | null>(null);
  const down = (e: PointerEvent) => {
    (e.currentTarget as HTMLElement).setPointerCapture(e.pointerId);
    grip.current = { px: e.clientX, time: f[end] };
  };
  const move = (e: PointerEvent) => {
    if (!grip.current) return;
    const time = grip.current.time + ((e.clientX - grip.current.px) / p.width) * span;
    endSet(end, () => time);
    p.look(time, ((time - p.at.from) / span) * p.width);
  };
  const up = () => {
    grip.current = null;
    p.lookEnd();
  };
  const steps: Record<string, number> = {
    ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, PageDown: -10, PageUp: 10,
  };
  const key = (e: KeyboardEvent) => {
    const by = steps[e.key];
    if (by === undefined || e.ctrlKey || e.altKey || e.metaKey) return;
    e.preventDefault();
    endSet(end, (t) => t + by * (e.shiftKey ? 60 : 1) * S);
  };
  return (
    <div
      class={`end ${end}`} role="slider" tabIndex={0} aria-label={end === 'from' ? w.fromHandle : w.toHandle}
      aria-valuemin={0} aria-valuemax={100}
      aria-valuenow={Math.round(Math.min(100, Math.max(0, (p.x / p.width) * 100)))}
      aria-valuetext={clockText(f[end], p.zone, true)} style={{ left: `${p.x}px` }}
      onPointerDown={down} onPointerMove={move} onPointerUp={up} onPointerCancel={up} onKeyDown={key}
    />
  );
}

/* The range, to be drawn over the track. */
export function Ends(p: EndsProps) {
  const f = useStore((s) => s.films);
  if (!f?.open || filmsBusy(f)) return null;
  const x = (t: number) => Math.min(p.width, Math.max(0, ((t - p.at.from) / (p.at.to - p.at.from)) * p.width));
  const [a, b] = [x(f.from), x(f.to)];
  return (
    <>
      <div class="chosen" style={{ left: `${a}px`, width: `${Math.max(2, b - a)}px` }} aria-hidden="true" />
      <Handle {...p} f={f} end="from" x={a} />
      <Handle {...p} f={f} end="to" x={b} />
    </>
  );
}

/* --- the panel --- */

function TimeField(p: { label: string; us: number; zone: string; set: (us: number) => void }) {
  const id = useId();
  const [text, setText] = useState(wallText(p.us, p.zone));
  useEffect(() => {
    if (wallRead(text, p.zone) !== Math.floor(p.us / S) * S) setText(wallText(p.us, p.zone));
  }, [p.us, p.zone]);
  const typed = (value: string) => {
    setText(value);
    const us = wallRead(value, p.zone);
    if (us !== null && us > 0) p.set(us);
  };
  return (
    <div class="field">
      <label for={id}>{p.label}</label>
      <input
        id={id} type="datetime-local" step={1} value={text} max={wallText(nowUs(), p.zone)}
        onInput={(e) => typed(e.currentTarget.value)}
      />
    </div>
  );
}

/* How much is missing, by its cause. */
function Missing({ holes }: { holes: Hole[] }) {
  const sums = new Map<string, number>();
  for (const h of holes) {
    const cause = w.cause(h);
    sums.set(cause, (sums.get(cause) ?? 0) + (h.to - h.from) / S);
  }
  const told = [...sums].filter(([, s]) => s >= 0.5).sort((a, b) => b[1] - a[1]).slice(0, HOLES);
  return <>{told.map(([cause, s]) => (
    <p key={cause} class="missing"><Icon name="warn" /><span>{w.missing(s, cause)}</span></p>
  ))}</>;
}

function problemOf(f: FilmsState): string {
  if (f.to <= f.from) return w.order;
  if (f.to - f.from > RANGE_MAX) return w.long;
  if (f.cameras.length === 0) return w.noCamera;
  if (!f.planning && f.plan?.every((r) => r.kept < S / 2)) return w.nothing;
  return filmsMost(f).tooBig ? w.tooBig : '';
}

function Plan({ f }: { f: FilmsState }) {
  const cameras = useStore((s) => s.cameras);
  const problem = problemOf(f);
  const length = (f.to - f.from) / S;
  const octets = (f.plan ?? []).reduce((sum, r) => sum + r.octets, 0);
  const name = (thing: string) => cameras.find((c) => c.thing === thing)?.name ?? '';
  const partly = problem ? [] : (f.plan ?? []).filter((r) => r.holes.length > 0 || r.kept < f.to - f.from - 2 * S);
  return (
    <div class="plan" role="status">
      {problem ? <p class="note bad"><Icon name="warn" /><span>{problem}</span></p> : (
        <p class="sum">
          {w.length(length)}
          {f.plan && !f.planning && octets > 0 && <> · {w.about(octets)}</>}
          {f.planning && <span class="spin" role="img" aria-label={words.time.loading} />}
        </p>
      )}
      {partly.map((r) => (
        <div key={r.thing}>
          {f.cameras.length > 1 && <p class="hint">{name(r.thing)}</p>}
          {r.kept < S / 2 ? <p class="missing"><Icon name="warn" /><span>{w.nothing}</span></p>
            : r.holes.length > 0 ? <Missing holes={r.holes} />
            : <p class="missing"><Icon name="warn" /><span>{w.kept(r.kept / S)}</span></p>}
        </div>
      ))}
    </div>
  );
}

function Choose({ f, zone }: { f: FilmsState; zone: string }) {
  const cameras = useStore((s) => s.cameras);
  const toggle = (thing: string, on: boolean) => filmsSet({
    cameras: cameras.map((c) => c.thing).filter((t) => (t === thing ? on : f.cameras.includes(t))),
  });
  const names = f.cameras.map((t) => mediaName(cameras.find((c) => c.thing === t)?.name ?? '', f.from, 'mp4', zone));
  return (
    <form
      method="post"
      onSubmit={(e) => {
        e.preventDefault();
        void filmsMake(unlike(names));
      }}
    >
      <div class="times">
        <TimeField label={w.from} us={f.from} zone={zone} set={(from) => filmsSet({ from })} />
        <TimeField label={w.to} us={f.to} zone={zone} set={(to) => filmsSet({ to })} />
      </div>
      {cameras.length > 1 && (
        <fieldset>
          <legend>{w.cameras}</legend>
          {cameras.map((c) => (
            <label key={c.thing} class="check">
              <input
                type="checkbox" checked={f.cameras.includes(c.thing)}
                onChange={(e) => toggle(c.thing, e.currentTarget.checked)}
              />
              {c.name}
            </label>
          ))}
        </fieldset>
      )}
      <label class="check">
        <input type="checkbox" checked={f.sound} onChange={(e) => filmsSet({ sound: e.currentTarget.checked })} />
        {w.sound}
      </label>
      <Plan f={f} />
      <button type="submit" class="main" disabled={problemOf(f) !== ''}>{w.make(f.cameras.length)}</button>
    </form>
  );
}

/* Two cameras may have one name; two files may not. */
function unlike(names: string[]): string[] {
  return names.map((n, i) => (names.indexOf(n) === i ? n : n.replace(/\.mp4$/, ` (${i + 1}).mp4`)));
}

/* --- while and after --- */

function Done({ r, zone }: { r: FilmRow; zone: string }) {
  const m = r.made!;
  const day = dayName(dayBegin(m.first, zone), dayBegin(nowUs(), zone), zone);
  return (
    <>
      <p class="hint">
        {w.made(day, clockText(m.first, zone, true), clockText(m.last, zone, true), m.pictures, m.octets)}
      </p>
      {m.h265 && <p class="hint">{w.h265}</p>}
      <Missing holes={m.holes} />
      {m.torn && <p class="missing"><Icon name="warn" /><span>{w.torn}</span></p>}
      {r.url ? <a class="button" href={r.url} download={r.name}>{w.save}</a>
        : <p class="hint">{w.written}</p>}
    </>
  );
}

function Row({ r, zone }: { r: FilmRow; zone: string }) {
  const busy = r.state === 'running' || r.state === 'waiting';
  return (
    <li>
      <p class="file">
        {r.state === 'done' && <Icon name="check" />}
        <span>{r.name}</span>
      </p>
      {busy && <progress max={1} value={r.part} aria-label={w.progress(r.name)} />}
      {busy && <p class="hint">{r.state === 'waiting' ? w.waiting : w.part(r.part, r.octets)}</p>}
      {r.state === 'next' && <p class="hint">{w.next}</p>}
      {r.state === 'stopped' && <p class="hint">{w.stopped}</p>}
      {r.problem && <p class="note bad" role="alert"><Icon name="warn" /><span>{w.problems[r.problem]}</span></p>}
      {r.state === 'done' && <Done r={r} zone={zone} />}
    </li>
  );
}

function Proof({ rows }: { rows: FilmRow[] }) {
  const first = rows.find((r) => r.state === 'done');
  if (!first) return null;
  return (
    <div class="proof">
      <p>{w.proof}</p>
      <code>{`eaves verify "${first.name}"`}</code>
      <p>{w.words} <strong class="words">{first.words}</strong></p>
    </div>
  );
}

/* What changes is said once, without the numbers. */
function spoken(rows: FilmRow[]): string {
  if (rows.some((r) => r.state === 'waiting')) return w.waiting;
  if (rows.some((r) => r.state === 'running')) return w.running;
  return rows.some((r) => r.state === 'done') ? w.ready : '';
}

export function Export({ zone }: { zone: string }) {
  const f = useStore((s) => s.films);
  const title = useRef<HTMLHeadingElement>(null);
  const open = !!f?.open;
  useEffect(() => {
    if (open) title.current?.focus();
  }, [open]);
  if (!f || !open) return null;
  const busy = filmsBusy(f);
  const key = (e: KeyboardEvent) => {
    if (e.key === 'Escape') filmsClose();
  };
  return (
    <section class="export" aria-labelledby="export-title" onKeyDown={key}>
      <div class="part-head">
        <h2 id="export-title" ref={title} tabIndex={-1}>{busy ? w.running : f.rows.length > 0 ? w.after : w.title}</h2>
        <button type="button" class="quiet" onClick={filmsClose}>{busy ? w.hide : words.common.close}</button>
      </div>
      <p class="away" role="status">{spoken(f.rows)}</p>
      {f.rows.length === 0 ? <Choose f={f} zone={zone} /> : (
        <>
          <ul class="films">{f.rows.map((r) => <Row key={r.thing} r={r} zone={zone} />)}</ul>
          {!busy && <Proof rows={f.rows} />}
          {busy ? <button type="button" class="quiet" onClick={filmsStop}>{w.stop}</button>
            : <button type="button" class="quiet" onClick={() => filmsSet({})}>{w.another}</button>}
        </>
      )}
    </section>
  );
}
