/*
 * can.ts - whether this browser can do what Eaves needs; what is missing.
 */
import { random } from '../base/octets';

export type Lack = 'secure' | 'keys' | 'video' | 'h264' | 'canvas' | 'storage';

async function keysWork(): Promise<boolean> {
  try {
    await crypto.subtle.generateKey('X25519', false, ['deriveBits']);
    await crypto.subtle.generateKey('Ed25519', false, ['sign']);
    return random(1).length === 1;
  } catch {
    return false;
  }
}

/* High and baseline profile at 1080p: what cameras send. */
async function h264Works(): Promise<boolean> {
  for (const codec of ['avc1.42e01f', 'avc1.640028']) {
    const s = await VideoDecoder.isConfigSupported({ codec }).catch(() => null);
    if (!s?.supported) return false;
  }
  return true;
}

export async function lacks(): Promise<Lack[]> {
  if (!globalThis.isSecureContext || !globalThis.crypto?.subtle) return ['secure'];
  const found: Lack[] = [];
  if (!(await keysWork())) found.push('keys');
  if (typeof VideoDecoder === 'undefined') found.push('video');
  else if (!(await h264Works())) found.push('h264');
  if (!('transferControlToOffscreen' in HTMLCanvasElement.prototype)) found.push('canvas');
  if (typeof indexedDB === 'undefined') found.push('storage');
  return found;
}
