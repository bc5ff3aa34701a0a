/*
 * together.tsx - up to four cameras on one clock: one timeline moves them all.
 */
import { useEffect, useState } from 'preact/hooks';
import { clockText, words } from '../../words/en';
import { allOpen, playerNow, togetherOpen } from '../app/flow';
import type { Tile } from '../app/player';
import type { CameraRow } from '../app/state';
import { TOGETHER_MAX } from './grid';
import { Icon } from './parts';
import { useStore } from './store';
import { TileFace, stateText, useTile } from './tile';
import { Timeline } from './timeline';

const w = words.grid;

function One({ row, lead, take, choose }: {
  row: CameraRow; lead: boolean; take: (thing: string, tile: Tile | null) => void; choose: () => void;
}) {
  const { place, tile, v } = useTile(row.thing, row.name, 'sub', false);
  useEffect(() => {
    take(row.thing, tile);
    return () => take(row.thing, null);
  }, [tile]);
  return (
    <li class="tile">
      <TileFace name={row.name} v={v} place={place} />
      <button
        type="button" class="tile-open" aria-pressed={lead} onClick={choose}
        aria-label={w.lead(row.name, stateText(v))}
      />
    </li>
  );
}

/* Which cameras: at least one, at most four. */
function Chosen({ things }: { things: string[] }) {
  const cameras = useStore((s) => s.cameras);
  const turn = (thing: string) =>
    togetherOpen(things.includes(thing) ? things.filter((t) => t !== thing) : [...things, thing]);
  return (
    <div class="chosen" role="group" aria-label={w.choose}>
      {cameras.map((c) => {
        const on = things.includes(c.thing);
        return (
          <button
            key={c.thing} type="button" aria-pressed={on} onClick={() => turn(c.thing)}
            disabled={on ? things.length === 1 : things.length >= TOGETHER_MAX}
          >
            {c.name}
          </button>
        );
      })}
    </div>
  );
}

export function Together() {
  const things = useStore((s) => s.together);
  const cameras = useStore((s) => s.cameras);
  const zone = useStore((s) => s.zone);
  const v = useStore((s) => s.view);
  const [tiles, setTiles] = useState<Record<string, Tile>>({});
  const [chosen, setLead] = useState('');
  const rows = things.flatMap((t) => cameras.filter((c) => c.thing === t));
  const lead = rows.some((r) => r.thing === chosen) ? chosen : rows[0]?.thing ?? '';
  const take = (thing: string, tile: Tile | null) =>
    setTiles(({ [thing]: _, ...rest }) => (tile ? { ...rest, [thing]: tile } : rest));
  useEffect(() => {
    const all = rows.flatMap((r) => tiles[r.thing] ?? []);
    const first = tiles[lead] ?? all[0];
    if (first) playerNow()?.together(all, first);
  }, [tiles, lead, things]);
  useEffect(() => {
    const key = (e: KeyboardEvent) => {
      if (e.key === 'Escape' && !e.defaultPrevented) allOpen();
    };
    document.addEventListener('keydown', key);
    return () => document.removeEventListener('keydown', key);
  }, []);
  return (
    <section class="together" aria-labelledby="together-title">
      <div class="all-head">
        <button type="button" class="quiet" onClick={allOpen}><Icon name="grid" />{w.title}</button>
        <h1 id="together-title">{w.together}</h1>
        <span class="fill" />
        {v && v.captured > 0 && <time>{clockText(v.position > 0 ? v.position : v.captured, zone, true)}</time>}
      </div>
      <Chosen things={things} />
      <ul
        class={rows.length > 1 ? 'grid two' : 'grid'}
        style={{ '--cols': String(rows.length > 1 ? 2 : 1), '--rows': String(Math.ceil(rows.length / 2)) }}
      >
        {rows.map((r) => (
          <One key={r.thing} row={r} lead={r.thing === lead} take={take} choose={() => setLead(r.thing)} />
        ))}
      </ul>
      {v && <Timeline v={v} zone={zone} />}
      <p class="hint">{w.togetherLead(TOGETHER_MAX)}</p>
    </section>
  );
}
