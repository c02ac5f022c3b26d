import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';

// Shares the patients of the command line out among threads: `node pool.mjs 1 2 3`. Each thread has an interceptor of its
// own; with the same settings they share one token, so that none has to be passed from thread to thread.

const threads = Number(process.env.THREADS ?? availableParallelism());
const patients = process.argv.slice(2);

async function work() {
  const worker = new Worker(new URL('worker.mjs', import.meta.url));
  try {
    for (let patient = patients.shift(); patient !== undefined; patient = patients.shift()) {
      worker.postMessage(patient);
      const [{ thread, values }] = await once(worker, 'message'); // rejects when the thread fails
      console.log(`Patient/${patient}: heart rates ${values.join(', ') || 'none'} (thread ${thread})`);
    }
  } finally {
    await worker.terminate();
  }
}

await Promise.all(Array.from({ length: threads }, work));
