import { AsyncLocalStorage } from 'node:async_hooks';
import { createPrivateKey, randomUUID, sign as signWith, webcrypto } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { inspect } from 'node:util';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Worker } from 'node:worker_threads';
import { ClientAuthError, ClientAuthInterceptorFactory, Keystores } from '@org/smart-m2m';
import test from 'ava';
import { eventually } from './support/eventually.mjs';
import { startKeyCheckingEndpoint } from './support/key-checking-endpoint.mjs';
import { ecJwks, edJwks, publicJwks, rsaJwks } from './support/keys.mjs';
import { startTokenWorker } from './support/workers.mjs';

const KEYS = { es256: ecJwks({ alg: 'ES256' }), es384: ecJwks(), es512: ecJwks({ alg: 'ES512' }) };
const RSA = rsaJwks();
const ED = edJwks();
const ALL = { keys: [KEYS.es256, KEYS.es384, KEYS.es512, RSA, ED].flatMap(({ keys }) => keys) };
const HASHES = { 256: 'sha256', 384: 'sha384', 512: 'sha512' };

let endpoint;

test.before(async () => {
  endpoint = await startKeyCheckingEndpoint({ accepted: ALL });
});

test.after.always(() => endpoint?.close());

for (const [kind, jwks, dsaEncoding] of [
  ['a P-256 key with DER signatures, as most key services give', KEYS.es256, 'der'],
  ['a P-384 key with DER signatures', KEYS.es384, 'der'],
  ['a P-521 key with DER signatures', KEYS.es512, 'der'],
  ['a P-384 key with raw signatures', KEYS.es384, 'ieee-p1363'],
  ['an RSA key', RSA],
  ['an Ed25519 key', ED],
]) {
  test(`a token is had with ${kind}, and the private key stays where it is`, async (t) => {
    const asked = [];
    const interceptor = clientOf(jwks, (input, algorithm) => {
      asked.push({ input: Buffer.from(input).toString(), algorithm });
      return signature(jwks, input, algorithm, dsaEncoding);
    });
    t.regex(await interceptor.getAuthorizationHeader(), /^Bearer token-/);
    t.is(asked.length, 1);
    t.is(asked[0].algorithm, jwks.keys[0].alg);
    t.regex(asked[0].input, /^eyJ[^.]+\.eyJ[^.]+$/);
    t.is(interceptor.publicJwks().keys[0].kid, jwks.keys[0].kid);
  });
}

test('WebCrypto can sign: an ArrayBuffer is as good as a Uint8Array', async (t) => {
  const [jwk] = KEYS.es384.keys;
  const algorithm = { name: 'ECDSA', namedCurve: 'P-384' };
  const key = await webcrypto.subtle.importKey('jwk', jwk, algorithm, false, ['sign']);
  const interceptor = clientOf(KEYS.es384, (input) =>
    webcrypto.subtle.sign({ name: 'ECDSA', hash: 'SHA-384' }, key, input),
  );
  t.regex(await interceptor.getAuthorizationHeader(), /^Bearer /);
});

test('info says that the key is elsewhere', (t) => {
  const name = `external-${randomUUID()}`;
  const info = Keystores.register(
    name,
    externalOf(KEYS.es384, () => new Uint8Array()),
  );
  t.deepEqual(
    { ...info },
    {
      name,
      format: 'external',
      path: null,
      keyId: KEYS.es384.keys[0].kid,
      algorithm: 'ES384',
      certificates: 0,
    },
  );
});

test('callers that wait together share one signature', async (t) => {
  let signatures = 0;
  const interceptor = clientOf(KEYS.es384, async (input, algorithm) => {
    signatures += 1;
    await sleep(50);
    return signature(KEYS.es384, input, algorithm);
  });
  const headers = await Promise.all(Array.from({ length: 50 }, () => interceptor.getAuthorizationHeader()));
  t.is(new Set(headers).size, 1);
  t.is(signatures, 1);
});

test('what the signer throws is the cause of ERR_SIGNER, after the attempts that were set', async (t) => {
  const thrown = new Error('the key service is away');
  let calls = 0;
  const interceptor = clientOf(
    KEYS.es384,
    () => {
      calls += 1;
      throw thrown;
    },
    { retry: { attempts: 2 } },
  );
  const error = await t.throwsAsync(interceptor.getAuthorizationHeader(), { instanceOf: ClientAuthError });
  t.is(error.code, 'ERR_SIGNER');
  t.is(error.cause, thrown);
  t.true(error.transient, 'the same call may succeed later');
  t.is(calls, 2);
});

