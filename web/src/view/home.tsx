/*
 * home.tsx - the frame around a home: its name, its cameras, the account.
 */
import { useEffect, useRef } from 'preact/hooks';
import { words } from '../../words/en';
import { hubs } from '../app/cameras';
import { allOpen, cameraOpen, tabSet } from '../app/flow';
import { keepAgree } from '../app/retention';
import { now } from '../app/state';
import { Account } from './account';
import { AddCamera } from './add';
import { CameraSettings } from './camera';
import { Grid } from './grid';
import { Live } from './live';
import { Icon, Logo, Note } from './parts';
import { PairingSteps } from './pairing';
import { useStore } from './store';
import { Together } from './together';

/* Back to all of them, or to another one. */
function Cameras() {
  const cameras = useStore((s) => s.cameras);
  const shown = useStore((s) => s.camera);
  const all = useRef<HTMLButtonElement>(null);
  useEffect(() => all.current?.focus({ preventScroll: true }), []);
  useEffect(() => {
    const key = (e: KeyboardEvent) => {
      if (e.key !== 'Escape' || e.defaultPrevented || document.querySelector('dialog[open]')) return;
      if (now().cameras.length > 1 && !document.fullscreenElement) allOpen();
    };
    document.addEventListener('keydown', key);
    return () => document.removeEventListener('keydown', key);
  }, []);
  if (cameras.length < 2) return null;
  return (
    <nav class="cameras" aria-label={words.home.cameras}>
      <button ref={all} type="button" onClick={allOpen}><Icon name="grid" />{words.grid.title}</button>
      {cameras.map((c) => (
        <button
          key={c.thing} type="button" aria-current={c.thing === shown ? 'true' : undefined}
          onClick={() => cameraOpen(c.thing)}
        >
          {c.name}
        </button>
      ))}
    </nav>
  );
}

function Empty() {
  const opening = useStore((s) => s.opening);
  const pairing = useStore((s) => s.pairing);
  const problem = useStore((s) => s.problem);
  if (pairing.step !== 'none') return <PairingSteps />;
  if (problem === 'gone' || problem === 'later')
    return (
      <section class="card still">
        <h1>{words.gone.title}</h1>
        <p>{words.gone.lead}</p>
        <p class="hint" role="status"><span class="spin" aria-hidden="true" /> {words.gone.trying}</p>
      </section>
    );
  if (problem)
    return (
      <section class="card still">
        <h1>{words.home.cannotOpen}</h1>
        <Note problem={problem} />
      </section>
    );
  if (opening)
    return (
      <div class="waiting still">
        <Logo />
        <p role="status">{words.common.loading}</p>
      </div>
    );
  return (
    <section class="card still">
      <h1>{words.home.noCamera}</h1>
      <p>{words.home.noCameraLead}</p>
      <button type="button" class="main" onClick={() => tabSet('add')}>{words.add.open}</button>
    </section>
  );
}

/* One more hub is being met, above what is there. */
function Joining() {
  const { step } = useStore((s) => s.pairing);
  return step === 'none' || step === 'done' ? null : <div class="joining"><PairingSteps /></div>;
}

/* Somebody closed the page before the code was written down. */
function CodeOwed() {
  const owed = useStore((s) => s.codeOwed);
  if (!owed) return null;
  return (
    <p class="note">
      <Icon name="lock" />
      <span>
        {words.home.codeOwed}{' '}
        <button type="button" class="link" onClick={() => tabSet('account')}>
          {words.home.codeOwedGo}
        </button>
      </span>
    </p>
  );
}

function Main() {
  const cameras = useStore((s) => s.cameras);
  const shown = useStore((s) => s.camera);
  const problem = useStore((s) => s.problem);
  const together = useStore((s) => s.together);
  const found = cameras.find((c) => c.thing === shown);
  if (!found && cameras.length < 2) return <Empty />;
  if (!found)
    return (
      <>
        <Note problem={problem} />
        <Joining />
        {together.length > 0 ? <Together /> : <Grid />}
        <CodeOwed />
      </>
    );
  return (
    <>
      <Note problem={problem} />
      <Joining />
      <Cameras />
      <Live key={found.thing} name={found.name} />
      <CodeOwed />
    </>
  );
}

export function Home() {
  const name = useStore((s) => s.homeName);
  const tab = useStore((s) => s.tab);
  const hasHub = useStore((s) => s.homeName !== '') && hubs().length > 0;
  useEffect(() => {
    document.title = name ? `${name} – ${words.product}` : words.product;
  }, [name]);
  const cameras = useStore((s) => s.cameras.length);
  useEffect(() => {
    if (name && cameras > 0) void keepAgree().catch(() => undefined);
  }, [name, cameras]);
  const other = tab === 'home' ? 'account' : 'home';
  return (
    <>
      <a class="skip" href="#main">{words.common.skip}</a>
      <header class="bar">
        <Logo />
        <p class="home-name">{name || words.product}</p>
        {tab === 'home' && hasHub && (
          <button type="button" class="round" aria-label={words.add.open} onClick={() => tabSet('add')}>
            <Icon name="plus" />
          </button>
        )}
        <button
          type="button" class="round" aria-label={other === 'account' ? words.account.open : words.account.home}
          onClick={() => tabSet(other)}
        >
          <Icon name={other === 'account' ? 'person' : 'home'} />
        </button>
      </header>
      <main id="main" class="home" tabIndex={-1}>
        {tab === 'home' ? <Main /> : tab === 'add' ? <AddCamera /> : tab === 'camera' ? <CameraSettings /> : <Account />}
      </main>
    </>
  );
}
