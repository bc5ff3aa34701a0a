/*
 * add.tsx - adding a camera: look for it or type its address, sign in to it
 * (a webcam of the hub's machine asks for nothing), see its picture, give it a
 * name. The hub does the looking; the server only
 * carries sealed questions and answers.
 */
import { useEffect, useRef, useState } from 'preact/hooks';
import { words } from '../../words/en';
import { cameraTake, cameraTry, camerasFind, hubs, profilesAsk, type Login } from '../app/cameras';
import { tabSet } from '../app/flow';
import { profilesPick, type FoundDevice, type Looked, type Profile, type Tried } from '../model/command';
import { addressOf } from '../model/sources';
import { Field, Form, Go, Icon, Secret } from './parts';

const w = words.add;

type Step =
  | { at: 'how' }
  | ({ at: 'found' } & Looked)
  | { at: 'login'; url: string; kind: 'rtsp' | 'onvif'; name: string; user: string }
  | { at: 'name'; main: string; sub: string; login: Login; tried: Tried; name: string; what: string };

/* The small picture that the camera sent. */
function Picture({ jpeg }: { jpeg: Uint8Array<ArrayBuffer> }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    void createImageBitmap(new Blob([jpeg], { type: 'image/jpeg' })).then((image) => {
      const c = canvas.current;
      if (!c) return;
      c.width = image.width;
      c.height = image.height;
      c.getContext('2d')?.drawImage(image, 0, 0);
      image.close();
    }).catch(() => undefined);
  }, [jpeg]);
  return <canvas ref={canvas} class="tried" role="img" aria-label={w.picture} />;
}

/* What runs, and what went wrong, in words. */
function useWork() {
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState('');
  const work = async (what: () => Promise<string | void>) => {
    setBusy(true);
    setProblem('');
    try {
      setProblem((await what()) ?? '');
    } catch {
      setProblem(w.noHub);
    } finally {
      setBusy(false);
    }
  };
  return { busy, problem, work };
}

function How(p: { next: (s: Step) => void }) {
  const [address, setAddress] = useState('');
  const { busy, problem, work } = useWork();
  const hub = hubs()[0]!;
  const look = () => work(async () => {
    const looked = await camerasFind(hub);
    if (looked.cameras.length + looked.devices.length === 0) return w.none;
    p.next({ at: 'found', ...looked });
  });
  const typed = () => {
    const a = addressOf(address);
    if (!a) return void work(() => Promise.resolve(w.noAddress));
    p.next({ at: 'login', ...a, name: '' });
  };
  return (
    <>
      <p>{w.lead}</p>
      <button type="button" class="main" disabled={busy} aria-busy={busy} onClick={() => void look()}>
        {busy && <span class="spin" aria-hidden="true" />}
        {busy ? w.looking : w.look}
      </button>
      <p class="or">{w.or}</p>
      <Form submit={typed}>
        <Field
          label={w.address} value={address} set={setAddress} name="address" autocomplete="off"
          hint={w.addressHint} error={problem} required
        />
        <button type="submit" disabled={busy || address.trim() === ''}>{words.common.go}</button>
      </Form>
    </>
  );
}

