/*
 * watched.tsx - who has watched: what every member's app said before it
 * played.
 */
import { useEffect, useState } from 'preact/hooks';
import { clockText, dayName, words } from '../../words/en';
import { dayBegin } from '../base/zone';
import { watchedRead, type WatchedLine } from '../app/watched';
import { useStore } from './store';

const w = words.watched;
const SHOWN_MAX = 300;

function When({ l, zone }: { l: WatchedLine; zone: string }) {
  const time = (us: number) => clockText(us, zone, false);
  const of = (us: number) => dayName(dayBegin(us, zone), dayBegin(Date.now() * 1000, zone), zone);
  return (
    <span>
      <strong>{l.member}</strong>{' '}
      {l.past
        ? w.past(l.name || w.gone, of(l.past.from), time(l.past.from), time(l.past.to))
        : w.live(l.name || w.gone)}{' '}
      <span class="hint">{of(l.time)}, {time(l.time)}</span>
    </span>
  );
}

export function Watched() {
  const [all, setAll] = useState<Awaited<ReturnType<typeof watchedRead>> | null>(null);
  const [failed, setFailed] = useState(false);
  const zone = useStore((s) => s.zone);
  useEffect(() => {
    watchedRead().then(setAll, () => setFailed(true));
  }, []);
  if (failed) return <p class="note bad" role="alert">{words.problems.gone}</p>;
  if (!all) return <p class="hint" role="status">{words.common.loading}</p>;
  return (
    <>
      {all.false > 0 && <p class="note bad" role="alert">{w.false(all.false)}</p>}
      {all.lines.length === 0 && <p class="hint">{w.nobody}</p>}
      <ul class="sessions watched">
        {all.lines.slice(0, SHOWN_MAX).map((l, i) => <li key={i}><When l={l} zone={zone} /></li>)}
      </ul>
    </>
  );
}
