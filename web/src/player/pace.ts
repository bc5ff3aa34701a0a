/*
 * pace.ts - how much of many tiles this machine decodes. When pictures come
 * out late, the last tiles go first: to key frames alone, then to a still now
 * and then. When all is quick again, back one by one; who falls again soon
 * waits longer before the next try.
 *
 *   all --late--> keys --late--> still, and back --quick for a while-->
 */
export type Pace = 'all' | 'keys' | 'still';

const LATE_MS = 350;
const LATE_TICKS = 3;
const QUICK_TICKS = 20; /* before a try to give more */
const QUICK_MAX = 240;
const SOON_TICKS = 40; /* a try that fails within these was too early */

export class Paces {
  private level = 0; /* steps that all tiles together went down */
  private late = 0; /* ticks in a row */
  private quick = 0;
  private patience = QUICK_TICKS;
  private sinceTry = SOON_TICKS;

  /* Each tick: how late the latest picture is, of so many tiles. */
  tick(late_ms: number, tiles: number): void {
    this.level = Math.min(this.level, 2 * tiles);
    this.sinceTry++;
    this.late = late_ms > LATE_MS ? this.late + 1 : 0;
    this.quick = late_ms > LATE_MS ? 0 : this.quick + 1;
    if (this.late >= LATE_TICKS) this.down(tiles);
    else if (this.quick >= this.patience && this.level > 0) this.up();
    else if (this.quick >= QUICK_MAX) this.patience = QUICK_TICKS;
  }

  private down(tiles: number): void {
    this.late = 0;
    if (this.sinceTry < SOON_TICKS) this.patience = Math.min(QUICK_MAX, this.patience * 2);
    this.sinceTry = SOON_TICKS;
    this.level = Math.min(2 * tiles, this.level + Math.ceil(tiles / 4));
  }

  private up(): void {
    this.level--;
    this.quick = 0;
    this.sinceTry = 0;
  }

  /* Of the i-th of so many; the first ones keep most. */
  of(i: number, tiles: number): Pace {
    const fromLast = tiles - 1 - i;
    if (fromLast < this.level - tiles) return 'still';
    return fromLast < this.level ? 'keys' : 'all';
  }
}
