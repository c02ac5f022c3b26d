import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { inspect } from 'node:util';
import { authorizationHooks } from '@org/smart-m2m/got';
import test from 'ava';
import { testAdapter } from '../support/adapter-contract.mjs';
import { acceptOnly, caPem, FIRST, SECOND, startServers } from '../support/adapter-servers.mjs';
import { nodeIsAtLeast } from '../support/node-version.mjs';
import { json, text as textReply } from '../support/recording-server.mjs';

const VERSIONS = { 'got 14': await import('got') };
if (nodeIsAtLeast(22)) VERSIONS['got 16'] = await import('got-16');

for (const [library, { default: got, HTTPError }] of Object.entries(VERSIONS)) {
  const connect = connectGot(got);
  testAdapter(test, { library, connect });

  test(`${library}: a refused request rejects with the HTTPError of the second answer`, async (t) => {
    const { server, client } = await startServers(t, connectGot(got, { throwHttpErrors: true }));
    let answers = 0;
    server.on('GET /fhir/Patient', () => {
      answers += 1;
      return textReply(401, `answer ${answers}`);
    });
    const { send } = await client();
    const error = await t.throwsAsync(send());
    t.true(error instanceof HTTPError);
    t.is(error.response.body, 'answer 2');
  });

  test(`${library}: json is sent again, whatever limit retries have`, async (t) => {
    const { server, client } = await startServers(t, () => null);
    const { interceptor } = await client();
    server.on('POST /fhir/Patient', acceptOnly(SECOND));
    const instance = extend(got, server, interceptor, {}, { retry: { limit: 0 } });
    const sent = { resourceType: 'Patient' };
    t.deepEqual(await instance.post('Patient', { json: sent }).json(), { resourceType: 'Bundle' });
    t.deepEqual(
      server.requestsTo('/fhir/Patient').map(({ body }) => JSON.parse(body)),
      [sent, sent],
    );
  });

  test(`${library}: a form of the FormData kind has become a stream, and its 401 is returned`, async (t) => {
    const { server, client } = await startServers(t, () => null);
    const { interceptor } = await client();
    server.on('POST /fhir/Patient', acceptOnly(SECOND));
    const instance = extend(got, server, interceptor, {}, { throwHttpErrors: false });
    const post = () => {
      const body = new FormData();
      body.append('name', 'value');
      return instance.post('Patient', { body });
    };
    t.is((await post()).statusCode, 401);
    t.is((await post()).statusCode, 200);
    t.deepEqual(server.authorizations(), [FIRST, SECOND]);
    for (const { body } of server.requestsTo('/fhir/Patient')) t.true(body.includes('value'));
  });

  test(`${library}: a stream goes with the token, and its 401 gets the next one a new token`, async (t) => {
    const { server, client } = await startServers(t, () => null);
    const { interceptor } = await client();
    server.on('GET /fhir/Patient', acceptOnly(SECOND));
    const instance = extend(got, server, interceptor, {}, { throwHttpErrors: true });
    await t.throwsAsync(text(instance.stream('Patient')), { instanceOf: HTTPError });
    t.is(await text(instance.stream('Patient')), '{"resourceType":"Bundle"}');
    t.deepEqual(server.authorizations(), [FIRST, SECOND]);
  });

  test(`${library}: retries of its own get the token that is current by then`, async (t) => {
    const { server, client } = await startServers(t, () => null);
    const { interceptor } = await client();
    server.on('GET /fhir/Patient', [
      () => {
        interceptor.invalidate();
        return textReply(503, 'down');
      },
      json(200, { resourceType: 'Bundle' }),
    ]);
    const instance = extend(got, server, interceptor, {}, { retry: { limit: 1, calculateDelay: () => 1 } });
    t.deepEqual(await instance.get('Patient').json(), { resourceType: 'Bundle' });
    t.deepEqual(server.authorizations(), [FIRST, SECOND]);
  });

  test(`${library}: a token that comes along to another origin after all is taken off there`, async (t) => {
    const { server, elsewhere, client } = await startServers(t, () => null);
    const { interceptor } = await client();
    const headers = { location: elsewhere.url('/binary') };
    server.on('GET /fhir/Binary/1', { status: 302, headers });
    const carryAlong = (options) => {
      options.headers.authorization = FIRST;
    };
    const hooks = { beforeRedirect: [carryAlong] };
    t.is((await extend(got, server, interceptor, {}, { hooks }).get('Binary/1')).statusCode, 200);
    t.deepEqual(server.authorizations('/fhir/Binary/1'), [FIRST]);
    t.is(elsewhere.requests[0].headers.authorization, undefined);
  });

  test(`${library}: the caller's own header stays on requests to other origins, and the context shows no token`, async (t) => {
    const { server, elsewhere, client } = await startServers(t, () => null);
    const { interceptor } = await client();
    const context = { mine: 'kept' };
    const instance = extend(got, server, interceptor, {}, { context });
    const { request } = await instance.get('Patient', { headers: { authorization: 'Basic mine' } });
    t.false(inspect(request.options.context, { depth: 9, showHidden: true }).includes('token-1'));
    t.is(request.options.context.mine, 'kept');
    t.deepEqual(context, { mine: 'kept' });
    const headers = { authorization: 'Basic mine' };
    await got.extend(instance, { prefixUrl: '' }).get(elsewhere.url('/x'), { headers });
    t.deepEqual(server.authorizations(), [FIRST]);
    t.is(elsewhere.requests[0].headers.authorization, 'Basic mine');
  });
}

function extend(got, server, interceptor, options, settings = {}) {
  return got.extend(
    {
      prefixUrl: server.fhirBaseUrl,
      https: { certificateAuthority: caPem },
      retry: { limit: 0 },
      ...settings,
    },
    authorizationHooks(interceptor, options),
  );
}

function connectGot(got, settings = { throwHttpErrors: false }) {
  return ({ interceptor, server, options }) => {
    const instance = extend(got, server, interceptor, options, { responseType: 'text', ...settings });
    return async ({ url = 'Patient', method = 'GET', body, stream, signal } = {}) => {
      const response = await instance(url, {
        method,
        signal,
        ...(URL.canParse(url) ? { prefixUrl: '' } : {}),
        ...(stream === undefined ? { body } : { body: Readable.from([stream]) }),
      });
      return { status: response.statusCode, body: response.body };
    };
  };
}
