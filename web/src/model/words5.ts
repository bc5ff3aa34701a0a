/*
 * words5.ts - the passphrase that the app proposes: 64 random bits as five
 * words that can be said and typed. There is no list of words: a word is
 * consonant, vowel, consonant, ending, which gives 7,168; without the stems
 * that nobody wants to read there are enough left for 2^64 in five.
 */
import { random } from '../base/octets';
import { sha256 } from '../crypto/kdf';

const CONSONANTS = [...'bdfghjklmnprstvz'];
const VOWELS = [...'aiou'];
const ENDINGS = ['a', 'o', 'el', 'en', 'ir', 'is', 'um'];
const UNWANTED = ['fag', 'naz', 'nig', 'rap', 'tit'];
const WORDS = 7132; /* the least whose fifth power is 2^64 or more */
export const PHRASE_WORDS = 5;

function stems(): string[] {
  const all = CONSONANTS.flatMap((a) => VOWELS.flatMap((v) => CONSONANTS.map((b) => a + v + b)));
  return all.filter((s) => !UNWANTED.includes(s));
}

export function wordList(): string[] {
  return stems().flatMap((s) => ENDINGS.map((e) => s + e)).slice(0, WORDS);
}

/* v below 2^64. */
export function phraseOf(v: bigint): string {
  const list = wordList();
  const words: string[] = [];
  for (let i = 0; i < PHRASE_WORDS; i++) {
    words.push(list[Number(v % BigInt(WORDS))]!);
    v /= BigInt(WORDS);
  }
  return words.join(' ');
}

export function phraseNew(): string {
  return phraseOf(new DataView(random(8).buffer).getBigUint64(0));
}

/* What people compare a signing key by: 64 bits of its SHA-256. */
export async function keyWords(key: Uint8Array): Promise<string> {
  return phraseOf(new DataView((await sha256(key)).buffer).getBigUint64(0));
}

/* The same passphrase, however it was typed: gaps and forms of letters. */
export function phraseNormal(typed: string): string {
  return typed.normalize('NFC').trim().replace(/\s+/g, ' ');
}
