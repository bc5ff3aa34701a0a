/*
 * workers.ts - starts the two workers, whose file names the build puts in.
 * The only script addresses that this page may ever load.
 */
import { ApiError, type ApiCode } from '../proto/api';
import { Fault, type FaultCode } from '../base/fault';
import type { AnswerMessage, AskMessage, AskName, Asks } from '../signin/messages';

declare const SIGNIN_FILE: string;
declare const PLAYER_FILE: string;

interface Policy {
  createScriptURL(url: string): string;
}
interface Factory {
  createPolicy(name: string, rules: { createScriptURL(url: string): string }): Policy;
}

const OURS = [SIGNIN_FILE, PLAYER_FILE, '/sw.js'];
const rules = {
  createScriptURL(url: string): string {
    if (!OURS.includes(url)) throw new TypeError('not a script of ours');
    return url;
  },
};
const factory = (globalThis as { trustedTypes?: Factory }).trustedTypes;
const policy: Policy = factory ? factory.createPolicy('eaves', rules) : rules;

export function serviceWorkerFile(): string {
  return policy.createScriptURL('/sw.js');
}

export function playerWorker(): Worker {
  return new Worker(policy.createScriptURL(PLAYER_FILE), { type: 'module', name: 'player' });
}

let signin: Worker | null = null;
let asked = 0;
const waiting = new Map<number, (m: AnswerMessage) => void>();

function signinWorker(): Worker {
  if (signin) return signin;
  const w = new Worker(policy.createScriptURL(SIGNIN_FILE), { type: 'module', name: 'signin' });
  w.onmessage = (e: MessageEvent<AnswerMessage>) => {
    waiting.get(e.data.n)?.(e.data);
    waiting.delete(e.data.n);
  };
  w.onerror = () => {
    for (const [n, done] of waiting)
      done({ n, error: { kind: 'api', code: 'gone', status: 0 } });
    waiting.clear();
    signin = null;
  };
  signin = w;
  return w;
}

function errorOf(e: NonNullable<AnswerMessage['error']>): Error {
  if (e.kind === 'api') return new ApiError(e.code as ApiCode, e.status, e.code);
  if (e.kind === 'fault') return new Fault(e.code as FaultCode);
  return new Error(e.code);
}

/* Throws ApiError, Fault. */
export function ask<N extends AskName>(name: N, ask: Asks[N]['ask']): Promise<Asks[N]['answer']> {
  return new Promise((done, fail) => {
    const m: AskMessage = { n: ++asked, name, ask };
    waiting.set(m.n, (a) => {
      if (a.error) fail(errorOf(a.error));
      else done(a.answer as Asks[N]['answer']);
    });
    signinWorker().postMessage(m);
  });
}

/* 64 MiB of the slow hash are given back. */
export function signinEnd(): void {
  if (waiting.size > 0) return;
  signin?.terminate();
  signin = null;
}
