/*
 * strength.ts - how many tries a good guesser needs for a passphrase, as a
 * power of ten, low rather than high. The passphrase is cut into pieces so
 * that guessing all of them costs least: common words and names (also with
 * capitals and digits for letters), dates, runs, walks on the keyboard,
 * repeats, unknown words, single characters.
 */
import { commonRanks } from './common';

export const GUESSES_MIN = 10; /* 10^10 */

export type Weakness =
  | 'short' | 'common' | 'own' | 'date' | 'run' | 'walk' | 'repeat' | 'word' | 'plain';

export interface Strength {
  power: number;
  enough: boolean;
  why: Weakness; /* what it mostly consists of */
}

interface Piece {
  cost: number;
  why: Weakness;
}

const MOST_CHARS = 64; /* longer ones are judged by their beginning */
const ROWS = [
  '1234567890', 'qwertyuiop', 'asdfghjkl', 'zxcvbnm', 'qwertzuiop', 'yxcvbnm', 'azertyuiop',
  'qsdfghjklm', 'wxcvbn', '1qaz2wsx3edc4rfv5tgb6yhn7ujm', '!qay2wsx3edc4rfv5tgb',
];
const LEET: Record<string, string> = {
  '0': 'o', '1': 'i', '3': 'e', '4': 'a', '5': 's', '7': 't', '8': 'b', '@': 'a', '$': 's',
  '!': 'i', '+': 't',
};
const log10 = Math.log10;

let ranks: Map<string, number> | null = null;

function reversed(s: string): string {
  return [...s].reverse().join('');
}

/* Capitals and swapped letters cost a little more. */
function disguise(raw: string, plain: string): number {
  const capitals = [...raw].filter((c) => c !== c.toLowerCase()).length;
  const swaps = [...raw.toLowerCase()].filter((c, i) => c !== plain[i]).length;
  return (capitals ? 0.3 * Math.min(capitals, 4) : 0) + 0.3 * swaps;
}

function common(raw: string, own: string[]): Piece | null {
  if (raw.length < 3) return null;
  ranks ??= commonRanks();
  const leet = [...raw.toLowerCase()].map((c) => LEET[c] ?? c).join('');
  for (const plain of [raw.toLowerCase(), leet])
    for (const word of [plain, reversed(plain)]) {
      const extra = disguise(raw, plain) + (word === plain ? 0 : 0.3);
      if (own.includes(word)) return { cost: 0.7 + extra, why: 'own' };
      const rank = ranks.get(word);
      if (rank !== undefined) return { cost: log10(rank + 1) + extra, why: 'common' };
    }
  return null;
}

function date(raw: string): Piece | null {
  if (/^(19|20)\d\d$/.test(raw)) return { cost: 2.1, why: 'date' };
  const m = /^(\d{1,4})([./-]?)(\d{1,2})\2(\d{1,4})$/.exec(raw);
  if (!m || raw.length < 4) return null;
  const [a, b, c] = [m[1]!, m[3]!, m[4]!].map(Number) as [number, number, number];
  const day = (d: number, mo: number) => d >= 1 && d <= 31 && mo >= 1 && mo <= 12;
  const fits = day(a, b) || day(b, a) || day(c, b) || day(b, c);
  return fits ? { cost: 4.6, why: 'date' } : null;
}

function run(raw: string): Piece | null {
  if (raw.length < 3) return null;
  const step = raw.charCodeAt(1) - raw.charCodeAt(0);
  if (Math.abs(step) > 2) return null;
  for (let i = 2; i < raw.length; i++)
    if (raw.charCodeAt(i) - raw.charCodeAt(i - 1) !== step) return null;
  return { cost: 1.3 + log10(raw.length), why: step === 0 ? 'repeat' : 'run' };
}

function walk(raw: string): Piece | null {
  if (raw.length < 3) return null;
  const s = raw.toLowerCase();
  const found = ROWS.some((row) => row.includes(s) || row.includes(reversed(s)));
  return found ? { cost: 1.3 + log10(raw.length), why: 'walk' } : null;
}

/* An unknown word, or several without gaps. */
function word(raw: string): Piece | null {
  if (raw.length < 2 || !/^\p{L}+$/u.test(raw)) return null;
  const sayable = /[aeiouyäöü]/i.test(raw) && !/[bcdfghjklmnpqrstvwxz]{5}/i.test(raw);
  const capitals = /^\p{Lu}?[^\p{Lu}]*$/u.test(raw) ? 0 : 1;
  if (!sayable) return { cost: 1.3 * raw.length + capitals, why: 'plain' };
  const cost = Math.min(0.85 * raw.length, 4.5 * Math.ceil(raw.length / 7));
  return { cost: cost + capitals, why: 'word' };
}

function single(c: string): Piece {
  if (/\d/.test(c)) return { cost: 1, why: 'plain' };
  if (/[\s\-_.,]/.test(c)) return { cost: 0.5, why: 'plain' };
  return { cost: /\p{L}/u.test(c) ? 1 : 1.3, why: 'plain' };
}

function piece(raw: string, own: string[]): Piece | null {
  const all = [common(raw, own), date(raw), run(raw), walk(raw), word(raw)];
  const found = all.filter((p) => p !== null);
  if (raw.length === 1) found.push(single(raw));
  return found.length ? found.reduce((a, b) => (b.cost < a.cost ? b : a)) : null;
}

/* A block said again costs no more than once and a count. */
function block(s: string, from: number, to: number): number {
  const n = to - from;
  let times = 1;
  while (s.slice(to + (times - 1) * n, to + times * n) === s.slice(from, to)) times++;
  return times;
}

interface Best {
  cost: number;
  from: number;
  why: Weakness;
}

/* The cheapest way to cut, by its last piece at each place. */
function cheapest(s: string, own: string[]): Best[] {
  const best: Best[] = [{ cost: 0, from: 0, why: 'plain' }];
  const offer = (to: number, b: Best) => {
    if (b.cost < (best[to]?.cost ?? Infinity)) best[to] = b;
  };
  for (let to = 1; to <= s.length; to++)
    for (let from = Math.max(0, to - 24); from < to; from++) {
      const p = piece(s.slice(from, to), own);
      const before = best[from]?.cost;
      if (!p || before === undefined) continue;
      const cost = before + p.cost;
      offer(to, { cost, from, why: p.why });
      const times = to - from > 1 ? block(s, from, to) : 1;
      if (times > 1)
        offer(from + times * (to - from), { cost: cost + log10(times), from, why: 'repeat' });
    }
  return best;
}

/* own: what anybody knows of this person: name, home. */
export function strength(passphrase: string, own: string[] = []): Strength {
  const s = passphrase.slice(0, MOST_CHARS);
  const known = own.flatMap((o) => [o, ...o.split(/[^\p{L}\d]+/u)])
    .map((o) => o.toLowerCase()).filter((o) => o.length >= 3);
  const best = cheapest(s, known);
  const covered = new Map<Weakness, number>();
  for (let at = s.length; at > 0; at = best[at]!.from) {
    const b = best[at]!;
    covered.set(b.why, (covered.get(b.why) ?? 0) + at - b.from);
  }
  const most = [...covered].sort((a, b) => b[1] - a[1])[0]?.[0] ?? 'short';
  const power = best[s.length]!.cost;
  return { power, enough: power >= GUESSES_MIN, why: s.length < 8 ? 'short' : most };
}
