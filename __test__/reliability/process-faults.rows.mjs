import { ecJwks, publicJwks } from '../support/keys.mjs';

export const TITLE = 'Ends and pauses of the process and its threads';
export const KIND = 'fault';

/** Longer than any of these processes lives. */
const NEVER = { delayMs: 120_000 };

/** How far the flight has come, as the process knows it: there the fault meets it. */
const STAGES = {
  'in mid-discovery': {
    serve: (server) => server.on('GET /fhir/.well-known/smart-configuration', NEVER),
    client: 'create()',
  },
  'in mid-request': { serve: (server) => server.on('POST /token', NEVER), client: 'create()' },
  'in a pre-token hook': {
    client: 'create().registerInterceptor({ CLIENT_AUTH_PRE_TOKEN_REQUEST: () => new Promise(() => {}) })',
  },
  'while an external signer signs': {
    client: `(() => {
      const publicJwk = ${JSON.stringify(publicJwks(ecJwks()).keys[0])};
      Keystores.register('external', { publicJwk, sign: () => new Promise(() => {}) });
      return create({ clientSecret: undefined, keystore: 'external' });
    })()`,
  },
};

/** Time to get there; too little is another moment of the same fault. */
const ON_THE_WAY_MS = 250;
const REQUIRE = `import { createRequire } from 'node:module'; const require = createRequire(process.cwd() + '/');`;

const exits = Object.entries(STAGES).map(([stage, { serve, client }]) => ({
  name: `process.exit(7) ${stage}`,
  outcome: 'the process ends at once, with that code',
  serve,
  script: `${REQUIRE}
    ${client}.getAuthorizationHeader();
    setTimeout(() => process.exit(7), ${ON_THE_WAY_MS});`,
  told: [],
  code: 7,
}));

/** A thread that does `work` with the package and the options; it says so when it has begun. */
function worker(work) {
  return `
    import { Worker } from 'node:worker_threads';
    const worker = new Worker(\`
      const { workerData: { options, root }, parentPort } = require('node:worker_threads');
      const { ClientAuthInterceptorFactory, Keystores } = require(root);
      const create = (changes) => ClientAuthInterceptorFactory.create({ ...options, ...changes });
      ${work}
      parentPort.postMessage('begun');\`, { eval: true, execArgv: [], workerData: { options, root: process.cwd() } });
    const ended = new Promise((resolve) => worker.once('exit', (...args) => resolve(args)));
    const failed = new Promise((resolve) => worker.once('error', resolve));
    const told = new Promise((resolve) => worker.on('message', (text) => text !== 'begun' && resolve(text)));
    await once(worker, 'message');
    await sleep(${ON_THE_WAY_MS});`;
}

const terminations = Object.entries(STAGES).map(([stage, { serve, client }]) => ({
  name: `worker.terminate() ${stage}`,
  outcome:
    'the worker ends; the main thread with the same settings gets its token, and the process ends by itself',
  serve: (server) => {
    serve?.(server);
    if (stage === 'in mid-request') server.on('POST /token', { ...server.issue()(), delayMs: 1500 });
    if (stage === 'in mid-discovery') {
      const url = server.url('/token');
      const body = JSON.stringify({ token_endpoint: url });
      server.on('GET /fhir/.well-known/smart-configuration', { body, delayMs: 1500 });
    }
  },
  script: `${worker(`${client}.getAuthorizationHeader();`)}
    const waiting = create().getAuthorizationHeader();
    await worker.terminate();
    await tell(waiting);`,
  told: ['token 1'],
  tokenRequests: 1,
}));

