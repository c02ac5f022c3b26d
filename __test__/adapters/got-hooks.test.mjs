import { authorizationHooks } from '@org/smart-m2m/got';
import test from 'ava';
import { acceptOnly, caPem, FIRST, SECOND, startServers } from '../support/adapter-servers.mjs';
import { nodeIsAtLeast } from '../support/node-version.mjs';
import { json } from '../support/recording-server.mjs';

// Beside hooks of the application's own.

const VERSIONS = { 'got 14': await import('got') };
if (nodeIsAtLeast(22)) VERSIONS['got 16'] = await import('got-16');

for (const [library, { default: got }] of Object.entries(VERSIONS)) {
  test(`${library}: a hook that sends the request elsewhere after all does not take the token along`, async (t) => {
    const { server, elsewhere, client } = await startServers(t, () => null);
    elsewhere.on('GET /mirror', json(401, {}));
    const { interceptor } = await client();
    const instance = extend(got, server, interceptor, (options) => {
      options.url = new URL(elsewhere.url('/mirror'));
    });
    for (let count = 0; count < 2; count += 1) t.is((await instance.get('Patient')).statusCode, 401);
    t.deepEqual(
      elsewhere.requests.map(({ headers }) => headers.authorization),
      [undefined, undefined],
    );
    t.is(interceptor.stats().invalidations, 0, 'that server refused no token');
  });

  test(`${library}: a header that a later hook puts in place of the token goes where that hook says`, async (t) => {
    const { server, elsewhere, client } = await startServers(t, () => null);
    const { interceptor } = await client();
    const instance = extend(got, server, interceptor, (options) => {
      options.url = new URL(elsewhere.url('/mirror'));
      options.headers.authorization = 'Basic mine';
    });
    t.is((await instance.get('Patient')).statusCode, 200);
    t.is(elsewhere.requests[0].headers.authorization, 'Basic mine');
  });

  test(`${library}: later hooks run once for each request that is sent`, async (t) => {
    const { server, client } = await startServers(t, () => null);
    const { interceptor } = await client();
    server.on('GET /fhir/Moved', { status: 307, headers: { location: '/fhir/Patient' } });
    server.on('GET /fhir/Patient', acceptOnly(SECOND));
    const sent = [];
    const instance = extend(got, server, interceptor, ({ url }) => {
      sent.push(url.pathname);
    });
    t.is((await instance.get('Moved')).statusCode, 200);
    t.deepEqual(sent, ['/fhir/Moved', '/fhir/Patient', '/fhir/Patient']);
    t.deepEqual(server.authorizations(), [FIRST, SECOND]);
    t.is(instance.defaults.options.hooks.beforeRequest.length, 2, 'the instance is as it was');
  });
}

function extend(got, server, interceptor, beforeRequest) {
  return got.extend(
    {
      prefixUrl: server.fhirBaseUrl,
      https: { certificateAuthority: caPem },
      retry: { limit: 0 },
      throwHttpErrors: false,
    },
    authorizationHooks(interceptor),
    { hooks: { beforeRequest: [beforeRequest] } },
  );
}
