import { ecJwks, publicJwks } from '../support/keys.mjs';

export const TITLE = 'Several copies, realms and processes';
export const KIND = 'fault';

const JWKS = ecJwks();
const REQUIRE = `import { createRequire } from 'node:module';
  const require = createRequire(process.cwd() + '/');
  const vm = require('node:vm');`;
/** The package's JavaScript evaluated in another realm, as test runners do it; the addon is the process's. */
const LOAD_IN_REALM = `${REQUIRE}
  const { dirname } = require('node:path');
  const { readFileSync } = require('node:fs');
  const names = ['AbortController', 'AbortSignal', 'Buffer', 'DOMException', 'Headers', 'Request', 'URL', 'URLSearchParams',
    'clearTimeout', 'console', 'fetch', 'queueMicrotask', 'setImmediate', 'setTimeout', 'structuredClone'];
  function loadInRealm() {
    const context = vm.createContext({ process, ...Object.fromEntries(names.map((name) => [name, globalThis[name]])) });
    const loaded = new Map();
    const load = (file) => {
      if (!/\\.js$/.test(file)) return require(file);
      if (loaded.has(file)) return loaded.get(file).exports;
      const module = { exports: {} };
      loaded.set(file, module);
      const wrapped = vm.compileFunction(readFileSync(file, 'utf8'), ['exports', 'require', 'module'],
        { parsingContext: context, filename: file });
      const resolve = createRequire(file).resolve;
      wrapped(module.exports, (name) => load(resolve(name)), module);
      return module.exports;
    };
    return { context, ...load(require.resolve('./index.js')) };
  }`;
/** A copy of the package's JavaScript in a folder of its own. */
const COPY = `${REQUIRE}
  const fs = require('node:fs');
  const { join } = require('node:path');
  const copies = fs.mkdtempSync(join(require('node:os').tmpdir(), 'smart-m2m-copy-'));
  process.once('exit', () => fs.rmSync(copies, { recursive: true, force: true }));
  function copyOf(placeAddon) {
    const folder = fs.mkdtempSync(join(copies, 'copy-'));
    for (const name of ['index.js', 'package.json']) fs.copyFileSync(name, join(folder, name));
    fs.mkdirSync(join(folder, 'lib'));
    for (const name of fs.readdirSync('lib')) {
      const [from, to] = [join(process.cwd(), 'lib', name), join(folder, 'lib', name)];
      if (name.endsWith('.node')) placeAddon(from, to);
      else fs.cpSync(from, to, { recursive: true });
    }
    return require(folder);
  }`;
const TELL_BOTH = `
  await tell(create().getAuthorizationHeader());
  await tell(other.ClientAuthInterceptorFactory.create(options).getAuthorizationHeader());`;