const threads = [
  {
    name: 'process.exit() in a worker in mid-request',
    outcome: 'that worker ends; the others get the token of its request',
    serve: (server) => server.on('POST /token', { ...server.issue()(), delayMs: 1500 }),
    script: `${worker('create().getAuthorizationHeader(); setTimeout(() => process.exit(3), 400);')}
      const waiting = create().getAuthorizationHeader();
      report((await ended)[0]);
      await tell(waiting);`,
    told: [3, 'token 1'],
    tokenRequests: 1,
  },
  {
    name: 'an uncaught exception in a worker in mid-request',
    outcome: 'that worker ends; the others get the token of its request',
    serve: (server) => server.on('POST /token', { ...server.issue()(), delayMs: 1500 }),
    script: `${worker("create().getAuthorizationHeader(); setTimeout(() => { throw new Error('boom') }, 400);")}
      const waiting = create().getAuthorizationHeader();
      report((await failed).message);
      await tell(waiting);`,
    told: ['boom', 'token 1'],
    tokenRequests: 1,
  },
  {
    name: 'the main thread leaves while a worker waits for a token',
    outcome: 'the worker gets it; then the process ends',
    serve: (server) => server.on('POST /token', { ...server.issue()(), delayMs: 700 }),
    script: `${worker("create().getAuthorizationHeader().then(() => parentPort.postMessage('has it'));")}
      told.then(report);`,
    told: ['has it'],
  },
  {
    name: 'process.exit() of the main thread while workers are in mid-request',
    outcome: 'the process ends at once, with that code',
    serve: (server) => server.on('POST /token', NEVER),
    script: `${worker('for (let n = 0; n < 5; n += 1) create({ clientId: "c" + n }).getAuthorizationHeader();')}
      process.exit(4);`,
    told: [],
    code: 4,
  },
  {
    name: 'the addon loaded by a worker first, and by the main thread when that has ended',
    outcome: 'both get tokens',
    script: `
      import { Worker } from 'node:worker_threads';
      const text = \`
        const { workerData: { options, root }, parentPort } = require('node:worker_threads');
        require(root).ClientAuthInterceptorFactory.create(options).getAuthorizationHeader()
          .then(() => parentPort.postMessage('the worker has one'), ({ code }) => parentPort.postMessage(code));\`;
      process.stdout.write('');
      const worker = new Worker(text, { eval: true, execArgv: [], workerData: { options, root: process.cwd() } });
      worker.once('message', report);
      await once(worker, 'exit');
      await tell(create().getAuthorizationHeader());`,
    told: ['the worker has one', 'token 2'],
  },
];

const ends = [
  {
    name: 'an uncaught exception in mid-request',
    outcome: 'the process ends with 1 and the stack of that exception alone',
    serve: (server) => server.on('POST /token', NEVER),
    script: `create().getAuthorizationHeader();
      setTimeout(() => { throw new Error('of the application') }, ${ON_THE_WAY_MS});`,
    told: [],
    code: 1,
    stderr: /Error: of the application/,
  },
  {
    name: 'an uncaught exception that a handler takes, in mid-request',
    outcome: 'the request goes on, and the caller has its token',
    serve: (server) => server.on('POST /token', { ...server.issue()(), delayMs: 600 }),
    script: `process.on('uncaughtException', ({ message }) => report(message));
      const waiting = create().getAuthorizationHeader();
      setTimeout(() => { throw new Error('boom') }, 100);
      await tell(waiting);`,
    told: ['boom', 'token 1'],
  },
  {
    name: 'a failed call whose promise nobody handles',
    outcome: 'the process ends with 1 and shows the error, and no secret',
    serve: (server) => server.on('POST /token', { status: 401, body: '{"error":"invalid_client"}' }),
    script: 'create().getAuthorizationHeader();',
    told: [],
    code: 1,
    stderr: /ERR_TOKEN_REJECTED/,
  },
  {
    name: 'SIGTERM in mid-request',
    outcome: 'the process ends by that signal at once',
    serve: (server) => server.on('POST /token', NEVER),
    script: `create().getAuthorizationHeader(); setTimeout(() => process.kill(process.pid, 'SIGTERM'), ${ON_THE_WAY_MS});`,
    told: [],
    signal: /^SIGTERM$/,
  },
  {
    name: 'SIGTERM in mid-request, with a handler that closes the interceptor',
    outcome: 'ERR_CLOSED at once, and the process ends by itself with 0',
    serve: (server) => server.on('POST /token', NEVER),
    script: `const interceptor = create();
      process.once('SIGTERM', () => interceptor.close());
      setTimeout(() => process.kill(process.pid, 'SIGTERM'), ${ON_THE_WAY_MS});
      await tell(interceptor.getAuthorizationHeader());`,
    told: ['ERR_CLOSED'],
  },
];

