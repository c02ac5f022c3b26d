import { EventEmitter, once } from 'node:events';
import { Readable } from 'node:stream';
import { authorizationInterceptor } from '@org/smart-m2m/undici';
import test from 'ava';
import * as undici7 from 'undici';
import { testAdapter } from '../support/adapter-contract.mjs';
import { acceptOnly, caPem, FIRST, SECOND, startServers } from '../support/adapter-servers.mjs';
import { nodeIsAtLeast } from '../support/node-version.mjs';
import { json } from '../support/recording-server.mjs';

const VERSIONS = { 'undici 7': undici7 };
if (nodeIsAtLeast(22, 19)) VERSIONS['undici 8'] = await import('undici-8');

const BODY_IS_A_STREAM = 'a body that can be sent again is, as it was';

for (const [library, undici] of Object.entries(VERSIONS)) {
  testAdapter(test, { library: `${library}, request`, connect: connectRequest(undici) });
  testAdapter(test, {
    library: `${library}, request, redirects followed below the adapter`,
    connect: connectRequest(undici, { isRedirectBelow: true }),
    // There redirects are followed out of the adapter's sight.
    excused: ['a 401 of the server that a redirect led to says nothing about the token'],
  });
  test(`${library}: with redirects followed below, a 401 of another origin costs one new token`, async (t) => {
    const connect = connectRequest(undici, { isRedirectBelow: true });
    const { server, elsewhere, client } = await startServers(t, connect);
    elsewhere.on('GET /binary', json(401, {}));
    server.on('GET /fhir/Binary/1', { status: 307, headers: { location: elsewhere.url('/binary') } });
    const { send } = await client();
    t.is((await send({ url: 'Binary/1' })).status, 401);
    t.deepEqual(server.authorizations('/fhir/Binary/1'), [FIRST, SECOND]);
    for (const { headers } of elsewhere.requests) t.is(headers.authorization, undefined);
  });

  testAdapter(test, {
    library: `${library}, fetch`,
    connect: connectFetch(undici),
    reasonOf: (error) => error.cause,
    excused: [BODY_IS_A_STREAM],
  });

  if (undici === undici7) {
    testAdapter(test, {
      library: `${library} below Node's own fetch`,
      connect: connectFetch({ ...undici, fetch }),
      reasonOf: (error) => error.cause,
      excused: [BODY_IS_A_STREAM],
    });
  }

  test(`${library}, fetch: every body has become a stream, and its 401 is returned`, async (t) => {
    const { server, client } = await startServers(t, connectFetch(undici));
    server.on('POST /fhir/Patient', acceptOnly(SECOND));
    const { send } = await client();
    t.is((await send({ method: 'POST', body: 'a body' })).status, 401);
    t.is((await send({ method: 'POST', body: 'a body' })).status, 200);
    t.deepEqual(server.authorizations(), [FIRST, SECOND]);
  });

  test(`${library}: a Pool that is told its origin, and one that is not`, async (t) => {
    const { server, elsewhere, client } = await startServers(t, () => null);
    const { interceptor } = await client();
    const ask = async (origin, options) => {
      const pool = new undici.Pool(origin, { connect: { ca: caPem } });
      t.teardown(() => pool.destroy());
      const dispatcher = pool.compose(authorizationInterceptor(interceptor, options));
      const { statusCode, body } = await dispatcher.request({ path: '/fhir/Patient', method: 'GET' });
      await body.dump();
      return statusCode;
    };
    t.is(await ask(server.origin, { origin: server.origin }), 200);
    t.is(await ask(elsewhere.origin, { origin: elsewhere.origin }), 200);
    t.deepEqual(server.authorizations(), [FIRST]);
    t.is(elsewhere.requests[0].headers.authorization, undefined);
    if (library === 'undici 7') {
      await t.throwsAsync(ask(server.origin), { code: 'ERR_INVALID_CONFIG', message: /names no origin/ });
    } else {
      t.is(await ask(server.origin), 200, 'undici 8 tells the origin');
    }
  });

  test(`${library}: headers of every form keep what is not Authorization`, async (t) => {
    const { server, client } = await startServers(t, () => null);
    const { interceptor } = await client();
    const dispatcher = composed(t, undici, interceptor);
    const forms = [
      { Authorization: 'Basic x', 'X-Kept': 'yes', 'x-many': ['a', 'b'], constructor: 'a name as any' },
      ['AUTHORIZATION', 'Basic x', 'X-Kept', 'yes', 'x-many', 'a', 'x-many', 'b'],
      [
        ['authorization', 'Basic x'],
        ['X-Kept', 'yes'],
        ['x-many', 'a'],
        ['x-many', 'b'],
      ],
      new Map([
        ['Authorization', 'Basic x'],
        ['x-kept', 'yes'],
        ['x-many', 'a, b'],
      ]),
    ];
    for (const headers of forms) {
      const { body } = await undici.request(server.patients, { dispatcher, headers });
      await body.dump();
    }
    t.is(server.requestsTo('/fhir/Patient').length, forms.length);
    for (const { headers } of server.requestsTo('/fhir/Patient')) {
      t.is(headers.authorization, FIRST);
      t.is(headers['x-kept'], 'yes');
      t.is(headers['x-many'], 'a, b');
    }
  });

  test(`${library}: to another origin the caller's own Authorization is left alone`, async (t) => {
    const { elsewhere, client } = await startServers(t, () => null);
    const { interceptor } = await client();
    const dispatcher = composed(t, undici, interceptor);
    const headers = { authorization: 'Basic mine' };
    const { body } = await undici.request(elsewhere.url('/x'), { dispatcher, headers });
    await body.dump();
    t.is(elsewhere.requests[0].headers.authorization, 'Basic mine');
  });

  test(`${library}: a stream that breaks while the token is waited for fails its request alone`, async (t) => {
    const { server, client } = await startServers(t, () => null);
    const { interceptor } = await client();
    const dispatcher = composed(t, undici, interceptor);
    const gate = server.holdTokens();
    const body = new Readable({ read() {} });
    const waiting = undici.request(server.patients, { dispatcher, method: 'POST', body });
    await gate.reached();
    body.destroy(new Error('the disk is gone'));
    await once(body, 'close').catch(() => {});
    gate.open();
    await t.throwsAsync(waiting);
    t.is(server.requestsTo('/fhir/Patient').length, 0);
  });

  test(`${library}: a long 401 is read to its end and not shown`, async (t) => {
    const { server, client } = await startServers(t, connectRequest(undici));
    server.on('GET /fhir/Patient', [json(401, 'x'.repeat(1_000_000)), json(200, { resourceType: 'Bundle' })]);
    const { send } = await client();
    t.deepEqual(await send(), { status: 200, body: '{"resourceType":"Bundle"}' });
  });

  test(`${library}: an emitter as signal ends the request once there is one`, async (t) => {
    const { server, client } = await startServers(t, connectRequest(undici));
    const gate = server.holdTokens();
    const { send } = await client();
    const signal = new EventEmitter();
    const waiting = send({ signal });
    await gate.reached();
    signal.emit('abort');
    gate.open();
    await t.throwsAsync(waiting, { code: 'UND_ERR_ABORTED' });
    t.is(server.requestsTo('/fhir/Patient').length, 0);
  });
}