test('a key service that recovers is not noticed by the caller', async (t) => {
  let calls = 0;
  const interceptor = clientOf(KEYS.es384, (input, algorithm) => {
    calls += 1;
    if (calls === 1) throw new Error('throttled');
    return signature(KEYS.es384, input, algorithm);
  });
  t.regex(await interceptor.getAuthorizationHeader(), /^Bearer /);
});

for (const [what, sign] of [
  ['nothing', () => undefined],
  ['a string', () => 'c2lnbmF0dXJl'],
  ['an object', () => ({})],
  ['no bytes', () => new Uint8Array()],
  ['a signature over something else', (_, alg) => signature(KEYS.es384, Buffer.from('x'), alg)],
  ['a signature by another key', (input, alg) => signature(ecJwks(), input, alg)],
  ['DER that ends too soon', (input, alg) => signature(KEYS.es384, input, alg, 'der').subarray(0, 40)],
  ['a megabyte', () => new Uint8Array(1_000_000)],
]) {
  test(`a signer that returns ${what} is ERR_SIGNER, and nothing is sent`, async (t) => {
    const clientId = `wrong-${randomUUID()}`;
    const interceptor = clientOf(KEYS.es384, sign, { clientId });
    const error = await t.throwsAsync(interceptor.getAuthorizationHeader());
    t.is(error.code, 'ERR_SIGNER');
    t.false(error.transient);
    t.false(endpoint.tokenRequests().some(({ body }) => body.includes(clientId)));
  });
}

test('a signer that never answers is ERR_SIGNER when its time is over', async (t) => {
  const interceptor = clientOf(KEYS.es384, () => new Promise(() => {}), { retry: { attempts: 1 } }, 100);
  const error = await t.throwsAsync(interceptor.getAuthorizationHeader());
  t.is(error.code, 'ERR_SIGNER');
  t.regex(error.message, /100 ms/);
});

test('a worker thread has its tokens signed by the thread that registered the signer', async (t) => {
  let signatures = 0;
  const { options } = registered(KEYS.es384, (input, algorithm) => {
    signatures += 1;
    return signature(KEYS.es384, input, algorithm);
  });
  const workers = await Promise.all([startTokenWorker(options), startTokenWorker(options)]);
  t.teardown(() => Promise.all(workers.map((worker) => worker.end())));
  const [one, two] = await Promise.all(workers.map((worker) => worker.header()));
  t.is(one, two);
  t.is(signatures, 1);
});

test('a signer whose thread has ended is ERR_SIGNER, and says what to do', async (t) => {
  const name = `gone-${randomUUID()}`;
  const worker = new Worker(
    `const { Keystores } = require('@org/smart-m2m');
     const { workerData, parentPort } = require('node:worker_threads');
     Keystores.register(workerData.name, { publicJwk: workerData.publicJwk, sign: () => new Promise(() => {}) });
     parentPort.postMessage('registered');
     setInterval(() => {}, 1000);`,
    { eval: true, execArgv: [], workerData: { name, publicJwk: publicJwks(KEYS.es384).keys[0] } },
  );
  await new Promise((resolve) => worker.once('message', resolve));
  const interceptor = ClientAuthInterceptorFactory.create({
    ...endpoint.options,
    clientId: name,
    keystore: name,
    retry: { attempts: 1 },
  });
  const waiting = interceptor.getAuthorizationHeader();
  await sleep(50);
  await worker.terminate();
  const error = await t.throwsAsync(waiting);
  t.is(error.code, 'ERR_SIGNER');
  t.regex(error.message, /thread .* has ended/);
});

test('a signer that uses up retry.deadlineMs is ERR_SIGNER, and not blamed on the token endpoint', async (t) => {
  const { name, options } = registered(KEYS.es384, () => new Promise(() => {}));
  const interceptor = ClientAuthInterceptorFactory.create({ ...options, retry: { deadlineMs: 300 } });
  const error = await t.throwsAsync(interceptor.getAuthorizationHeader());
  t.is(error.code, 'ERR_SIGNER');
  t.true(error.message.includes(`signer of keystore '${name}' did not answer within 300 ms`), error.message);
  t.regex(error.message, /retry\.deadlineMs/);
  t.true(error.transient);
  t.false('url' in error);
});

test('a signer that is registered in place of a failed one is asked at once', async (t) => {
  const { name, options } = registered(KEYS.es384, () => new Uint8Array());
  const interceptor = ClientAuthInterceptorFactory.create(options);
  t.is((await t.throwsAsync(interceptor.getAuthorizationHeader())).code, 'ERR_SIGNER');
  const working = (input, algorithm) => signature(KEYS.es384, input, algorithm);
  Keystores.register(name, externalOf(KEYS.es384, working));
  t.regex(await interceptor.getAuthorizationHeader(), /^Bearer /);
});

