/*
 * parts.tsx - what every screen is made of.
 */
import type { ComponentChildren } from 'preact';
import { useEffect, useId, useRef, useState } from 'preact/hooks';
import { words } from '../../words/en';
import type { Problem } from '../app/state';

const PATHS = {
  home: 'M4 11.5 12 5l8 6.5M6.5 10v9h11v-9',
  person: 'M12 12.5a4 4 0 1 0 0-8 4 4 0 0 0 0 8ZM4.5 20c.8-3.6 3.8-5 7.500-5s6.700 1.400 7.500 5',
  check: 'm5 12.500 4.500 4.500L19 7.500',
  play: 'M8 5.500v13l11-6.500z',
  pause: 'M8 5.500v13M16 5.500v13',
  plus: 'M12 5v14M5 12h14',
  back: 'M16 6v12l-8.500-6zM6 6v12',
  on: 'M8 6v12l8.500-6zM18 6v12',
  full: 'M4 9V4h5M20 9V4h-5M4 15v5h5M20 15v5h-5',
  sound: 'M4 9.500v5h3.500L12 18V6L7.500 9.500zM15 9a4.200 4.200 0 0 1 0 6M17.500 6.500a8 8 0 0 1 0 11',
  mute: 'M4 9.500v5h3.500L12 18V6L7.500 9.500zM16 9.500l5 5M21 9.500l-5 5',
  warn: 'M12 4 2.800 19.500h18.400zM12 10v4.500M12 17.200v.1',
  off: 'M4 4l16 16M8.500 6H15l2 2.500h3v9.500M4 8.500V18h12',
  lock: 'M6.500 11h11v8.500h-11zM8.500 11V8a3.500 3.500 0 0 1 7 0v3',
  grid: 'M4.500 4.500h6.500v6.500H4.500zM13 4.500h6.500v6.500H13zM4.500 13h6.500v6.500H4.500zM13 13h6.500v6.500H13z',
  film: 'M4 5h16v14H4zM8 5v14M16 5v14M4 12h4M16 12h4',
  photo: 'M4 8h3.500L9 5.500h6L16.500 8H20v11H4zM12 16.500a3.500 3.500 0 1 0 0-7 3.500 3.500 0 0 0 0 7Z',
  gear: 'M4 7h9M17 7h3M4 17h3M11 17h9M15 4.500v5M9 14.500v5',
  clock: 'M12 20.500a8.500 8.500 0 1 0 0-17 8.500 8.500 0 0 0 0 17ZM12 7.500V12l3 2',
};
export type IconName = keyof typeof PATHS;

export function Icon({ name }: { name: IconName }) {
  return (
    <svg class="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      <path d={PATHS[name]} />
    </svg>
  );
}

/* A roof, and the eye under it. */
export function Logo() {
  return (
    <svg class="logo" viewBox="0 0 48 48" aria-hidden="true" focusable="false">
      <path class="roof" d="M5 25 24 9l19 16" />
      <circle class="eye" cx="24" cy="30" r="8" />
      <circle class="pupil" cx="24" cy="30" r="3" />
    </svg>
  );
}

/* One thing in the middle of the page. The title takes the focus. */
export function Card(p: { title: string; step?: string; children: ComponentChildren }) {
  const title = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    title.current?.focus({ preventScroll: true });
    document.title = `${p.title} – ${words.product}`;
  }, [p.title]);
  return (
    <main class="middle">
      <div class="brand"><Logo /><span>{words.product}</span></div>
      <section class="card">
        {p.step && <p class="step">{p.step}</p>}
        <h1 ref={title} tabIndex={-1}>{p.title}</h1>
        {p.children}
      </section>
    </main>
  );
}

export function Note(p: { problem: Problem | null }) {
  return (
    <p class="note bad" role="alert" hidden={!p.problem}>
      {p.problem && <><Icon name="warn" /><span>{words.problems[p.problem]}</span></>}
    </p>
  );
}

interface FieldProps {
  label: string;
  value: string;
  set: (v: string) => void;
  name: string;
  autocomplete: string;
  type?: 'text' | 'password';
  hint?: string | undefined;
  error?: string | undefined;
  class?: string;
  required?: boolean;
  maxLength?: number;
  autocapitalize?: 'none' | 'sentences';
  trail?: ComponentChildren;
}

export function Field(p: FieldProps) {
  const id = useId();
  return (
    <div class="field">
      <label for={id}>{p.label}</label>
      <div class="entry">
        <input
          id={id} type={(p.type ?? 'text') as 'text'} name={p.name} value={p.value} class={p.class ?? ''}
          autocomplete={p.autocomplete} autocapitalize={p.autocapitalize ?? 'none'}
          autocorrect="off" spellcheck={false} required={p.required ?? false}
          maxLength={p.maxLength ?? 200} aria-describedby={`${id}h`} aria-invalid={!!p.error}
          onInput={(e) => p.set(e.currentTarget.value)}
        />
        {p.trail}
      </div>
      <p id={`${id}h`} class={p.error ? 'hint bad' : 'hint'} aria-live="polite">
        {p.error ?? p.hint}
      </p>
    </div>
  );
}

/* A passphrase that exists: hidden unless somebody looks. */
export function Secret(p: {
  label: string; value: string; set: (v: string) => void; autocomplete: 'current-password';
  optional?: boolean;
}) {
  const [seen, setSeen] = useState(false);
  return (
    <Field
      label={p.label} value={p.value} set={p.set} type={seen ? 'text' : 'password'}
      name="password" autocomplete={p.autocomplete} required={!p.optional}
      trail={
        <button
          type="button" class="quiet" aria-pressed={seen} onClick={() => setSeen(!seen)}
        >
          {seen ? words.common.hide : words.common.show}
        </button>
      }
    />
  );
}

export function Go(p: { busy: boolean; label: string; busyLabel?: string; off?: boolean }) {
  return (
    <button type="submit" class="main" disabled={p.busy || p.off} aria-busy={p.busy}>
      {p.busy && <span class="spin" aria-hidden="true" />}
      {p.busy ? p.busyLabel ?? p.label : p.label}
    </button>
  );
}

export function Form(p: { submit: () => void; children: ComponentChildren }) {
  return (
    <form
      method="post"
      onSubmit={(e) => {
        e.preventDefault();
        p.submit();
      }}
    >
      {p.children}
    </form>
  );
}
