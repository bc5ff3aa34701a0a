/*
 * window.ts - the stretch of time that the timeline shows: moved, zoomed and
 * pinched. Pointers come faster than pictures of the page, so what they do
 * goes on from the newest value, not from what was drawn.
 */
import { useRef, useState } from 'preact/hooks';

const MIN = 60e6;
const DAY = 24 * 60 * MIN;
const LONGEST = 25.2 * 60 * MIN; /* a day when clocks go back */
const AHEAD = 0.02; /* now stands a little before the edge */

export interface Window {
  from: number; /* µs */
  to: number;
}

const nowUs = () => Date.now() * 1000;

export function useWindow(begin: number) {
  const newest = useRef({ span: begin, end: null as number | null }); /* end null: now */
  const [, draw] = useState(0);
  const put = (span: number, end: number | null) => {
    newest.current = { span, end };
    draw((n) => n + 1);
  };
  const { span, end } = newest.current;
  const at = (): Window => {
    const n = newest.current;
    const to = n.end ?? nowUs() + n.span * AHEAD;
    return { from: to - n.span, to };
  };
  const endSet = (to: number | null) => put(newest.current.span, to !== null && to > nowUs() ? null : to);
  return {
    at: at(), span, end, follows: end === null, endSet,
    widest: span >= DAY,
    /* The time `about` stays where it is. */
    zoom(to: number, about: number): void {
      const a = at();
      const next = Math.min(LONGEST, Math.max(MIN, to));
      const part = (about - a.from) / (a.to - a.from);
      const right = about + (1 - part) * next;
      put(next, right >= nowUs() ? null : right);
    },
    /* Two fingers at parts a and b of the width, before and after. */
    pinch(before: [number, number], after: [number, number]): void {
      const a = at();
      const apart = ([x, y]: [number, number]) => Math.max(0.02, Math.abs(x - y));
      const middle = ([x, y]: [number, number]) => (x + y) / 2;
      const time = a.from + middle(before) * (a.to - a.from);
      const next = Math.min(LONGEST, Math.max(MIN, ((a.to - a.from) * apart(before)) / apart(after)));
      const right = time + (1 - middle(after)) * next;
      put(next, right >= nowUs() + next * AHEAD ? null : right);
    },
    /* So wide, with from..to in the middle. */
    fit(span: number, from: number, to: number): void {
      const next = Math.min(LONGEST, span);
      const right = (from + to + next) / 2;
      put(next, right >= nowUs() ? null : right);
    },
    /* All of a day, the rest of today too. */
    show(from: number, to: number): void {
      put(to - from, to);
    },
  };
}
