import { authorizationInterceptor } from '@org/smart-m2m/undici';
import test from 'ava';
import * as undici7 from 'undici';
import { acceptOnly, caPem, FIRST, SECOND, startServers } from '../support/adapter-servers.mjs';
import { nodeIsAtLeast } from '../support/node-version.mjs';
import { json, text } from '../support/recording-server.mjs';

// Beside undici's own interceptors and dispatchers, which have ways of their own to hand on a response.

const VERSIONS = { 'undici 7': undici7 };
if (nodeIsAtLeast(22, 19)) VERSIONS['undici 8'] = await import('undici-8');

for (const [library, undici] of Object.entries(VERSIONS)) {
  test(`${library}: a HEAD, whose answer ends with its headers, is sent again after a 401`, async (t) => {
    const { server, client } = await startServers(t, () => null);
    const { interceptor } = await client();
    server.on('HEAD /fhir/Patient', acceptOnly(SECOND));
    const dispatcher = composed(t, undici, interceptor);
    const head = () => undici.request(server.patients, { dispatcher, method: 'HEAD' });
    t.is((await head()).statusCode, 200);
    t.is((await head()).statusCode, 200, 'the connection can still be used');
    t.deepEqual(server.authorizations(), [FIRST, SECOND, SECOND]);
  });

  test(`${library}: a HEAD whose 401 stands is answered with it`, async (t) => {
    const { server, client } = await startServers(t, () => null);
    server.on('POST /token', server.issue({ access_token: 'always-the-same' }));
    server.on('HEAD /fhir/Patient', json(401, {}));
    const { interceptor } = await client();
    const dispatcher = composed(t, undici, interceptor);
    const { statusCode, body } = await undici.request(server.patients, { dispatcher, method: 'HEAD' });
    t.is(statusCode, 401);
    t.is(await body.text(), '');
  });

  test(`${library}: undici's own retries get to see a 503, and a 401 behind it`, async (t) => {
    const { server, client } = await startServers(t, () => null);
    const { interceptor } = await client();
    server.on('GET /fhir/Patient', [text(503, 'down'), json(401, {}), json(200, { resourceType: 'Bundle' })]);
    const retry = undici.interceptors.retry({ minTimeout: 1, maxTimeout: 1 });
    const dispatcher = composed(t, undici, interceptor, retry);
    const { statusCode, body } = await undici.request(server.patients, { dispatcher });
    t.is(statusCode, 200);
    t.deepEqual(await body.json(), { resourceType: 'Bundle' });
    t.deepEqual(server.authorizations(), [FIRST, FIRST, SECOND]);
  });

  test(`${library}: what undici's responseError makes of an answer is what the call rejects with`, async (t) => {
    const { server, client } = await startServers(t, () => null);
    const { interceptor } = await client();
    server.on('GET /fhir/Patient', json(403, { resourceType: 'OperationOutcome' }));
    const dispatcher = composed(t, undici, interceptor, undici.interceptors.responseError());
    const error = await t.throwsAsync(undici.request(server.patients, { dispatcher }));
    t.is(error.statusCode, 403);
  });

  test(`${library}: a MockAgent, which does not wait when it is asked to, is tried again as well`, async (t) => {
    const { server, client } = await startServers(t, () => null);
    const { interceptor } = await client();
    const agent = new undici.MockAgent();
    t.teardown(() => agent.close());
    agent.disableNetConnect();
    const pool = agent.get(server.origin);
    const answered = (status, body) => pool.intercept({ path: '/fhir/Patient' }).reply(status, body);
    const dispatcher = agent.compose(authorizationInterceptor(interceptor));
    answered(401, 'refused');
    answered(200, 'accepted');
    const retried = await undici.request(server.patients, { dispatcher });
    t.is(retried.statusCode, 200);
    t.is(await retried.body.text(), 'accepted');
    // Refused right away, so that there is no further token for a while.
    answered(401, 'refused again');
    answered(401, 'and again');
    const refused = await undici.request(server.patients, { dispatcher });
    t.is(refused.statusCode, 401);
    t.regex(await refused.body.text(), /again$/);
  });
}

function composed(t, { Agent }, interceptor, ...further) {
  const agent = new Agent({ connect: { ca: caPem } });
  t.teardown(() => agent.destroy());
  return agent.compose(authorizationInterceptor(interceptor), ...further);
}
