import { ecJwks, publicJwks } from '../support/keys.mjs';

export const TITLE = 'Memory and stack of JavaScript at their end';
export const KIND = 'fault';

const FILL = 'const kept = []; for (;;) kept.push(new Array(1e5).fill({}));';
/** A thread with a small heap, which first does `work` with the package. */
const worker = (work) => `
  import { Worker } from 'node:worker_threads';
  const worker = new Worker(\`
    const { workerData: { options, root }, parentPort } = require('node:worker_threads');
    const create = (changes) => require(root).ClientAuthInterceptorFactory.create({ ...options, ...changes });
    (async () => {
      ${work}
      ${FILL}
    })();\`, { eval: true, execArgv: [], workerData: { options, root: process.cwd() },
    resourceLimits: { maxOldGenerationSizeMb: 24, maxYoungGenerationSizeMb: 4 } });
  worker.once('error', ({ code }) => report(code));
  await new Promise((resolve) => worker.once('exit', resolve));`;

/** Calls as deep in the stack as it goes, at each depth from there up. */
const AT_THE_END_OF_THE_STACK = `
  const waiting = [];
  let thrown = 0;
  const call = (interceptor) => {
    try { waiting.push(interceptor.getAuthorizationHeader()); } catch (error) { thrown += 1; if (!(error instanceof RangeError)) throw error; }
  };
  function descend(interceptor) {
    try { descend(interceptor); } catch (error) { if (!(error instanceof RangeError)) throw error; }
    if (waiting.length < 2000) call(interceptor);
  }`;

export const ROWS = [
  {
    name: 'no memory left for the main thread (--max-old-space-size)',
    outcome: 'V8 ends the process, and its report shows no secret',
    script: `const interceptor = create(); await tell(interceptor.getAuthorizationHeader()); ${FILL}`,
    nodeArgs: ['--max-old-space-size=32'],
    told: ['token 1'],
    signal: /^SIG(ABRT|TRAP|ILL)$/,
    stderr: /heap out of memory/,
  },
  {
    name: 'no memory left for a worker that has a token',
    outcome: 'ERR_WORKER_OUT_OF_MEMORY for the worker; the main thread goes on with the same token',
    script: `const interceptor = create();
      await tell(interceptor.getAuthorizationHeader());
      ${worker('await create().getAuthorizationHeader();')}
      await tell(interceptor.getAuthorizationHeader());`,
    told: ['token 1', 'ERR_WORKER_OUT_OF_MEMORY', 'token 1'],
    tokenRequests: 1,
  },
  {
    name: 'no memory left for a worker in mid-request',
    outcome: 'ERR_WORKER_OUT_OF_MEMORY for the worker; who joined its request gets the token',
    serve: (server) => server.on('POST /token', { ...server.issue()(), delayMs: 2500 }),
    script: `const waiting = create().getAuthorizationHeader();
      ${worker('create().getAuthorizationHeader(); await new Promise((resolve) => setTimeout(resolve, 200));')}
      await tell(waiting);`,
    told: ['ERR_WORKER_OUT_OF_MEMORY', 'token 1'],
    tokenRequests: 1,
  },
  {
    name: 'no memory left for a worker in its pre-token hook',
    outcome: 'ERR_WORKER_OUT_OF_MEMORY for the worker; the main thread gets a token',
    script: `${worker(`create().registerInterceptor({ CLIENT_AUTH_PRE_TOKEN_REQUEST() { ${FILL} } }).getAuthorizationHeader();
        await new Promise(() => setTimeout(() => {}, 60_000));`)}
      await tell(create().getAuthorizationHeader());`,
    told: ['ERR_WORKER_OUT_OF_MEMORY', 'token 1'],
    tokenRequests: 1,
  },
  {
    name: 'a stack overflow in a pre-token hook',
    outcome: 'ERR_PRE_TOKEN_HOOK with the RangeError as its cause; a hook that is mended gets a token',
    script: `let deep = true;
      const descend = () => descend() + 1;
      const interceptor = create().registerInterceptor({ CLIENT_AUTH_PRE_TOKEN_REQUEST: () => (deep ? descend() : null) });
      const error = await interceptor.getAuthorizationHeader().catch((error) => error);
      report(outcomeOf(error));
      report(error.cause?.name);
      deep = false;
      await tell(interceptor.getAuthorizationHeader());`,
    told: ['ERR_PRE_TOKEN_HOOK', 'RangeError', 'token 1'],
  },
  {
    name: 'a stack overflow in an external signer',
    outcome: 'ERR_SIGNER, transient, with the RangeError as its cause',
    script: `const descend = () => descend() + 1;
      const publicJwk = ${JSON.stringify(publicJwks(ecJwks()).keys[0])};
      Keystores.register('deep', { sign: descend, publicJwk });
      const error = await create({ clientSecret: undefined, keystore: 'deep', retry: { attempts: 1 } }).getAuthorizationHeader().catch((error) => error);
      report(outcomeOf(error));
      report(error.cause?.name);`,
    told: ['ERR_SIGNER, transient', 'RangeError'],
  },
  {
    name: 'calls from the very end of the stack, without a token',
    outcome: 'a RangeError or a token for each, and the process ends by itself',
    script: `${AT_THE_END_OF_THE_STACK}
      const interceptor = create();
      descend(interceptor);
      const results = await Promise.allSettled(waiting);
      report(thrown > 0);
      report(results.length > 0 && results.every(({ value, reason }) => value === 'Bearer secret-token-1' || reason instanceof RangeError));
      await tell(interceptor.getAuthorizationHeader());`,
    told: [true, true, 'token 1'],
  },
  {
    name: 'calls from the very end of the stack, with a living token',
    outcome: 'a RangeError or that token for each',
    script: `${AT_THE_END_OF_THE_STACK}
      const interceptor = create();
      await interceptor.getAuthorizationHeader();
      const second = create();
      descend(second);
      const results = await Promise.allSettled(waiting);
      report(results.length > 0 && results.every(({ value, reason }) => value === 'Bearer secret-token-1' || reason instanceof RangeError));
      await tell(second.getAuthorizationHeader());`,
    told: [true, 'token 1'],
    tokenRequests: 1,
  },
];
