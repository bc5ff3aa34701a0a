/*
 * making.ts - one film as its records come: from the group in which it begins
 * to the mark with which it ends, or to where the camera goes over to another
 * codec. What of it is there, and how far it is.
 */
import type { Film } from '../model/export';
import type { Span } from '../model/ledger';
import type { Run, Said } from '../model/run';
import { H265, KEY } from '../proto/record';
import { Stopped, type Taker } from './film_read';

export const JOIN_US = 1_500_000;
const TELL_MS = 200;

/* Cut in two where that place lies in one of them. */
export function parted(spans: Span[], at: number): Span[] {
  return spans.flatMap((s) => (s.from < at && at < s.to ? [{ from: s.from, to: at }, { from: at, to: s.to }] : [s]));
}

export type Model = typeof import('../model/export');

/* The records of one film: kept back until the group that `from` lies in. */
export class Making implements Taker {
  readonly have: Span[] = [];
  codecEnd = Infinity; /* where the camera's pictures became those of another codec */
  private begun = false;
  private run: Run | null = null;
  private ahead: { run: Run; said: Said }[] = [];
  private told = 0;
  private isWaiting = false;
  private isStopped = false;
  private stopTell: () => void = () => {};
  readonly stopping = new Promise<never>((_, fail) => { this.stopTell = () => fail(new Stopped()); });

  constructor(
    private readonly film: Film, private readonly model: Model, private readonly from: number,
    private readonly to: number, private readonly tell: (state: 'running' | 'waiting', part: number) => void,
  ) {
    this.stopping.catch(() => undefined);
  }

  stop(): void {
    this.isStopped = true;
    this.stopTell();
  }

  stopped(): boolean {
    return this.isStopped;
  }

  full(): boolean {
    const { pictures, last } = this.film.done;
    return this.codecEnd < Infinity || (pictures > 0 && last >= this.to);
  }

  waiting(on: boolean): void {
    if (on !== this.isWaiting) this.told = 0;
    this.isWaiting = on;
    this.progress();
  }

  private progress(): void {
    const t = performance.now();
    if (t - this.told < TELL_MS) return;
    this.told = t;
    const { last } = this.film.done;
    const part = last > 0 ? Math.max(0, Math.min(1, (last - this.from) / (this.to - this.from))) : 0;
    this.tell(this.isWaiting ? 'waiting' : 'running', part);
  }

  async said(run: Run, said: Said): Promise<void> {
    if (this.begun) return this.give(run, said);
    if (said.time > this.from) {
      this.begun = true;
      const last = this.ahead[this.ahead.length - 1];
      if (last && said.flags === KEY && (last.said.time < this.from - JOIN_US || this.ahead[0]!.said.kind !== said.kind))
        this.ahead = []; /* a hole is between, or another codec begins */
      for (const a of this.ahead) await this.give(a.run, a.said);
      this.ahead = [];
      return this.give(run, said);
    }
    if (said.flags === KEY || this.ahead[0]?.run !== run) this.ahead = [];
    this.ahead.push({ run, said });
  }

  private async give(run: Run, said: Said): Promise<void> {
    if (this.isStopped) throw new Stopped();
    const { film, model: m } = this;
    if (film.done.pictures > 0 && m.isPicture(said.kind) && (said.kind === H265) !== film.done.h265) {
      this.codecEnd = said.time;
      return;
    }
    if (run !== this.run) {
      this.run = run;
      const item = m.exportRun(run);
      if (item.t === 'run') film.runTake(item.run);
    }
    const pictures = film.done.pictures;
    const item = m.exportItem(said);
    if (item.t === 'mark') await film.markTake(item.octets);
    else if (item.t === 'sample') await film.sampleTake(item.sample);
    if (film.done.pictures === pictures || !said.mark) return;
    this.cover(said.mark.firstTime, said.mark.lastTime);
    this.progress();
  }

  private cover(from: number, to: number): void {
    const last = this.have[this.have.length - 1];
    if (last && from - last.to < JOIN_US) last.to = Math.max(last.to, to);
    else this.have.push({ from, to });
  }
}
