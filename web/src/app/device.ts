/*
 * device.ts - what to call this browser in the list of sessions.
 */
const BROWSERS: [RegExp, string][] = [
  [/Edg\//, 'Edge'], [/OPR\//, 'Opera'], [/Firefox\/|FxiOS\//, 'Firefox'],
  [/Chrome\/|CriOS\//, 'Chrome'], [/Safari\//, 'Safari'],
];
const SYSTEMS: [RegExp, string][] = [
  [/iPhone/, 'iPhone'], [/iPad/, 'iPad'], [/Android/, 'Android'], [/Windows/, 'Windows'],
  [/Mac OS X/, 'Mac'], [/CrOS/, 'Chromebook'], [/Linux/, 'Linux'],
];

const found = (all: [RegExp, string][], text: string, other: string) =>
  all.find(([pattern]) => pattern.test(text))?.[1] ?? other;

/* "Firefox, Linux" */
export function deviceLabel(agent = navigator.userAgent): string {
  return `${found(BROWSERS, agent, 'Browser')}, ${found(SYSTEMS, agent, '?')}`;
}
