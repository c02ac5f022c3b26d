import { once } from 'node:events';
import { Worker } from 'node:worker_threads';

const FILE = new URL('./token-worker.mjs', import.meta.url);

/**
 * A worker thread that has an interceptor with these options, and waits for what is asked of it. What a call
 * in it fails with arrives as an error with the same `code`.
 *
 * @param {import('@org/smart-m2m').ClientAuthOptions} options
 * @param {{ trace?: boolean }} [settings] whether it subscribes to the token requests' tracing channel
 */
export async function startTokenWorker(options, { trace = false } = {}) {
  // No arguments of the process's own: those of `node --eval` do not suit a file.
  const worker = new Worker(FILE, { workerData: { options, trace }, execArgv: [] });
  const calls = new Map();
  const ended = once(worker, 'exit');
  await once(worker, 'message');
  worker.on('message', ({ id, value, error }) => {
    const { resolve, reject } = calls.get(id);
    calls.delete(id);
    if (error === undefined) resolve(value);
    else reject(Object.assign(new Error(error.message), error));
  });
  let made = 0;
  const call = (method, ...args) =>
    new Promise((resolve, reject) => {
      made += 1;
      calls.set(made, { resolve, reject });
      worker.postMessage({ id: made, method, args });
    });
  return {
    /** @returns {Promise<string>} */
    header: () => call('getAuthorizationHeader'),
    stats: () => call('stats'),
    close: () => call('close'),
    /** @returns {Promise<object[]>} `{ phase, … }` of every event so far */
    traced: () => call('traced'),
    /** Ends it at once, whatever it waits for. */
    async end() {
      await worker.terminate();
      await ended;
    },
  };
}