/* What a person calls it until there is a name: the last of its path. */
const deviceName = (d: FoundDevice) => d.name || d.address.replace(/^.*\//, '');

function Found(p: { looked: Looked; next: (s: Step) => void }) {
  const { busy, problem, work } = useWork();
  const [asked, setAsked] = useState('');
  const open = (d: FoundDevice) => work(async () => {
    const login = { user: '', password: '' };
    setAsked(d.address);
    const tried = await cameraTry(hubs()[0]!, d.address, login);
    if (tried.reason !== 0) return words.home.reasons[tried.reason] || w.noPicture;
    p.next({ at: 'name', main: d.address, sub: '', login, tried, name: d.name, what: w.noSound });
  });
  const ready = p.looked.devices.filter((d) => d.reason === 0);
  const shut = p.looked.devices.filter((d) => d.reason !== 0);
  return (
    <>
      <ul class="found">
        {ready.map((d) => (
          <li key={d.address}>
            <button
              type="button" class="quiet" disabled={busy} aria-busy={busy && asked === d.address}
              onClick={() => void open(d)}
            >
              <strong>{w.webcam(deviceName(d))}</strong>
              <span>{busy && asked === d.address ? w.trying : w.here}</span>
            </button>
          </li>
        ))}
        {p.looked.cameras.map((c) => (
          <li key={c.url}>
            <button
              type="button" class="quiet" disabled={busy}
              onClick={() => p.next({ at: 'login', kind: 'onvif', url: c.url, name: c.name, user: '' })}
            >
              <strong>{c.name || w.nameless}</strong>
              <span>{[c.hardware, c.url.replace(/^http:\/\/|\/.*$/g, '').replace(/:80$/, '')].filter(Boolean).join(' · ')}</span>
            </button>
          </li>
        ))}
      </ul>
      {[...new Set(shut.map((d) => d.reason))].map((reason) => (
        <p class="note" key={reason}>
          <Icon name="warn" />
          <span>{w.shut(shut.filter((d) => d.reason === reason).map(deviceName), words.home.reasons[reason] ?? '')}</span>
        </p>
      ))}
      {problem && <p class="note bad" role="alert"><Icon name="warn" /><span>{problem}</span></p>}
    </>
  );
}

const sizeText = (p: Profile) =>
  p.width ? `${p.width} × ${p.height}${p.fps ? `, ${p.fps}/s` : ''}` : '';

function SignIn(p: { step: Extract<Step, { at: 'login' }>; next: (s: Step) => void }) {
  const [user, setUser] = useState(p.step.user);
  const [password, setPassword] = useState('');
  const { busy, problem, work } = useWork();
  const hub = hubs()[0]!;
  const trying = async (main: string, sub: string, what: string) => {
    const login = { user, password };
    const tried = await cameraTry(hub, main, login);
    if (tried.reason !== 0) return words.home.reasons[tried.reason] || w.noPicture;
    p.next({ at: 'name', main, sub, login, tried, name: p.step.name, what });
  };
  const go = () => work(async () => {
    if (p.step.kind === 'rtsp') return trying(p.step.url, '', '');
    const { reason, profiles } = await profilesAsk(hub, p.step.url, { user, password });
    const pick = profilesPick(profiles);
    if (!pick) return words.home.reasons[reason] || w.noVideo;
    const what = [sizeText(pick.main), pick.sub && w.small(sizeText(pick.sub))].filter(Boolean).join(' · ');
    return trying(pick.main.address, pick.sub?.address ?? '', what);
  });
  return (
    <Form submit={() => void go()}>
      <p>{w.loginLead}</p>
      <Field label={w.user} value={user} set={setUser} name="camera-user" autocomplete="off" />
      <Secret label={w.password} value={password} set={setPassword} autocomplete="current-password" optional />
      {problem && <p class="note bad" role="alert"><Icon name="warn" /><span>{problem}</span></p>}
      <Go busy={busy} label={w.show} busyLabel={w.trying} />
    </Form>
  );
}

function Name(p: { step: Extract<Step, { at: 'name' }> }) {
  const [name, setName] = useState(p.step.name);
  const [sound, setSound] = useState(p.step.tried.sound);
  const [part, setPart] = useState(0);
  const { busy, problem, work } = useWork();
  const { main, sub, login, tried } = p.step;
  const take = () => work(async () => {
    await cameraTake(hubs()[0]!, name.trim(), { address: main, sub, ...login, sound }, setPart);
    tabSet('home');
  });
  return (
    <Form submit={() => void take()}>
      {tried.picture && <Picture jpeg={tried.picture} />}
      {p.step.what && <p class="hint">{p.step.what}</p>}
      {tried.codec === 'h265' && <p class="note"><Icon name="warn" /><span>{sub ? w.h265Sub : w.h265}</span></p>}
      <Field label={w.name} value={name} set={setName} name="camera-name" autocomplete="off" hint={w.nameHint} required />
      {tried.sound && (
        <label class="check">
          <input type="checkbox" checked={sound} onChange={(e) => setSound(e.currentTarget.checked)} />
          <span>{w.sound}</span>
        </label>
      )}
      {problem && <p class="note bad" role="alert"><Icon name="warn" /><span>{problem}</span></p>}
      <Go busy={busy} off={name.trim() === ''} label={w.take} busyLabel={words.pairing.keys(part)} />
    </Form>
  );
}

export function AddCamera() {
  const [steps, setSteps] = useState<Step[]>([{ at: 'how' }]);
  const step = steps[steps.length - 1]!;
  const title = useRef<HTMLHeadingElement>(null);
  const next = (s: Step) => setSteps([...steps, s]);
  useEffect(() => title.current?.focus({ preventScroll: true }), [step.at]);
  const back = () => (steps.length > 1 ? setSteps(steps.slice(0, -1)) : tabSet('home'));
  return (
    <section class="card add">
      <button type="button" class="quiet back" onClick={back}>‹ {words.common.back}</button>
      <h1 ref={title} tabIndex={-1}>{w.titles[step.at]}</h1>
      {step.at === 'how' && <How next={next} />}
      {step.at === 'found' && <Found looked={step} next={next} />}
      {step.at === 'login' && <SignIn step={step} next={next} />}
      {step.at === 'name' && <Name step={step} />}
    </section>
  );
}
