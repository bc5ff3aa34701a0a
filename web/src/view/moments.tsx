/*
 * moments.tsx - beside the timeline: when something moved, and which keys do
 * what.
 */
import { clockText, words } from '../../words/en';
import { moments, type Moment } from '../model/moments';
import type { DaysView } from '../player/messages';
import type { Window } from './window';

const w = words.time;
const S = 1e6;
const SHOWN = 100;

export function momentsIn(d: DaysView, at: Window): Moment[] {
  return moments(d.motion).filter((m) => m.to > at.from && m.from < at.to);
}

/* The newest first. */
export function MomentList(p: { d: DaysView; at: Window; zone: string; go: (time: number) => void }) {
  const all = momentsIn(p.d, p.at);
  if (all.length === 0) return null;
  return (
    <details class="gaps moves">
      <summary>{w.moved(all.length)}</summary>
      <ol>
        {all.reverse().slice(0, SHOWN).map((m) => (
          <li key={m.from}>
            <button type="button" class="link" onClick={() => p.go(m.from)}>{clockText(m.from, p.zone, true)}</button>
            <meter min={0} max={1} value={m.most} aria-label={w.howMuch} />
            <span>{w.movedFor((m.to - m.from) / S)}</span>
          </li>
        ))}
      </ol>
    </details>
  );
}

export function KeyHelp() {
  return (
    <details class="gaps keys">
      <summary>{w.keys}</summary>
      <dl>
        {w.keyList.map(([keys, does]) => (
          <div key={does}>
            <dt>{keys.map((k) => <kbd key={k}>{k}</kbd>)}</dt>
            <dd>{does}</dd>
          </div>
        ))}
      </dl>
    </details>
  );
}
