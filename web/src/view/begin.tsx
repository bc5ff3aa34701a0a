/*
 * begin.tsx - the screens before there is a home: a browser that cannot, no
 * server, no household, a bad link; and the first run.
 */
import { useState } from 'preact/hooks';
import { words } from '../../words/en';
import type { Lack } from '../app/can';
import { firstRun } from '../app/flow';
import type { Problem } from '../app/state';
import { Card, Field, Form, Go, Logo, Note } from './parts';
import { Phrase } from './phrase';
import { useStore } from './store';

export function Loading() {
  return (
    <main class="middle">
      <div class="waiting" role="status">
        <Logo />
        <p>{words.common.loading}</p>
      </div>
    </main>
  );
}

export function Cannot({ lacks }: { lacks: Lack[] }) {
  const w = words.cannot;
  return (
    <Card title={w.title}>
      <p>{w.lead}</p>
      <ul class="plain">{lacks.map((l) => <li key={l}>{w.lacks[l]}</li>)}</ul>
      <p>{w.which}</p>
      <ul>{w.list.map((b) => <li key={b}>{b}</li>)}</ul>
      <p>{w.others}</p>
    </Card>
  );
}

export function Gone() {
  return (
    <Card title={words.gone.title}>
      <p>{words.gone.lead}</p>
      <p class="hint" role="status"><span class="spin" aria-hidden="true" /> {words.gone.trying}</p>
    </Card>
  );
}

export function Fresh() {
  return (
    <Card title={words.fresh.title}>
      <p>{words.fresh.lead}</p>
      <p class="hint">{words.fresh.again}</p>
    </Card>
  );
}

/* /trust: how a device learns to trust a certificate of our own. */
export function Trust() {
  const w = words.trust;
  return (
    <Card title={w.title}>
      <p>{w.lead}</p>
      <p>{w.where}</p>
      <dl>
        {w.list.flatMap(([device, how]) => [<dt key={device}>{device}</dt>, <dd key={how}>{how}</dd>])}
      </dl>
      <p class="hint">{w.narrow}</p>
      <a class="button" href="/">{w.go}</a>
    </Card>
  );
}

export function BadLink({ problem }: { problem: Problem }) {
  return (
    <Card title={words.badLink.title}>
      <Note problem={problem} />
    </Card>
  );
}

export function Welcome() {
  const w = words.welcome;
  const [step, setStep] = useState(1);
  const [handle, setHandle] = useState('');
  const [home, setHome] = useState(w.homeDefault);
  const [passphrase, setPassphrase] = useState('');
  const [enough, setEnough] = useState(false);
  const busy = useStore((s) => s.busy);
  const problem = useStore((s) => s.problem);
  if (step === 1)
    return (
      <Card title={w.title} step={w.step(1)}>
        <p>{w.lead}</p>
        <Form submit={() => setStep(2)}>
          <Field
            label={w.name} hint={w.nameHint} value={handle} set={setHandle} name="username"
            autocomplete="username" required maxLength={60}
          />
          <Field
            label={w.home} value={home} set={setHome} name="home" autocomplete="off" required
            maxLength={60} autocapitalize="sentences"
          />
          <Go busy={false} label={words.common.go} off={!handle.trim() || !home.trim()} />
        </Form>
      </Card>
    );
  return (
    <Card title={w.passTitle} step={w.step(2)}>
      <p>{w.passLead}</p>
      <Form submit={() => void firstRun({ handle: handle.trim(), passphrase, home: home.trim() })}>
        <input class="away" name="username" autocomplete="username" value={handle} readOnly
          tabIndex={-1} aria-hidden="true" />
        <Phrase value={passphrase} set={setPassphrase} own={[handle, home]} enough={setEnough} />
        <Note problem={problem} />
        <Go busy={busy} label={w.create} busyLabel={w.creating} off={!enough} />
        <button type="button" class="quiet wide" disabled={busy} onClick={() => setStep(1)}>
          {words.common.back}
        </button>
      </Form>
    </Card>
  );
}
