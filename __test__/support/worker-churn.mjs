import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { ClientAuthInterceptorFactory } from '@org/smart-m2m';

// Starts workers in batches and ends each at a moment of its own, while this thread goes on using the token that
// they share. Prints as JSON what came of it. Arguments: workers, what doomed-worker.cjs takes.

const BATCH = 8;
const KINDS = [
  'a hook that never answers',
  'a hook that goes on late',
  'a hook that supplies late',
  'a hook that throws late',
  'a request of its own',
  'the shared token',
];
const FILE = fileURLToPath(new URL('./doomed-worker.cjs', import.meta.url));

const [workers, settings] = process.argv.slice(2).map((argument) => JSON.parse(argument));
/** Hooks that were asked, and how many of them on another thread than their own. */
const counts = new Int32Array(new SharedArrayBuffer(8));
const interceptor = ClientAuthInterceptorFactory.create(settings.options);
const headers = new Set([await interceptor.getAuthorizationHeader()]);
const errors = [];
let ended = 0;

const halves = [];
while (ended < workers) {
  await Promise.all(
    Array.from({ length: Math.min(BATCH, workers - ended) }, (_, index) => live(ended + index)),
  );
  ended += BATCH;
  headers.add(await interceptor.getAuthorizationHeader());
  if (halves.length < Math.floor((2 * ended) / workers)) halves.push(await measure());
}
const [asked, elsewhere] = counts;
console.log(JSON.stringify({ headers: [...headers], errors, asked, elsewhere, halves }));

async function live(number) {
  const kind = KINDS[number % KINDS.length];
  const worker = new Worker(FILE, { workerData: { ...settings, kind, counts } });
  worker.on('error', (error) => errors.push(error.message));
  const exit = once(worker, 'exit');
  // Every fifth one ends while it still loads, the others in the midst of their work.
  if (number % 5 > 0) await Promise.race([once(worker, 'message'), exit]);
  await new Promise((resolve) => setTimeout(resolve, Math.random() * 15));
  await worker.terminate();
  await exit;
}

async function measure() {
  for (let round = 0; round < 3; round += 1) {
    globalThis.gc();
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return {
    rssMiB: process.memoryUsage.rss() / 2 ** 20,
    // Where there is no /proc there is nothing to compare.
    openFiles: process.platform === 'linux' ? readdirSync('/proc/self/fd').length : 0,
  };
}