const realms = [
  {
    name: 'the package required within vm.runInContext',
    outcome: 'it works, and shares the token',
    script: `${REQUIRE}
      const other = vm.runInContext("require('@org/smart-m2m')", vm.createContext({ require }));${TELL_BOTH}`,
    told: ['token 1', 'token 1'],
    tokenRequests: 1,
  },
  {
    name: "the package's JavaScript evaluated in another realm",
    outcome: 'it works, and shares the token',
    script: `${LOAD_IN_REALM} const other = loadInRealm();${TELL_BOTH}`,
    told: ['token 1', 'token 1'],
    tokenRequests: 1,
  },
  {
    name: 'an error of the package in another realm',
    outcome: 'its code, and an Error of that realm',
    serve: (server) => server.on('POST /token', { status: 401, body: '{"error":"invalid_client"}' }),
    script: `${LOAD_IN_REALM} const other = loadInRealm();
      const error = await other.ClientAuthInterceptorFactory.create(options).getAuthorizationHeader().catch((error) => error);
      report(error.code);
      report(vm.runInContext('(error) => error instanceof Error', other.context)(error));
      report(error instanceof other.ClientAuthError);`,
    told: ['ERR_TOKEN_REJECTED', true, true],
  },
  {
    name: 'options of another realm: objects, arrays, pairs',
    outcome: 'read like any others, and the token is shared',
    options: { additionalParameters: [['resource', 'a']], retry: { attempts: 2 } },
    script: `${REQUIRE}
      const foreign = vm.runInNewContext('JSON.parse(text)', { text: JSON.stringify(options) });
      report(foreign instanceof Object);
      await tell(create().getAuthorizationHeader());
      await tell(create(foreign).getAuthorizationHeader());`,
    told: [false, 'token 1', 'token 1'],
    tokenRequests: 1,
  },
  {
    name: 'a keystore as bytes of another realm',
    outcome: 'read like any other',
    script: `${REQUIRE}
      const jwks = Keystores.generate({ algorithm: 'ES384' });
      const data = vm.runInNewContext('Uint8Array.from(bytes)', { bytes: [...Buffer.from(JSON.stringify(jwks))] });
      report(data instanceof Uint8Array);
      Keystores.register('foreign', { data });
      await tell(create({ clientSecret: undefined, keystore: 'foreign' }).getAuthorizationHeader());`,
    told: [false, 'token 1'],
  },
  {
    name: 'a pre-token hook that returns a promise of another realm',
    outcome: 'its token is used',
    script: `${REQUIRE}
      const promise = vm.runInNewContext("Promise.resolve({ accessToken: 'secret-token-9' })");
      await tell(create().registerInterceptor({ CLIENT_AUTH_PRE_TOKEN_REQUEST: () => promise }).getAuthorizationHeader());`,
    told: ['token 9'],
    tokenRequests: 0,
  },
  {
    name: 'a pre-token hook that throws an error of another realm',
    outcome: 'ERR_PRE_TOKEN_HOOK, with that very error as its cause',
    script: `${REQUIRE}
      const thrown = vm.runInNewContext("new TypeError('of another realm')");
      const hook = { CLIENT_AUTH_PRE_TOKEN_REQUEST: () => { throw thrown; } };
      const error = await create().registerInterceptor(hook).getAuthorizationHeader().catch((error) => error);
      report(outcomeOf(error));
      report(error.cause === thrown);`,
    told: ['ERR_PRE_TOKEN_HOOK', true],
  },
  {
    name: 'an external signer that returns bytes of another realm',
    outcome: 'they are the signature',
    script: `${REQUIRE}
      const { createPrivateKey, sign } = require('node:crypto');
      const key = createPrivateKey({ key: ${JSON.stringify(JWKS.keys[0])}, format: 'jwk' });
      Keystores.register('external', {
        publicJwk: ${JSON.stringify(publicJwks(JWKS).keys[0])},
        sign: (input) => vm.runInNewContext('Promise.resolve(Uint8Array.from(bytes))',
          { bytes: [...sign('sha384', input, { key, dsaEncoding: 'ieee-p1363' })] }),
      });
      await tell(create({ clientSecret: undefined, keystore: 'external' }).getAuthorizationHeader());`,
    told: ['token 1'],
  },
  {
    name: 'an AbortSignal that a polyfill of another realm has made',
    outcome: 'it ends the wait with its reason',
    serve: (server) => server.on('POST /token', { delayMs: 120_000 }),
    script: `${REQUIRE}
      const controller = vm.runInNewContext(\`
        const listeners = new Set();
        const signal = { aborted: false, reason: undefined, throwIfAborted() { if (signal.aborted) throw signal.reason; },
          addEventListener(type, listener) { listeners.add(listener); }, removeEventListener(type, listener) { listeners.delete(listener); } };
        ({ signal, abort() { signal.aborted = true; signal.reason = new Error('enough'); for (const listener of listeners) listener(); } })\`);
      const waiting = create().getAuthorizationHeader({ signal: controller.signal });
      setTimeout(() => controller.abort(), 200);
      report(await waiting.catch(({ code, message }) => code ?? message));`,
    told: ['enough'],
  },
];

