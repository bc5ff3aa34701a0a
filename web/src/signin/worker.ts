/*
 * worker.ts - the sign-in worker: one task at a time, because the slow hash
 * takes 64 MiB.
 */
import { Fault } from '../base/fault';
import { ApiError } from '../proto/api';
import type { AnswerMessage, AskMessage, AskName } from './messages';
import * as tasks from './tasks';

const TASKS: Record<AskName, (ask: never) => Promise<unknown>> = {
  propose: tasks.propose, strength: tasks.strengthOf, create: tasks.create, enter: tasks.enter,
  recover: tasks.recover, sessions: tasks.sessions, change: tasks.change,
};

function errorOf(e: unknown): NonNullable<AnswerMessage['error']> {
  if (e instanceof ApiError) return { kind: 'api', code: e.code, status: e.status };
  if (e instanceof Fault) return { kind: 'fault', code: e.code, status: 0 };
  return { kind: 'other', code: String(e), status: 0 };
}

async function answer(m: AskMessage): Promise<AnswerMessage> {
  try {
    return { n: m.n, answer: await TASKS[m.name](m.ask as never) };
  } catch (e) {
    return { n: m.n, error: errorOf(e) };
  }
}

let tail: Promise<void> = Promise.resolve();
addEventListener('message', (event: MessageEvent<AskMessage>) => {
  tail = tail.then(async () => postMessage(await answer(event.data)));
});
