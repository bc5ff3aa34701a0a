/*
 * locks.tsx - what is kept for ever: the list of it, and the small dialog that
 * adds to it.
 */
import { useEffect, useRef, useState } from 'preact/hooks';
import { clockText, dayName, words } from '../../words/en';
import { lockDrop, lockMake, mayManage } from '../app/retention';
import { dayBegin, wallRead, wallText } from '../base/zone';
import type { Lock } from '../model/retention';
import { Told, useWork } from './kept';
import { Form, Go, Icon } from './parts';
import { useStore } from './store';

const w = words.keep;

function whenText(l: { from: number; to: number }, zone: string): string {
  const today = dayBegin(Date.now() * 1000, zone);
  const day = dayName(dayBegin(l.from, zone), today, zone);
  return `${day}, ${clockText(l.from, zone, true)} – ${clockText(l.to, zone, true)}`;
}

function LockRow(p: { lock: Lock; zone: string; names: string }) {
  const [sure, setSure] = useState(false);
  const work = useWork();
  const when = whenText(p.lock, p.zone);
  return (
    <li>
      <span>
        <strong>{when}</strong>
        <span class="hint">{sure ? w.unlockSure : p.names}</span>
        <Told work={work} />
      </span>
      {sure ? (
        <button
          type="button" class="quiet danger" disabled={work.busy}
          onClick={() => void work.run(() => lockDrop(p.lock.id))}
        >
          {w.unlockYes}
        </button>
      ) : (
        <button
          type="button" class="quiet" disabled={!mayManage()} aria-label={w.unlockOne(when)}
          onClick={() => setSure(true)}
        >
          {w.unlock}
        </button>
      )}
    </li>
  );
}

/* Of one camera, or (null) of the home. */
export function Locks({ of }: { of: string | null }) {
  const all = useStore((s) => s.locks);
  const cameras = useStore((s) => s.cameras);
  const zone = useStore((s) => s.zone);
  const shown = all.filter((l) => of === null || l.things.includes(of));
  const names = (l: Lock) =>
    l.things.map((t) => cameras.find((c) => c.thing === t)?.name ?? w.removed).join(', ');
  if (shown.length === 0) return null;
  return (
    <section class="part">
      <h2>{w.locks}</h2>
      <ul class="sessions">
        {[...shown].sort((a, b) => b.from - a.from)
          .map((l) => <LockRow key={l.id} lock={l} zone={zone} names={names(l)} />)}
      </ul>
      {shown.some((l) => l.things.some((t) => !cameras.some((c) => c.thing === t))) && (
        <p class="hint">{w.removedWhere}</p>
      )}
    </section>
  );
}

/* --- the dialog --- */

function Time(p: { label: string; value: string; set: (v: string) => void }) {
  return (
    <label>
      {p.label}
      <input
        type="datetime-local" step={1} required value={p.value} onInput={(e) => p.set(e.currentTarget.value)}
      />
    </label>
  );
}

interface Shown {
  from: number;
  to: number;
  camera: string;
}

function LockDialog(p: Shown & { zone: string; close: () => void }) {
  const box = useRef<HTMLDialogElement>(null);
  const cameras = useStore((s) => s.cameras);
  const [from, setFrom] = useState(wallText(p.from, p.zone));
  const [to, setTo] = useState(wallText(p.to, p.zone));
  const [things, setThings] = useState([p.camera]);
  const work = useWork();
  useEffect(() => box.current!.showModal(), []);
  const a = wallRead(from, p.zone) ?? 0;
  const b = wallRead(to, p.zone) ?? 0;
  const save = () => work.run(() => lockMake(things, a, b)).then((ok) => ok && box.current?.close());
  return (
    <dialog ref={box} class="card" aria-labelledby="lock-title" onClose={p.close}>
      <h2 id="lock-title">{w.lockTitle}</h2>
      <p class="hint">{w.lockLead}</p>
      <Form submit={() => void save()}>
        <div class="pair">
          <Time label={w.from} value={from} set={setFrom} />
          <Time label={w.to} value={to} set={setTo} />
        </div>
        {cameras.length > 1 && (
          <fieldset>
            <legend>{words.home.cameras}</legend>
            {cameras.map((c) => (
              <label key={c.thing} class="check">
                <input
                  type="checkbox" checked={things.includes(c.thing)}
                  onChange={(e) => setThings(e.currentTarget.checked
                    ? [...things, c.thing] : things.filter((t) => t !== c.thing))}
                />
                {c.name}
              </label>
            ))}
          </fieldset>
        )}
        <p class="hint bad" role="alert">{a > 0 && a < b ? '' : w.order}</p>
        <Told work={work} />
        <Go busy={work.busy} label={w.lock} off={!(a > 0 && a < b) || things.length === 0} />
        <button type="button" class="quiet" onClick={() => box.current?.close()}>{w.cancel}</button>
      </Form>
    </dialog>
  );
}

/* For the stretch that the timeline shows. */
export function LockButton(p: Shown & { zone: string; off: boolean }) {
  const [shown, setShown] = useState<Shown | null>(null);
  if (!mayManage()) return null;
  return (
    <>
      <button
        type="button" class="quiet" disabled={p.off} aria-haspopup="dialog"
        onClick={() => setShown({ from: p.from, to: p.to, camera: p.camera })}
      >
        <Icon name="lock" />{w.lockOpen}
      </button>
      {shown && <LockDialog {...shown} zone={p.zone} close={() => setShown(null)} />}
    </>
  );
}
