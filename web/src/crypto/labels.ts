/*
 * labels.ts - the names that keys, signatures and HPKE infos carry; the same
 * as src/crypto/labels.def (a test compares them).
 */
import { join, utf8, type Octets } from '../base/octets';

export const LABELS = [
  'people', 'hub', 'thing', 'hour', 'hour id', 'commit', 'keyring', 'run key', 'run', 'mark',
  'heads', 'home', 'directory', 'directory entry', 'directory people', 'directory hub',
  'command', 'command seal',
  'account sign', 'account kx', 'grant', 'door', 'home open', 'link id', 'link access',
  'link psk', 'pair', 'pair reply', 'clock', 'clock reply', 'member stream',
] as const;
export type Label = (typeof LABELS)[number];

const ZERO = new Uint8Array(1);

/* "eaves/1/" ‖ label ‖ 00 ‖ fields */
export function labelled(label: Label, ...fields: Uint8Array[]): Octets {
  return join(utf8(`eaves/1/${label}`), ZERO, ...fields);
}
