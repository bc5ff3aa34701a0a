/*
 * sound.tsx - the button over the picture that lets it be heard, and how loud.
 */
import { useEffect, useState } from 'preact/hooks';
import { words } from '../../words/en';
import { playerNow } from '../app/flow';
import { hasSpeaker, type Speaker } from '../app/speaker';
import type { View } from '../player/messages';
import { Icon } from './parts';

const w = words.home;

/* Why nothing is heard though it is switched on; '': it is heard. */
function silence(v: View): string {
  if (v.sound === 'none') return w.soundNone;
  return v.picture === 'past' && v.playing && v.speed !== 1 ? w.soundSpeed : '';
}

function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  const text = target instanceof HTMLInputElement && target.type !== 'range';
  return text || target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement ||
    target.isContentEditable;
}

/* Draws itself again when the speaker is another way. */
function useSpeaker(): Speaker | null {
  const [, again] = useState(0);
  const speaker = playerNow()?.speaker ?? null;
  useEffect(() => speaker?.watch(() => again((n) => n + 1)), [speaker]);
  return speaker;
}

export function SoundButton({ v }: { v: View }) {
  const speaker = useSpeaker();
  const rate = v.soundRate;
  const cannot = v.sound === 'deaf' || !hasSpeaker();
  const shown = speaker !== null && (v.sound !== 'none' || speaker.on);
  const usable = shown && (!cannot || speaker.on);
  useEffect(() => {
    if (!usable) return undefined;
    const key = (e: KeyboardEvent) => {
      if (e.key.toLowerCase() !== 'm' || e.repeat || e.ctrlKey || e.altKey || e.metaKey || isTyping(e.target)) return;
      e.preventDefault();
      speaker.toggle(rate);
    };
    document.addEventListener('keydown', key);
    return () => document.removeEventListener('keydown', key);
  }, [usable, speaker, rate]);
  if (!shown) return null;
  const why = cannot ? w.soundDeaf : speaker.on ? silence(v) : '';
  return (
    <div class={why ? 'sound still' : 'sound'}>
      <button type="button" aria-label={why ? `${w.sound}. ${why}` : w.sound}
        aria-pressed={speaker.on} disabled={!usable}
        title={why || (speaker.on ? w.soundOff : w.soundOn)} onClick={() => speaker.toggle(rate)}>
        <Icon name={speaker.on && !why ? 'sound' : 'mute'} />
      </button>
      {speaker.on && !cannot && (
        <input type="range" min={0} max={100} aria-label={w.volume}
          value={Math.round(speaker.volume * 100)}
          onInput={(e) => { speaker.volume = Number(e.currentTarget.value) / 100; }} />
      )}
    </div>
  );
}
