/*
 * fault.ts - what may be wrong with what a peer sent; the names are those of
 * src/base/err.h.
 */
export type FaultCode =
  | 'SYNTAX' /* not in form */
  | 'UNSUPPORTED' /* a version or suite of another day */
  | 'CRYPTO' /* does not open, or is not signed */
  | 'DENIED' /* may not do that; a wrong passphrase */
  | 'CONFLICT' /* does not follow what is known */
  | 'CORRUPT' /* pieces that do not belong together */
  | 'EXISTS' /* seen before */
  | 'MISSING' /* something before it is missing */
  | 'LIMIT'
  | 'CLOSED';

export class Fault extends Error {
  constructor(readonly code: FaultCode, what = '') {
    super(what ? `${code}: ${what}` : code);
    this.name = 'Fault';
  }
}

export function isFault(e: unknown, code: FaultCode): boolean {
  return e instanceof Fault && e.code === code;
}
