const { parentPort, threadId, workerData } = require('node:worker_threads');
const { ClientAuthInterceptorFactory } = require('../..');

// One of the workers that worker-churn.mjs ends in the middle of something.

const { options, slowTokenEndpoint, kind, counts } = workerData;

const HOOK_RESULTS = {
  'a hook that never answers': () => new Promise(() => {}),
  'a hook that goes on late': () => new Promise((resolve) => setTimeout(resolve, 5, null)),
  'a hook that supplies late': () => new Promise((resolve) => setTimeout(resolve, 5, 'supplied')),
  'a hook that throws late': () => new Promise((_resolve, reject) => setTimeout(reject, 5, new Error('no'))),
};

function create(changes = {}) {
  return ClientAuthInterceptorFactory.create({ ...options, ...changes });
}

function keepCalling(interceptor) {
  interceptor.getAuthorizationHeader().then(
    () => setImmediate(keepCalling, interceptor),
    () => setImmediate(keepCalling, interceptor),
  );
}

if (kind === 'a request of its own') {
  // Nobody else has a source for it, and its answer will find nobody.
  create({ tokenEndpoint: slowTokenEndpoint, clientId: `${threadId}` }).getAuthorizationHeader();
} else if (kind === 'the shared token') {
  for (let caller = 0; caller < 10; caller += 1) keepCalling(create());
} else {
  const hooked = create();
  hooked.registerInterceptor({
    CLIENT_AUTH_PRE_TOKEN_REQUEST() {
      Atomics.add(counts, 0, 1);
      if (require('node:worker_threads').threadId !== threadId) Atomics.add(counts, 1, 1);
      return HOOK_RESULTS[kind]();
    },
  });
  keepCalling(hooked);
}
parentPort.postMessage('busy');
