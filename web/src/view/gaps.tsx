/*
 * gaps.tsx - what is missing of the day that is shown, as a plain list: from,
 * to, how long, why; and how sure that is.
 */
import { clockText, words } from '../../words/en';
import type { Gap } from '../model/ledger';
import type { DaysView } from '../player/messages';
import { Icon } from './parts';

const w = words.time;
const S = 1e6;
const LISTED = 200;

interface Props {
  d: DaysView;
  from: number; /* µs */
  to: number;
  zone: string;
  seek(time: number): void;
}

function Row({ g, zone, seek }: { g: Gap; zone: string; seek(time: number): void }) {
  return (
    <li>
      <button type="button" class="link" onClick={() => seek(g.from - 2 * S)}>
        {clockText(g.from, zone, true)} – {clockText(g.to, zone, true)}
      </button>
      <span class="long">{w.long((g.to - g.from) / S)}</span>
      <span class="why"><span class={`dot why-${g.cause}`} aria-hidden="true" />{w.cause(g)}</span>
    </li>
  );
}

/* Whether the hub's own word says that this is all. */
function Trust({ d, to, zone }: { d: DaysView; to: number; zone: string }) {
  if (d.unread) return <p class="hint">{w.unread}</p>;
  if (d.confirmed === 0) return <p class="hint">{w.unconfirmed}</p>;
  if (d.confirmed >= to) return null; /* the day is over */
  return <p class="hint">{w.confirmed(clockText(d.confirmed, zone, true))}</p>;
}

export function GapList({ d, from, to, zone, seek }: Props) {
  if (!d.first) return d.unread ? <p class="hint">{w.unread}</p> : null;
  const cut = (g: Gap) => ({ ...g, from: Math.max(g.from, from), to: Math.min(g.to, to) });
  const gaps = d.gaps.map(cut).filter((g) => g.to > g.from);
  const missing = gaps.reduce((sum, g) => sum + g.to - g.from, 0);
  return (
    <section class="gaps" aria-label={w.gaps}>
      {gaps.length === 0 && !d.loading && !d.unread && (
        <p class="hint whole"><Icon name="check" />{w.whole}</p>
      )}
      {gaps.length > 0 && (
        <details>
          <summary>{w.missing(gaps.length, missing / S)}</summary>
          <ol>{gaps.slice(-LISTED).map((g) => <Row key={`${g.from}${g.cause}`} g={g} zone={zone} seek={seek} />)}</ol>
        </details>
      )}
      {!d.loading && <Trust d={d} to={to} zone={zone} />}
    </section>
  );
}
