/*
 * phrase.tsx - choosing a passphrase: five words by chance, to be taken or
 * replaced; what could be guessed is refused.
 */
import { useEffect, useRef, useState } from 'preact/hooks';
import { words } from '../../words/en';
import { ask } from '../app/workers';
import type { Strength } from '../model/strength';
import { Field } from './parts';

interface PhraseProps {
  label?: string;
  value: string;
  set: (v: string) => void;
  own: string[]; /* names that anybody knows */
  enough: (yes: boolean) => void;
}

export function Phrase(p: PhraseProps) {
  const w = words.welcome;
  const [strength, setStrength] = useState<Strength | null>(null);
  const asked = useRef(0);
  const propose = () => void ask('propose', {}).then(p.set);
  useEffect(() => {
    if (!p.value) propose();
  }, []);
  useEffect(() => {
    const n = ++asked.current;
    void ask('strength', { passphrase: p.value, own: p.own }).then((s) => {
      if (n !== asked.current) return;
      setStrength(s);
      p.enough(s.enough);
    });
  }, [p.value]);
  const weak = p.value !== '' && strength !== null && !strength.enough;
  return (
    <>
      <Field
        label={p.label ?? w.pass} value={p.value} set={p.set} name="new-password" type="text"
        class="phrase" autocomplete="new-password" required
        hint={strength?.enough ? w.strong : w.passHint}
        error={weak ? w.weak(strength.why) : undefined}
      />
      <button type="button" class="quiet wide" onClick={propose}>{w.other}</button>
    </>
  );
}
