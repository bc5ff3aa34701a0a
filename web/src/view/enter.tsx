/*
 * enter.tsx - signing in, and back in with the recovery code.
 */
import { useState } from 'preact/hooks';
import { words } from '../../words/en';
import { goTo, recover, signIn } from '../app/flow';
import type { Problem } from '../app/state';
import { codeParse } from '../model/code';
import { Card, Field, Form, Go, Note, Secret } from './parts';
import { Phrase } from './phrase';
import { useStore } from './store';

export function SignIn({ problem: before }: { problem: Problem | null }) {
  const w = words.signin;
  const [handle, setHandle] = useState('');
  const [passphrase, setPassphrase] = useState('');
  const busy = useStore((s) => s.busy);
  const problem = useStore((s) => s.problem);
  const waits = useStore((s) => s.linkWaits);
  return (
    <Card title={w.title}>
      <Form submit={() => void signIn(handle.trim(), passphrase)}>
        <Field
          label={w.name} value={handle} set={setHandle} name="username" autocomplete="username"
          required maxLength={60}
        />
        <Secret
          label={w.pass} value={passphrase} set={setPassphrase} autocomplete="current-password"
        />
        {waits && <p class="note">{w.linkWaits}</p>}
        <Note problem={busy ? null : problem ?? before} />
        <Go busy={busy} label={w.go} busyLabel={w.going} off={!handle.trim() || !passphrase} />
      </Form>
      <button type="button" class="quiet wide" disabled={busy} onClick={() => goTo('forgot')}>
        {w.forgot}
      </button>
    </Card>
  );
}

export function Forgot() {
  const w = words.forgot;
  const [step, setStep] = useState(1);
  const [handle, setHandle] = useState('');
  const [code, setCode] = useState('');
  const [bad, setBad] = useState(false);
  const [passphrase, setPassphrase] = useState('');
  const [enough, setEnough] = useState(false);
  const busy = useStore((s) => s.busy);
  const problem = useStore((s) => s.problem);
  const check = () => void codeParse(code).then(() => setStep(2), () => setBad(true));
  const back = () => (step === 1 ? goTo('signin') : setStep(1));
  return (
    <Card title={step === 1 ? w.title : w.passTitle}>
      {step === 1 ? (
        <Form submit={check}>
          <p>{w.lead}</p>
          <Field
            label={w.name} value={handle} set={setHandle} name="username" autocomplete="username"
            required maxLength={60}
          />
          <Field
            label={w.code} hint={w.codeHint} value={code} class="mono" name="recovery-code"
            set={(v) => { setCode(v); setBad(false); }} autocomplete="off" required
            error={bad ? words.problems.code : undefined}
          />
          <Go busy={false} label={words.common.go} off={!handle.trim() || !code.trim()} />
        </Form>
      ) : (
        <Form submit={() => void recover(handle.trim(), code, passphrase)}>
          <p>{words.welcome.passLead}</p>
          <Phrase value={passphrase} set={setPassphrase} own={[handle]} enough={setEnough} />
          <Note problem={problem} />
          <Go busy={busy} label={w.go} busyLabel={w.going} off={!enough} />
        </Form>
      )}
      <button type="button" class="quiet wide" disabled={busy} onClick={back}>
        {words.common.back}
      </button>
    </Card>
  );
}
