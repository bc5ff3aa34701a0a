/*
 * sw.ts - the service worker: keeps the page itself, so that a phone without
 * network shows Eaves' own words. Never the API, never a picture.
 */
declare const FILES: string[];
declare const CACHE: string;

interface Extendable extends Event {
  waitUntil(p: Promise<unknown>): void;
}
interface Fetching extends Event {
  readonly request: Request;
  respondWith(r: Promise<Response>): void;
}

async function fill(): Promise<void> {
  await (await caches.open(CACHE)).addAll(FILES);
}

async function tidy(): Promise<void> {
  for (const name of await caches.keys()) if (name !== CACHE) await caches.delete(name);
}

/* The page itself is asked for each time; the cache is for no network. */
async function page(request: Request): Promise<Response> {
  try {
    return await fetch(request);
  } catch {
    return (await caches.match('/')) ?? Response.error();
  }
}

async function file(request: Request): Promise<Response> {
  return (await caches.match(request)) ?? fetch(request);
}

addEventListener('install', (e) => (e as Extendable).waitUntil(fill()));
addEventListener('activate', (e) => (e as Extendable).waitUntil(tidy()));
addEventListener('fetch', (e) => {
  const event = e as Fetching;
  const { request } = event;
  if (request.method !== 'GET') return;
  const { pathname, origin } = new URL(request.url);
  if (origin !== location.origin) return;
  if (request.mode === 'navigate') event.respondWith(page(request));
  else if (FILES.includes(pathname)) event.respondWith(file(request));
});
