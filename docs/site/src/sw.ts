/**
 * Keeps a copy of the pages, and of everything that was fetched. All pages work without a network, and so does the playground after its first
 * use. The compiler of the playground is three times as large as all pages together, so it is fetched only when it is used.
 */
const worker = self as unknown as ServiceWorkerGlobalScope;
declare const VERSION: string;
declare const FILES: readonly string[];

worker.addEventListener("install", (event) => {
  event.waitUntil(
    caches
      .open(VERSION)
      .then((cache) => cache.addAll(FILES.map((file) => new URL(file, worker.registration.scope).href)))
      .then(() => worker.skipWaiting()),
  );
});
worker.addEventListener("activate", (event) => {
  const drop = async () => {
    for (const name of await caches.keys()) if (name !== VERSION) await caches.delete(name);
    await worker.clients.claim();
  };
  event.waitUntil(drop());
});
// Copies the files that pages fetched before this worker was active.
worker.addEventListener("message", (event) => {
  const urls = (event.data as string[]).filter((url) => url.startsWith(worker.registration.scope));
  const keep = async () => {
    const cache = await caches.open(VERSION);
    for (const url of urls) if ((await cache.match(url)) === undefined) await cache.add(url);
  };
  event.waitUntil(keep());
});
worker.addEventListener("fetch", (event) => {
  const { request } = event;
  if (request.method !== "GET" || !request.url.startsWith(worker.registration.scope)) return;
  const answer = async (): Promise<Response> => {
    const cache = await caches.open(VERSION);
    const known = await cache.match(request, { ignoreSearch: true });
    if (known !== undefined) return known;
    const response = await fetch(request);
    if (response.ok) await cache.put(request, response.clone());
    return response;
  };
  event.respondWith(answer());
});
