import { once } from 'node:events';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { secretClient } from '../support/clients.mjs';
import { results, settings } from '../support/process.mjs';

if (isMainThread) {
  const { tokenEndpoint, peer, threads } = settings();
  const start = new SharedArrayBuffer(4);
  const url = new URL(import.meta.url);
  const workers = Array.from(
    { length: threads },
    () => new Worker(url, { workerData: { tokenEndpoint, peer, start } }),
  );
  await Promise.all(workers.map((worker) => once(worker, 'message')));
  const tokens = workers.map((worker) => once(worker, 'message'));
  // All at once, and none before all are ready.
  Atomics.store(new Int32Array(start), 0, 1);
  Atomics.notify(new Int32Array(start), 0);
  results((await Promise.all(tokens)).flat());
} else {
  const { tokenEndpoint, peer, start } = workerData;
  const { cachedHeader } = await import(`../peers/${peer}.mjs`);
  const loop = await cachedHeader(secretClient(tokenEndpoint));
  parentPort.postMessage('ready');
  Atomics.wait(new Int32Array(start), 0, 0);
  // Also the calls after the first: a token is kept.
  parentPort.postMessage(await loop(1_000));
}
