/*
 * camera.tsx - what can be set of a camera: its name, how long its recordings
 * are kept, its sound; and taking it out of the home.
 */
import { useEffect, useRef, useState } from 'preact/hooks';
import { words } from '../../words/en';
import { cameraDrop, cameraName } from '../app/cameras';
import { tabSet } from '../app/flow';
import { GB, cameraKeep, cameraKept, keptRead, mayManage, soundSet } from '../app/retention';
import type { Kept } from '../proto/api';
import { Locks } from './locks';
import { Field, Form, Go, Icon } from './parts';
import { Saved, Told, useKept, useWork } from './kept';
import { useStore } from './store';

const w = words.keep;

function Name(p: { thing: string; name: string }) {
  const [name, setName] = useState(p.name);
  const work = useWork();
  return (
    <section class="part">
      <Form submit={() => void work.run(() => cameraName(p.thing, name.trim()))}>
        <Field label={w.name} value={name} set={setName} name="name" autocomplete="off" maxLength={60} required />
        <Told work={work} />
        <Go busy={work.busy} label={w.save} off={!name.trim() || name.trim() === p.name} />
        <Saved work={work} />
      </Form>
    </section>
  );
}

function HowLong(p: { thing: string; kept: Kept; again: () => void }) {
  const c = cameraKept(p.thing, p.kept);
  const [days, setDays] = useState(String(c?.days ?? 7));
  const [size, setSize] = useState(c?.octets ? String(c.octets / GB) : '');
  const work = useWork();
  if (!c) return null;
  const wrong = !/^[1-9]\d{0,3}$/.test(days) || Number(days) > 3650;
  const wrongSize = size !== '' && !(Number(size.replace(',', '.')) >= 0.1);
  const save = () => work.run(async () => {
    await cameraKeep(p.thing, Number(days), Math.round(Number(size.replace(',', '.')) * GB));
    p.again();
  });
  return (
    <section class="part">
      <h2>{w.long}</h2>
      <p class="about">{w.about(c.about.days)}</p>
      <p class="hint">{w.by[c.about.by]} {w.has(c.has / GB)}</p>
      {c.early && <p class="note bad" role="alert"><Icon name="warn" /><span>{w.early}</span></p>}
      <Form submit={() => void save()}>
        <div class="pair">
          <Field
            label={w.days} value={days} set={setDays} name="days" autocomplete="off" class="short" maxLength={4}
            error={wrong ? w.daysWrong : undefined} required
          />
          <Field
            label={w.size} value={size} set={setSize} name="size" autocomplete="off" class="short" maxLength={7}
            hint={w.sizeHint} error={wrongSize ? w.sizeWrong : undefined}
          />
        </div>
        <Told work={work} />
        <Go busy={work.busy} label={w.save} off={wrong || wrongSize || !mayManage()} />
        <Saved work={work} />
      </Form>
    </section>
  );
}

function Sound(p: { thing: string; kept: Kept }) {
  const sound = cameraKept(p.thing, p.kept)?.sound ?? null;
  const work = useWork();
  const [on, setOn] = useState(sound ?? false);
  if (sound === null) return null;
  return (
    <section class="part">
      <label class="check">
        <input
          type="checkbox" checked={on} disabled={work.busy || !mayManage()}
          onChange={(e) => {
            const next = e.currentTarget.checked;
            setOn(next);
            void work.run(() => soundSet(p.thing, next)).then((ok) => !ok && setOn(!next));
          }}
        />
        {words.add.sound}
      </label>
      <p class="hint">{w.soundHint}</p>
      <Told work={work} />
    </section>
  );
}

function Remove(p: { thing: string; name: string }) {
  const [sure, setSure] = useState(false);
  const work = useWork();
  const away = () => work.run(async () => {
    await cameraDrop(p.thing);
    tabSet('home');
  });
  return (
    <section class="part">
      <div class="part-head">
        <div>
          <h2>{w.remove}</h2>
          <p class="hint">{w.removeLead}</p>
        </div>
        {!sure && (
          <button type="button" class="quiet danger" disabled={!mayManage()} onClick={() => setSure(true)}>
            {w.remove}
          </button>
        )}
      </div>
      {sure && (
        <div class="sure" role="group" aria-label={w.remove}>
          <p class="note"><Icon name="warn" /><span>{w.removeSure(p.name)}</span></p>
          <Told work={work} />
          <button type="button" class="danger" disabled={work.busy} onClick={() => void away()}>{w.removeYes}</button>{' '}
          <button type="button" class="quiet" disabled={work.busy} onClick={() => setSure(false)}>{w.removeNo}</button>
        </div>
      )}
    </section>
  );
}

export function CameraSettings() {
  const thing = useStore((s) => s.camera);
  const name = useStore((s) => s.cameras.find((c) => c.thing === s.camera)?.name ?? '');
  const { kept, failed, again } = useKept(keptRead);
  const title = useRef<HTMLHeadingElement>(null);
  useEffect(() => title.current?.focus(), []);
  return (
    <div class="account camera-settings">
      <h1 ref={title} tabIndex={-1}>{name}</h1>
      <Name key={`${thing}${name}`} thing={thing} name={name} />
      {!kept && !failed && <p class="part" role="status"><span class="spin" aria-hidden="true" /> {w.loading}</p>}
      {failed && (
        <p class="part note bad" role="alert">
          <Icon name="warn" />
          <span>{w.cannot} <button type="button" class="link" onClick={again}>{w.retry}</button></span>
        </p>
      )}
      {kept && <HowLong key={thing} thing={thing} kept={kept} again={again} />}
      {kept && <Sound thing={thing} kept={kept} />}
      <Locks of={thing} />
      <Remove thing={thing} name={name} />
    </div>
  );
}
