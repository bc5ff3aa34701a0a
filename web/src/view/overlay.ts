/*
 * overlay.ts - what is said over a picture, or instead of it.
 */
import { words } from '../../words/en';
import type { View } from '../player/messages';
import type { IconName } from './parts';

const w = words.home;

export interface Overlay {
  icon: IconName | null;
  title: string;
  lead: string;
  solid: boolean; /* hides the picture */
  retry?: boolean;
}

function lineOverlay(v: View): Overlay | null {
  const hasPicture = v.captured > 0 && !['shut', 'false', 'unmarked'].includes(v.picture);
  if (v.line === 'open' || (v.picture === 'past' && !v.gap)) return null;
  if (v.line === 'gone')
    return {
      icon: 'off', title: w.gone, lead: w.goneRetry(v.retry_ms / 1000), solid: !hasPicture,
      retry: true,
    };
  return hasPicture ? null : { icon: null, title: w.connecting, lead: '', solid: true };
}

export function overlayOf(v: View | null): Overlay | null {
  if (!v) return { icon: null, title: w.connecting, lead: '', solid: true };
  const faults = {
    shut: ['lock', w.shut, w.shutLead], unmarked: ['warn', w.unmarked, w.unmarkedLead],
    false: ['warn', w.false, w.falseLead], unplayable: ['off', w.unplayable, w.unplayableLead],
  } as const;
  if (v.picture in faults) {
    const [icon, title, lead] = faults[v.picture as keyof typeof faults];
    const h265 = v.picture === 'unplayable' && v.cannot === 'h265';
    return { icon, title, lead: h265 ? w.h265Alone : lead, solid: true };
  }
  const line = lineOverlay(v);
  if (line) return line;
  if (v.gap && v.loading) return { icon: null, title: words.time.loading, lead: '', solid: true };
  if (v.gap) return { icon: 'clock', title: w.gap, lead: w.gapLead, solid: true };
  if (v.picture === 'past') return null;
  if (v.online === false || v.reason > 0) {
    const lead = v.online === false ? w.hubGone : w.reasons[v.reason] ?? '';
    return { icon: 'off', title: w.offline, lead: `${lead} ${w.offlineLead}`, solid: v.captured === 0 };
  }
  if (v.picture === 'waiting') return { icon: null, title: w.waiting, lead: '', solid: true };
  return null;
}
