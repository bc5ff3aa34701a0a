/*
 * kept.tsx - what screens about recordings have in common: asking the server,
 * work that runs, and how full the home is.
 */
import { useEffect, useState } from 'preact/hooks';
import { words } from '../../words/en';
import { GB, homeQuota, keptRead, mayManage } from '../app/retention';
import { isFault } from '../base/fault';
import { isApi, type Kept } from '../proto/api';
import { Locks } from './locks';
import { Field, Form, Go, Icon } from './parts';
import { useStore } from './store';

const w = words.keep;

function problemText(e: unknown): string {
  if (isApi(e, 'limit')) return w.limit;
  if (isApi(e, 'missing')) return w.nothing;
  if (isApi(e, 'denied')) return w.denied;
  if (isApi(e, 'gone', 'later') || isFault(e, 'MISSING')) return words.problems.gone;
  return words.problems.unknown;
}

export interface Work {
  busy: boolean;
  done: boolean;
  problem: string;
  run(what: () => Promise<void>): Promise<boolean>;
}

/* What somebody waits for; its problem is told in words. */
export function useWork(): Work {
  const [state, set] = useState({ busy: false, done: false, problem: '' });
  const run = async (what: () => Promise<void>) => {
    set({ busy: true, done: false, problem: '' });
    try {
      await what();
      set({ busy: false, done: true, problem: '' });
      return true;
    } catch (e) {
      set({ busy: false, done: false, problem: problemText(e) });
      return false;
    }
  };
  return { ...state, run };
}

export function Told({ work }: { work: Work }) {
  return (
    <p class="note bad" role="alert" hidden={!work.problem}>
      {work.problem && <><Icon name="warn" /><span>{work.problem}</span></>}
    </p>
  );
}

export function Saved({ work }: { work: Work }) {
  return <p class="hint saved" role="status">{work.done ? w.saved : ''}</p>;
}

export function useKept(read: () => Promise<Kept>) {
  const [kept, setKept] = useState<Kept | null>(null);
  const [failed, setFailed] = useState(false);
  const again = () => {
    setFailed(false);
    read().then(setKept, () => setFailed(true));
  };
  useEffect(again, []);
  return { kept, failed, again };
}

function Bar({ kept }: { kept: Kept }) {
  const part = (n: number) => `${Math.min(100, (n / Math.max(1, kept.most)) * 100).toFixed(1)}%`;
  return (
    <>
      <svg
        class="fullness" role="img" aria-label={w.usedOf(kept.used / GB, kept.most / GB)} viewBox="0 0 100 4"
        preserveAspectRatio="none"
      >
        <rect class="ground" width="100%" height="4" />
        <rect class="used" width={part(kept.used)} height="4" />
        <rect class="locked" width={part(kept.locked)} height="4" />
      </svg>
      <p>{w.usedOf(kept.used / GB, kept.most / GB)}</p>
      {kept.locked > 0 && <p class="hint">{w.lockedOf(kept.locked / GB, kept.lockedMost / GB)}</p>}
    </>
  );
}

function Quota(p: { kept: Kept; again: () => void }) {
  const [size, setSize] = useState(p.kept.quota ? String(p.kept.quota / GB) : '');
  const work = useWork();
  const octets = Math.round(Number(size.replace(',', '.')) * GB);
  const wrong = size !== '' && !(octets >= 0.5 * GB);
  return (
    <Form
      submit={() => void work.run(async () => {
        await homeQuota(octets);
        p.again();
      })}
    >
      <Field
        label={w.quota} value={size} set={setSize} name="quota" autocomplete="off" class="short" maxLength={7}
        hint={w.quotaHint} error={wrong ? w.quotaWrong : undefined}
      />
      <Told work={work} />
      <Go busy={work.busy} label={w.save} off={wrong || !mayManage()} />
      <Saved work={work} />
    </Form>
  );
}

/* Of the whole home. */
export function Recordings() {
  const locks = useStore((s) => s.locks.length);
  const { kept, failed, again } = useKept(keptRead);
  if (failed)
    return (
      <p class="note bad" role="alert">
        <Icon name="warn" />
        <span>{w.cannot} <button type="button" class="link" onClick={again}>{w.retry}</button></span>
      </p>
    );
  if (!kept) return <p role="status"><span class="spin" aria-hidden="true" /> {w.loading}</p>;
  return (
    <>
      <Bar kept={kept} />
      {locks > 0 && kept.locked === 0 && (
        <p class="note bad" role="alert"><Icon name="warn" /><span>{w.early}</span></p>
      )}
      <Quota kept={kept} again={again} />
      <Locks of={null} />
    </>
  );
}
