/*
 * grid.tsx - all cameras at once. A tile opens its camera; arrow keys go from
 * tile to tile.
 */
import { useEffect, useRef, useState } from 'preact/hooks';
import { words } from '../../words/en';
import { cameraOpen, playerNow, togetherOpen } from '../app/flow';
import type { CameraRow } from '../app/state';
import { Icon } from './parts';
import { useStore } from './store';
import { TileFace, stateText, useTile } from './tile';

const w = words.grid;
export const TILES_MAX = 16;
export const TOGETHER_MAX = 4;

let opened = ''; /* who comes back finds the focus there */

function GridTile({ row, first }: { row: CameraRow; first: boolean }) {
  const { place, v } = useTile(row.thing, row.name, 'sub', true);
  const button = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    if (opened === row.thing) button.current!.focus({ preventScroll: true });
  }, []);
  const open = () => {
    opened = row.thing;
    cameraOpen(row.thing);
  };
  return (
    <li class="tile">
      <TileFace name={row.name} v={v} place={place} />
      <button
        ref={button} type="button" class="tile-open" tabIndex={first ? 0 : -1}
        aria-label={`${row.name}: ${stateText(v)}`} onClick={open}
      />
    </li>
  );
}

/* What concerns all tiles is said once. */
function LineNote() {
  const line = useStore((s) => s.line);
  if (line !== 'gone') return null;
  return (
    <p class="note bad" role="status">
      <Icon name="off" />
      <span>
        {words.home.gone}{' '}
        <button type="button" class="link" onClick={() => playerNow()?.send({ t: 'retry' })}>{words.home.retryNow}</button>
      </span>
    </p>
  );
}

/* The tile that lies that way from the one that has the focus. */
function next(all: HTMLElement[], from: number, key: string): number {
  const here = all[from]!.getBoundingClientRect();
  if (key === 'ArrowLeft') return from - 1;
  if (key === 'ArrowRight') return from + 1;
  if (key === 'Home') return 0;
  if (key === 'End') return all.length - 1;
  const down = key === 'ArrowDown';
  const column = all.map((el, i) => ({ i, r: el.getBoundingClientRect() }))
    .filter(({ r }) => Math.abs(r.left - here.left) < 2 && (down ? r.top > here.top + 2 : r.top < here.top - 2));
  return (down ? column[0] : column[column.length - 1])?.i ?? from;
}

export function Grid() {
  const cameras = useStore((s) => s.cameras);
  const [page, setPage] = useState(0);
  const list = useRef<HTMLUListElement>(null);
  const pages = Math.ceil(cameras.length / TILES_MAX);
  const at = Math.min(page, pages - 1);
  const shown = cameras.slice(at * TILES_MAX, (at + 1) * TILES_MAX);
  const cols = Math.ceil(Math.sqrt(shown.length));
  const key = (e: KeyboardEvent) => {
    if (!['ArrowLeft', 'ArrowRight', 'ArrowUp', 'ArrowDown', 'Home', 'End'].includes(e.key)) return;
    const all = [...list.current!.querySelectorAll<HTMLElement>('.tile-open')];
    const from = all.indexOf(document.activeElement as HTMLElement);
    if (from < 0) return;
    e.preventDefault();
    all[next(all, from, e.key)]?.focus();
  };
  return (
    <section class="all" aria-labelledby="all-title">
      <div class="all-head">
        <h1 id="all-title">{w.title}</h1>
        <span class="fill" />
        {pages > 1 && (
          <>
            <button type="button" class="quiet" disabled={at === 0} onClick={() => setPage(at - 1)} aria-label={w.pageBefore}>‹</button>
            <span>{w.page(at + 1, pages)}</span>
            <button type="button" class="quiet" disabled={at === pages - 1} onClick={() => setPage(at + 1)} aria-label={w.pageNext}>›</button>
          </>
        )}
        <button type="button" class="quiet" onClick={() => togetherOpen(cameras.slice(0, TOGETHER_MAX).map((c) => c.thing))}>
          <Icon name="clock" />{w.back}
        </button>
      </div>
      <LineNote />
      <ul
        ref={list} class={shown.length > 4 ? 'grid two' : 'grid'} onKeyDown={key}
        style={{ '--cols': String(cols), '--rows': String(Math.ceil(shown.length / cols)) }}
      >
        {shown.map((c, i) => <GridTile key={c.thing} row={c} first={i === 0} />)}
      </ul>
    </section>
  );
}
