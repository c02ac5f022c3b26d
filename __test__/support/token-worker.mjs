import { subscribe } from 'node:diagnostics_channel';
import { parentPort, threadId, workerData } from 'node:worker_threads';
import { ClientAuthInterceptorFactory } from '@org/smart-m2m';

// The other end of workers.mjs: one interceptor that does as it is told.

const interceptor = ClientAuthInterceptorFactory.create(workerData.options);
const traced = [];

if (workerData.trace) {
  for (const phase of ['start', 'error', 'end']) {
    subscribe(`tracing:smart-m2m:token:${phase}`, ({ error, ...trace }) => {
      traced.push({ phase, ...trace, ...(error && { errorCode: error.code }) });
    });
  }
}

parentPort.on('message', async ({ id, method, args }) => {
  try {
    const value = method === 'traced' ? traced : await interceptor[method](...args);
    parentPort.postMessage({ id, value });
  } catch ({ name, code, message }) {
    parentPort.postMessage({ id, error: { name, code, message } });
  }
});
parentPort.postMessage({ threadId });
