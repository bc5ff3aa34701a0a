/*
 * account.tsx - sessions, passphrase, recovery code, signing out. What is in
 * the vault opens only while the passphrase is typed.
 */
import { useEffect, useRef, useState } from 'preact/hooks';
import type { ComponentChildren } from 'preact';
import { dayText, words } from '../../words/en';
import { passphraseChange, sessionsRead, signOut } from '../app/flow';
import { Recordings } from './kept';
import { Form, Go, Note, Secret } from './parts';
import { Phrase } from './phrase';
import { useStore } from './store';
import { Watched } from './watched';

const w = words.account;
type Part = 'none' | 'recordings' | 'watched' | 'sessions' | 'passphrase' | 'code';
type Rows = NonNullable<Awaited<ReturnType<typeof sessionsRead>>>;

function Section(p: {
  title: string; lead?: string; open: boolean; button: string; toggle: () => void;
  children: ComponentChildren;
}) {
  return (
    <section class="part">
      <div class="part-head">
        <div>
          <h2>{p.title}</h2>
          {p.lead && <p class="hint">{p.lead}</p>}
        </div>
        <button type="button" class="quiet" aria-expanded={p.open} onClick={p.toggle}>
          {p.open ? words.common.close : p.button}
        </button>
      </div>
      {p.open && p.children}
    </section>
  );
}

function Sessions() {
  const [passphrase, setPassphrase] = useState('');
  const [rows, setRows] = useState<Rows | null>(null);
  const busy = useStore((s) => s.busy);
  const problem = useStore((s) => s.problem);
  const read = (end: string | null) =>
    void sessionsRead(passphrase, end).then((r) => r && setRows(r));
  if (!rows)
    return (
      <Form submit={() => read(null)}>
        <Secret label={w.passphrase} value={passphrase} set={setPassphrase} autocomplete="current-password" />
        <Note problem={problem} />
        <Go busy={busy} label={w.sessionsOpen} off={!passphrase} />
      </Form>
    );
  return (
    <>
      <Note problem={problem} />
      <ul class="sessions">
        {rows.map((r) => (
          <li key={r.id}>
            <span>
              <strong>{r.label}</strong>
              <span class="hint">{r.here ? w.here : w.since(dayText(r.day))}</span>
            </span>
            {!r.here && (
              <button
                type="button" class="quiet" disabled={busy} aria-label={w.endOne(r.label)}
                onClick={() => read(r.id)}
              >
                {w.end}
              </button>
            )}
          </li>
        ))}
      </ul>
    </>
  );
}

function Passphrase() {
  const [old, setOld] = useState('');
  const [fresh, setFresh] = useState('');
  const [enough, setEnough] = useState(false);
  const [done, setDone] = useState(false);
  const busy = useStore((s) => s.busy);
  const problem = useStore((s) => s.problem);
  const handle = useStore((s) => s.handle);
  if (done) return <p class="note good" role="status">{w.changed}</p>;
  return (
    <Form submit={() => void passphraseChange(old, fresh, false).then(setDone)}>
      <Secret label={w.now} value={old} set={setOld} autocomplete="current-password" />
      <Phrase label={w.next} value={fresh} set={setFresh} own={[handle]} enough={setEnough} />
      <Note problem={problem} />
      <Go busy={busy} label={w.change} off={!old || !enough} />
    </Form>
  );
}

function CodeAgain() {
  const [passphrase, setPassphrase] = useState('');
  const busy = useStore((s) => s.busy);
  const problem = useStore((s) => s.problem);
  return (
    <Form submit={() => void passphraseChange(passphrase, null, true)}>
      <Secret label={w.passphrase} value={passphrase} set={setPassphrase} autocomplete="current-password" />
      <Note problem={problem} />
      <Go busy={busy} label={w.codeNew} off={!passphrase} />
    </Form>
  );
}

export function Account() {
  const [part, setPart] = useState<Part>('none');
  const handle = useStore((s) => s.handle);
  const busy = useStore((s) => s.busy);
  const title = useRef<HTMLHeadingElement>(null);
  useEffect(() => title.current?.focus(), []);
  const toggle = (p: Part) => () => setPart(part === p ? 'none' : p);
  return (
    <div class="account">
      <h1 ref={title} tabIndex={-1}>{w.title}</h1>
      <p class="you">{w.you} <strong>{handle}</strong></p>
      <Section
        title={w.sessions} lead={w.sessionsLead} open={part === 'sessions'} button={w.sessionsOpen}
        toggle={toggle('sessions')}
      >
        <Sessions />
      </Section>
      <Section
        title={words.watched.title} lead={words.watched.lead} open={part === 'watched'}
        button={words.watched.show} toggle={toggle('watched')}
      >
        <Watched />
      </Section>
      <Section
        title={w.passphrase} open={part === 'passphrase'} button={w.change}
        toggle={toggle('passphrase')}
      >
        <Passphrase />
      </Section>
      <Section
        title={w.code} lead={w.codeLead} open={part === 'code'} button={w.codeNew}
        toggle={toggle('code')}
      >
        <CodeAgain />
      </Section>
      <Section
        title={words.keep.title} lead={words.keep.lead} open={part === 'recordings'} button={words.keep.open}
        toggle={toggle('recordings')}
      >
        <Recordings />
      </Section>
      <section class="part">
        <div class="part-head">
          <div>
            <h2>{w.out}</h2>
            <p class="hint">{w.outLead}</p>
          </div>
          <button type="button" class="quiet danger" disabled={busy} onClick={() => void signOut()}>
            {w.out}
          </button>
        </div>
      </section>
    </div>
  );
}
