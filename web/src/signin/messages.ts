/*
 * messages.ts - what the page asks the sign-in worker, and what it answers.
 * The passphrase goes in; keys that cannot be exported come out.
 */
import type { Octets } from '../base/octets';
import type { KeptKx } from '../crypto/kxkeep';
import type { Strength } from '../model/strength';
import type { NewHome, Ticket } from '../proto/api';

/* Who signs in, and from where. */
export interface Typed {
  handle: string;
  passphrase: string;
}

export interface HomePin {
  home: string;
  version: number;
  hash: Octets;
}

/* A home as its member's browser keeps it. */
export interface KeptHome extends HomePin {
  member: string;
  grant: string;
  grantKey: CryptoKey;
}

export interface Entered {
  account: Octets;
  session: Ticket;
  sign: CryptoKey;
  signPublic: Octets;
  kx: KeptKx;
  homes: KeptHome[];
  vaultVersion: number;
  founding: NewHome | null; /* a home that the server has not taken yet */
  code: string | null; /* a new recovery code, to be shown once */
}

export interface SessionRow {
  id: string;
  label: string;
  day: number;
}

export interface Asks {
  propose: { ask: object; answer: string };
  strength: { ask: { passphrase: string; own: string[] }; answer: Strength };
  create: {
    ask: Typed & { link: Ticket; label: string; name: string; home: string; zone: string };
    answer: Entered;
  };
  enter: {
    ask: Typed & { label: string; gone: string[]; pins: HomePin[]; vaults: Record<string, number> };
    answer: Entered;
  };
  recover: { ask: Typed & { code: string; label: string }; answer: Entered };
  sessions: { ask: Typed & { session: Ticket; end: string | null }; answer: SessionRow[] };
  change: {
    ask: Typed & { session: Ticket; fresh: string | null; code: boolean };
    answer: { code: string | null };
  };
}
export type AskName = keyof Asks;

export interface AskMessage {
  n: number;
  name: AskName;
  ask: unknown;
}
export interface AnswerMessage {
  n: number;
  answer?: unknown;
  error?: { kind: 'api' | 'fault' | 'other'; code: string; status: number };
}