function composed(t, { Agent }, interceptor, options, ...further) {
  const agent = new Agent({ connect: { ca: caPem } });
  t.teardown(() => agent.destroy());
  const own = authorizationInterceptor(interceptor, options);
  return agent.compose(own, ...further);
}

function connectRequest(undici, { isRedirectBelow = false } = {}) {
  return ({ interceptor, server, options, t }) => {
    const agent = new undici.Agent({ connect: { ca: caPem } });
    t.teardown(() => agent.destroy());
    const chain = [
      authorizationInterceptor(interceptor, options),
      undici.interceptors.redirect({ maxRedirections: 3 }),
    ];
    const dispatcher = agent.compose(isRedirectBelow ? chain.reverse() : chain);
    return async ({ url = server.patients, method = 'GET', body, stream, signal } = {}) => {
      const response = await undici.request(new URL(url, `${server.fhirBaseUrl}/`), {
        dispatcher,
        method,
        body: stream === undefined ? body : Readable.from([stream]),
        signal,
      });
      return { status: response.statusCode, body: await response.body.text() };
    };
  };
}

function connectFetch(undici) {
  return ({ interceptor, server, options, t }) => {
    const dispatcher = composed(t, undici, interceptor, options);
    return async ({ url = server.patients, method, body, stream, signal } = {}) => {
      const response = await undici.fetch(new URL(url, `${server.fhirBaseUrl}/`), {
        dispatcher,
        method,
        signal,
        ...(stream === undefined ? { body } : { body: Readable.from([stream]), duplex: 'half' }),
      });
      return { status: response.status, body: await response.text() };
    };
  };
}