const copies = [
  {
    name: 'the package loaded again, with the cache of require emptied',
    outcome: 'both share the token',
    script: `${REQUIRE}
      for (const file of Object.keys(require.cache)) delete require.cache[file];
      const other = require('./index.js');
      report(other.ClientAuthInterceptorFactory === require('./index.js').ClientAuthInterceptorFactory);${TELL_BOTH}`,
    told: [true, 'token 1', 'token 1'],
    tokenRequests: 1,
  },
  {
    name: 'the cache of require emptied a hundred times',
    outcome: 'all share the token, and the process ends by itself',
    script: `${REQUIRE}
      const headers = new Set();
      for (let round = 0; round < 100; round += 1) {
        for (const file of Object.keys(require.cache)) delete require.cache[file];
        headers.add(await require('./index.js').ClientAuthInterceptorFactory.create(options).getAuthorizationHeader());
      }
      report(headers.size);`,
    told: [1],
  },
  {
    name: 'a second copy of the package, with the same addon',
    outcome: 'both share the token',
    script: `${COPY} const other = copyOf((from, to) => fs.symlinkSync(from, to));${TELL_BOTH}`,
    told: ['token 1', 'token 1'],
    tokenRequests: 1,
  },
  {
    name: 'a second copy of the package, with an addon of its own',
    outcome: 'both work, with a token each',
    script: `${COPY} const other = copyOf((from, to) => fs.copyFileSync(from, to, fs.constants.COPYFILE_FICLONE));${TELL_BOTH}`,
    told: ['token 1', 'token 2'],
    tokenRequests: 2,
  },
  {
    name: 'parameters of one copy given to the factory of another',
    outcome: 'ERR_INVALID_CONFIG, which says so',
    script: `${COPY} const other = copyOf((from, to) => fs.symlinkSync(from, to));
      const { ClientAuthParams } = require('./index.js');
      await tell(() => other.ClientAuthInterceptorFactory.create(ClientAuthParams.from(options)));`,
    told: ['ERR_INVALID_CONFIG'],
    says: /of another copy of @org\/smart-m2m/,
  },
];

/** What a child process runs: it has the options by environment. */
const CHILD = `
  const { ClientAuthInterceptorFactory } = require(process.cwd());
  ClientAuthInterceptorFactory.create(JSON.parse(process.env.FAULT_OPTIONS)).getAuthorizationHeader().then(
    (header) => process.send(header.replace('secret-token-', ''), () => process.disconnect()));`;
const WRITE_CHILD = `${REQUIRE}
  const fs = require('node:fs');
  const folder = fs.mkdtempSync(require('node:path').join(require('node:os').tmpdir(), 'smart-m2m-child-'));
  const file = folder + '/child.cjs';
  fs.writeFileSync(file, ${JSON.stringify(CHILD)});
  process.once('exit', () => fs.rmSync(folder, { recursive: true, force: true }));`;

const processes = [
  {
    name: 'child_process.fork by a process that has a token',
    outcome: 'the child is a process of its own, with a token of its own',
    script: `${WRITE_CHILD}
      const interceptor = create();
      await tell(interceptor.getAuthorizationHeader());
      const child = require('node:child_process').fork(file, { execArgv: [] });
      report((await once(child, 'message'))[0]);
      await once(child, 'exit');
      await tell(interceptor.getAuthorizationHeader());`,
    told: ['token 1', 'Bearer 2', 'token 1'],
    tokenRequests: 2,
  },
  {
    name: 'two workers of cluster',
    outcome: 'a token for each process',
    script: `${WRITE_CHILD}
      const cluster = require('node:cluster');
      cluster.setupPrimary({ exec: file, execArgv: [] });
      const children = [cluster.fork(), cluster.fork()];
      const headers = await Promise.all(children.map(async (child) => (await once(child, 'message'))[0]));
      report(headers.sort().join(', '));`,
    told: ['Bearer 1, Bearer 2'],
    tokenRequests: 2,
  },
  {
    name: 'a child that is killed in mid-request',
    outcome: 'its parent and its token are not touched',
    serve: (server) => server.on('POST /token', [server.issue(), { delayMs: 120_000 }]),
    script: `${WRITE_CHILD}
      const interceptor = create();
      await tell(interceptor.getAuthorizationHeader());
      const child = require('node:child_process').fork(file, { execArgv: [] });
      await sleep(400);
      child.kill('SIGKILL');
      await once(child, 'exit');
      await tell(interceptor.getAuthorizationHeader());`,
    told: ['token 1', 'token 1'],
  },
];

export const ROWS = [...realms, ...copies, ...processes];