const pauses = [
  {
    name: 'SIGSTOP in mid-request for longer than http.timeoutMs, and a server that never answers that request',
    outcome: 'after SIGCONT the request is sent again, with its token for the caller',
    serve: (server) => server.on('POST /token', [NEVER, server.issue()]),
    options: { http: { proxy: null, timeoutMs: 1500, connectTimeoutMs: 1500 } },
    script:
      'const waiting = create().getAuthorizationHeader(); await sleep(200); await freeze(3); await tell(waiting);',
    told: ['token 1'],
    tokenRequests: 2,
  },
  {
    name: 'SIGSTOP in mid-request for longer than http.timeoutMs, with retry.attempts 1',
    outcome: 'ERR_TIMEOUT, transient; the next call gets a token',
    serve: (server) => server.on('POST /token', [NEVER, server.issue()]),
    options: { http: { proxy: null, timeoutMs: 1500, connectTimeoutMs: 1500 }, retry: { attempts: 1 } },
    script: `import { subscribe } from 'node:diagnostics_channel';
      const sent = new Promise((resolve) => subscribe('tracing:smart-m2m:token:start', resolve));
      const interceptor = create();
      const waiting = interceptor.getAuthorizationHeader();
      waiting.catch(() => {});
      await sent; await sleep(200); await freeze(3);
      await tell(waiting);
      await tell(interceptor.getAuthorizationHeader());`,
    told: ['ERR_TIMEOUT, transient', 'token 1'],
    says: /no complete answer within 1500 ms/,
  },
  {
    name: 'SIGSTOP in mid-request for longer than http.timeoutMs, and an answer that came meanwhile',
    outcome: 'a token: that of the answer, or of another request',
    serve: (server) => server.on('POST /token', [{ ...server.issue()(), delayMs: 500 }, server.issue()]),
    options: { http: { proxy: null, timeoutMs: 1500, connectTimeoutMs: 1500 } },
    script: `const waiting = create().getAuthorizationHeader(); await sleep(200); await freeze(3);
      report(/^Bearer secret-token-[12]$/.test(await waiting) ? 'a token' : 'none');`,
    told: ['a token'],
  },
  {
    name: 'SIGSTOP in mid-discovery for longer than http.timeoutMs',
    outcome: 'after SIGCONT discovery is tried again, and the caller has its token',
    serve: (server) => {
      const answer = { body: JSON.stringify({ token_endpoint: server.url('/token') }) };
      server.on('GET /fhir/.well-known/smart-configuration', [NEVER, answer]);
    },
    options: { http: { proxy: null, timeoutMs: 1500, connectTimeoutMs: 1500 } },
    script:
      'const waiting = create().getAuthorizationHeader(); await sleep(200); await freeze(3); await tell(waiting);',
    told: ['token 1'],
  },
  {
    name: 'SIGSTOP for longer than the token lives',
    outcome: 'after SIGCONT the first header is that of another token',
    serve: (server) => server.on('POST /token', [server.issue({ expires_in: 2 }), server.issue()]),
    options: { renewal: { background: false, marginSeconds: 0 } },
    script: `const interceptor = create();
      await tell(interceptor.getAuthorizationHeader()); await tell(interceptor.getAuthorizationHeader());
      await freeze(2.5);
      await tell(interceptor.getAuthorizationHeader());`,
    told: ['token 1', 'token 1', 'token 2'],
    tokenRequests: 2,
  },
  {
    name: 'an event loop that is blocked for longer than the token lives',
    outcome: 'the first header afterwards is that of another token',
    serve: (server) => server.on('POST /token', [server.issue({ expires_in: 2 }), server.issue()]),
    options: { renewal: { background: false, marginSeconds: 0 } },
    script: `const interceptor = create();
      await tell(interceptor.getAuthorizationHeader());
      block(2500);
      await tell(interceptor.getAuthorizationHeader());`,
    told: ['token 1', 'token 2'],
    tokenRequests: 2,
  },
  {
    name: 'an event loop that is blocked for longer than http.timeoutMs, in mid-request',
    outcome: 'the answer is read meanwhile, and its token is there afterwards',
    serve: (server) => server.on('POST /token', { ...server.issue()(), delayMs: 400 }),
    options: { http: { proxy: null, timeoutMs: 2000, connectTimeoutMs: 2000 } },
    script: 'const waiting = create().getAuthorizationHeader(); block(4000); await tell(waiting);',
    told: ['token 1'],
    tokenRequests: 1,
  },
];

export const ROWS = [...exits, ...terminations, ...threads, ...ends, ...pauses];
