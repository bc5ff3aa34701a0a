/*
 * code.tsx - the recovery code, shown once: whoever goes on has typed its end.
 */
import { useState } from 'preact/hooks';
import { words } from '../../words/en';
import { codeDone } from '../app/flow';
import { Card, Field, Form, Go } from './parts';
import { PairingLine } from './pairing';

function save(code: string): void {
  const w = words.code;
  const url = URL.createObjectURL(new Blob([w.fileText(code)], { type: 'text/plain' }));
  const a = document.createElement('a');
  a.href = url;
  a.download = w.file;
  a.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

export function Code({ code, fresh }: { code: string; fresh: boolean }) {
  const w = words.code;
  const [typed, setTyped] = useState('');
  const [tried, setTried] = useState(false);
  const [copied, setCopied] = useState(false);
  const groups = code.split(' ');
  const right = typed.trim().toLowerCase() === groups[groups.length - 1];
  const copy = () => void navigator.clipboard.writeText(code).then(() => setCopied(true));
  return (
    <Card title={w.title} {...(fresh ? { step: words.welcome.step(3) } : {})}>
      <p>{fresh ? w.lead : w.newLead}</p>
      <p class="code" data-code={code}>{groups.map((g, i) => <span key={i}>{g}</span>)}</p>
      <div class="row">
        <button type="button" class="quiet" onClick={copy}>{copied ? w.copied : w.copy}</button>
        <button type="button" class="quiet" onClick={() => save(code)}>{w.save}</button>
      </div>
      <Form submit={() => (right ? codeDone() : setTried(true))}>
        <Field
          label={w.confirm} value={typed} set={setTyped} name="code-end" autocomplete="off"
          maxLength={6} class="short" error={tried && !right ? w.wrong : undefined}
        />
        <Go busy={false} label={w.done} off={typed.trim().length < 4} />
      </Form>
      {fresh && <PairingLine />}
    </Card>
  );
}
