/*
 * pairing.tsx - how far the meeting with the hub has come.
 */
import { words } from '../../words/en';
import { pairing } from '../app/flow';
import type { Pairing } from '../app/state';
import { Icon, Note } from './parts';
import { useStore } from './store';

const ORDER: Pairing['step'][] = ['found', 'asked', 'keys', 'written', 'done'];

function textOf(p: Pairing): string {
  const w = words.pairing;
  if (p.step === 'keys') return w.keys(p.part);
  if (p.step === 'done') return w.written;
  return p.step === 'none' ? '' : w[p.step];
}

/* One line, under something else. */
export function PairingLine() {
  const p = useStore((s) => s.pairing);
  if (p.step === 'none') return null;
  const ended = p.step === 'done' || p.step === 'failed';
  return (
    <p class="pairing-line" role="status">
      {p.step === 'done' ? <Icon name="check" /> : !ended && <span class="spin" aria-hidden="true" />}
      <span>{textOf(p)}</span>
    </p>
  );
}

/* The whole of it, where pictures will be. */
export function PairingSteps() {
  const w = words.pairing;
  const p = useStore((s) => s.pairing);
  const problem = p.step === 'failed' ? p.problem : null;
  const at = ORDER.indexOf(p.step);
  const rows: [Pairing['step'], string][] = [
    ['found', w.found], ['asked', w.asked], ['keys', at > 2 ? w.keysDone : at < 2 ? w.keysNext : w.keys(p.part)],
    ['done', w.written],
  ];
  return (
    <section class="card still">
      <h1>{p.step === 'failed' ? w.failed : w.title}</h1>
      {p.step === 'failed' ? (
        <>
          <Note problem={problem} />
          {problem !== 'link' && problem !== 'owner' && (
            <button type="button" class="main" onClick={() => void pairing()}>{w.retry}</button>
          )}
        </>
      ) : (
        <ol class="steps" aria-live="polite">
          {rows.map(([step, text]) => {
            const mine = ORDER.indexOf(step);
            const done = at > mine || p.step === 'done';
            const state = done ? 'done' : at === mine ? 'now' : 'next';
            return (
              <li key={step} class={state} aria-current={state === 'now' ? 'step' : undefined}>
                {done ? <Icon name="check" /> : <span class={state === 'now' ? 'spin' : 'dot'} aria-hidden="true" />}
                <span>{text}</span>
              </li>
            );
          })}
        </ol>
      )}
    </section>
  );
}