test('sign is called as a method, of an object of any class', async (t) => {
  class Service {
    publicJwk = publicJwks(KEYS.es384).keys[0];
    own = 'of its own';
    #key = KEYS.es384;
    sign(input, algorithm) {
      return signature(this.#key, input, algorithm);
    }
  }
  const name = `class-${randomUUID()}`;
  Keystores.register(name, new Service());
  const options = { ...endpoint.options, clientId: name, keystore: name };
  t.regex(await ClientAuthInterceptorFactory.create(options).getAuthorizationHeader(), /^Bearer /);
});

for (const [what, publicJwk] of [
  ['an RSA key of 1024 bits', publicJwks(rsaJwks({ bits: 1024 })).keys[0]],
  ['a point off its curve', { ...publicJwks(KEYS.es384).keys[0], x: publicJwks(ecJwks()).keys[0].x }],
  ['Ed25519 of one octet', { kty: 'OKP', crv: 'Ed25519', x: 'AQ' }],
]) {
  test(`a publicJwk that is ${what} is refused when it is registered`, (t) => {
    const error = t.throws(() => Keystores.register('unusable', { sign() {}, publicJwk }));
    t.is(error.code, 'ERR_KEYSTORE_UNUSABLE_KEY');
  });
}

test('a signer is asked in the asynchronous context of its registration', async (t) => {
  const requests = new AsyncLocalStorage();
  const seen = [];
  const register = () =>
    clientOf(KEYS.es384, async (input, algorithm) => {
      await null;
      seen.push(requests.getStore());
      return signature(KEYS.es384, input, algorithm);
    });
  const interceptor = requests.run('registration', register);
  await requests.run('call', () => interceptor.getAuthorizationHeader());
  t.deepEqual(seen, ['registration']);
});

test('a signer is let go when its keystore and its clients are gone', async (t) => {
  const name = `short-${randomUUID()}`;
  const gone = new Set();
  const registry = new FinalizationRegistry((signer) => gone.add(signer));
  (() => {
    const sign = () => new Uint8Array();
    registry.register(sign, 'signer');
    Keystores.register(name, externalOf(KEYS.es384, sign));
  })();
  t.true(Keystores.unregister(name));
  setFlagsFromString('--expose-gc');
  const collectGarbage = runInNewContext('gc');
  await eventually(() => {
    collectGarbage();
    return gone.has('signer');
  });
  t.pass();
});

for (const [what, source] of [
  ['no publicJwk', { sign() {} }],
  ['a private JWK', { sign() {}, publicJwk: KEYS.es384.keys[0] }],
  ['sign that is no function', { sign: 'x', publicJwk: publicJwks(KEYS.es384).keys[0] }],
  ['a time limit of zero', { sign() {}, publicJwk: publicJwks(KEYS.es384).keys[0], timeoutMs: 0 }],
  ['an unknown member', { sign() {}, publicJwk: publicJwks(KEYS.es384).keys[0], pathh: 'x' }],
  ['two JWKs', { sign() {}, publicJwk: publicJwks(ALL) }],
]) {
  test(`a source with ${what} is refused at once, without showing a key`, (t) => {
    const error = t.throws(() => Keystores.register('refused', source));
    t.is(error.code, 'ERR_INVALID_CONFIG');
    t.false(inspect(error).includes(KEYS.es384.keys[0].d));
  });
}

function registered(jwks, sign, timeoutMs) {
  const name = `external-${randomUUID()}`;
  Keystores.register(name, externalOf(jwks, sign, timeoutMs));
  return { name, options: { ...endpoint.options, clientId: name, keystore: name } };
}

function clientOf(jwks, sign, changes = {}, timeoutMs = undefined) {
  const { options } = registered(jwks, sign, timeoutMs);
  return ClientAuthInterceptorFactory.create({ ...options, ...changes });
}

function externalOf(jwks, sign, timeoutMs) {
  return { sign, publicJwk: publicJwks(jwks).keys[0], timeoutMs };
}

/** As a key service would make it. */
function signature(jwks, input, algorithm, dsaEncoding = 'ieee-p1363') {
  const key = createPrivateKey({ key: jwks.keys[0], format: 'jwk' });
  return signWith(HASHES[algorithm.slice(2)] ?? null, input, { key, dsaEncoding });
}
