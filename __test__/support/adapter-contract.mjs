import { setTimeout as sleep } from 'node:timers/promises';
import { ClientAuthError } from '@org/smart-m2m';
import { acceptOnly, FIRST, hangingReply, SECOND, startServers } from './adapter-servers.mjs';
import { eventually } from './eventually.mjs';
import { json, text } from './recording-server.mjs';
import { collectWarnings } from './warnings.mjs';

/**
 * What every adapter does, whatever its library. A library that cannot do one of these is excused from it by the
 * title, and its own file shows what happens instead.
 *
 * @param {import('ava').TestFn} test
 * @param {object} adapter
 * @param {string} adapter.library named in the titles
 * @param {import('./adapter-servers.mjs').Connect} adapter.connect
 * @param {(error: any) => unknown} [adapter.reasonOf] where the library wraps what an adapter throws
 * @param {string[]} [adapter.excused]
 */
export function testAdapter(test, { library, connect, reasonOf = (error) => error, excused = [] }) {
  for (const title of excused) if (!(title in BEHAVIOURS)) throw new Error(`nobody promises: ${title}`);
  for (const [title, run] of Object.entries(BEHAVIOURS)) {
    if (excused.includes(title)) continue;
    test(`${library}: ${title}`, async (t) => run(t, { ...(await startServers(t, connect)), reasonOf }));
  }
}

/** @type {Record<string, (t: import('ava').ExecutionContext, servers: any) => Promise<void>>} */
const BEHAVIOURS = {
  async 'the first call gets a token and sends it'(t, { server, client }) {
    const { send } = await client();
    const { status, body } = await send();
    t.is(status, 200);
    t.true(body.includes('Bundle'), body);
    t.deepEqual(server.authorizations(), [FIRST]);
    t.is(server.tokenRequests().length, 1);
  },

  async 'later calls reuse the token'(t, { server, client }) {
    const { send } = await client();
    await send();
    await send({ method: 'POST', body: '{"resourceType":"Patient"}' });
    await send();
    t.deepEqual(server.authorizations(), [FIRST, FIRST, FIRST]);
    t.is(server.tokenRequests().length, 1);
  },

  async 'an expired token is replaced before the next call'(t, { server, client }) {
    // All of them: on a busy machine the first may end before it is used.
    server.on('POST /token', server.issue({ expires_in: 1 }));
    const { send, interceptor } = await client({ renewal: { background: false } });
    await send();
    await eventually(() => Date.now() > (interceptor.stats().expiresAt?.getTime() ?? 0));
    await send();
    const [first, second, ...more] = server.authorizations();
    t.regex(second, /^Bearer token-/);
    t.not(second, first);
    t.deepEqual(more, []);
  },

  async 'after a 401 the request is sent once more with a new token'(t, { server, client }) {
    server.on('GET /fhir/Patient', acceptOnly(SECOND));
    const { send, interceptor } = await client();
    const { status, body } = await send();
    t.is(status, 200);
    t.true(body.includes('Bundle'), body);
    t.deepEqual(server.authorizations(), [FIRST, SECOND]);
    t.is(interceptor.stats().invalidations, 1);
  },

  async 'a body that can be sent again is, as it was'(t, { server, client }) {
    server.on('POST /fhir/Patient', acceptOnly(SECOND));
    const { send } = await client();
    t.is((await send({ method: 'POST', body: '{"resourceType":"Patient"}' })).status, 200);
    const [first, second] = server.requestsTo('/fhir/Patient');
    t.deepEqual(JSON.parse(first.body), { resourceType: 'Patient' });
    t.is(second.body, first.body);
    t.is(second.headers['content-type'], first.headers['content-type']);
  },

  async 'a second 401 is returned as it is'(t, { server, client }) {
    server.on('GET /fhir/Patient', json(401, { resourceType: 'OperationOutcome' }));
    const { send, interceptor } = await client();
    const { status, body } = await send();
    t.is(status, 401);
    t.true(body.includes('OperationOutcome'), body);
    t.deepEqual(server.authorizations(), [FIRST, SECOND]);
    t.is(interceptor.stats().invalidations, 1, 'the second one is not fed back');
  },

  async 'where the server hands out the refused token again, the 401 is returned'(t, { server, client }) {
    server.on('POST /token', server.issue({ access_token: 'always-the-same' }));
    server.on('GET /fhir/Patient', json(401, { resourceType: 'OperationOutcome' }));
    const { send } = await client();
    const { status, body } = await send();
    t.is(status, 401);
    t.true(body.includes('OperationOutcome'), body);
    t.is(server.authorizations().length, 1);
  },

  async 'a 403 is never retried'(t, { server, client }) {
    server.on('GET /fhir/Patient', json(403, { resourceType: 'OperationOutcome' }));
    const { send, interceptor } = await client();
    t.is((await send()).status, 403);
    t.deepEqual(server.authorizations(), [FIRST]);
    t.is(interceptor.stats().invalidations, 0);
  },

  async 'many requests with one dead token lead to one new token'(t, { server, client }) {
    const { send, interceptor } = await client();
    await interceptor.getAuthorizationHeader();
    server.on('GET /fhir/Patient', acceptOnly(SECOND));
    // Different URLs: some libraries send one request for several equal ones.
    const urls = Array.from({ length: 20 }, (_, number) => `${server.patients}?_count=${number}`);
    for (const { status } of await Promise.all(urls.map((url) => send({ url })))) t.is(status, 200);
    t.is(server.tokenRequests().length, 2);
  },

  async 'a streamed body is sent once, and its 401 gets the next request a new token'(t, { server, client }) {
    server.on('POST /fhir/Patient', acceptOnly(SECOND));
    const { send } = await client();
    const { status, body } = await send({ method: 'POST', stream: 'streamed' });
    t.is(status, 401);
    t.true(body.includes('OperationOutcome'), body);
    t.deepEqual(
      server.requestsTo('/fhir/Patient').map((request) => request.body),
      ['streamed'],
    );
    t.is((await send({ method: 'POST', stream: 'again' })).status, 200);
    t.deepEqual(server.authorizations(), [FIRST, SECOND]);
  },

  async 'a signal ends the wait for a token, and nothing is sent'(t, { server, client }) {
    const gate = server.holdTokens();
    const { send, interceptor } = await client();
    const controller = new AbortController();
    const waiting = send({ signal: controller.signal });
    await gate.reached();
    controller.abort();
    const error = await t.throwsAsync(waiting, { any: true });
    t.false(error instanceof ClientAuthError);
    t.is(server.requestsTo('/fhir/Patient').length, 0);
    gate.open();
    t.is(await interceptor.getAuthorizationHeader(), 'Bearer held', 'the token request goes on for others');
    t.is(server.requestsTo('/fhir/Patient').length, 0);
  },

  async 'a signal ends the request'(t, { server, client }) {
    const hanging = hangingReply();
    server.on('GET /fhir/Patient', (request, response) => hanging.reply(request, response));
    const { send } = await client();
    const controller = new AbortController();
    const waiting = send({ signal: controller.signal });
    await hanging.asked;
    controller.abort();
    await t.throwsAsync(waiting, { any: true });
    await hanging.left;
    t.is(server.requestsTo('/fhir/Patient').length, 1);
  },

  async 'to another origin a request goes without the token, with one warning'(t, servers) {
    const { server, elsewhere, client } = servers;
    const warnings = collectWarnings(t, server.options.clientId);
    const { send } = await client();
    for (const path of ['/file/1?signature=abc', '/file/2']) {
      t.is((await send({ url: elsewhere.url(path) })).status, 200);
    }
    t.deepEqual(
      elsewhere.requests.map(({ headers }) => headers.authorization),
      [undefined, undefined],
    );
    t.is(server.tokenRequests().length, 0);
    t.deepEqual(
      warnings.map(({ code }) => code),
      ['TOKEN_WITHHELD'],
    );
  },

  async 'an allowed origin receives the token'(t, { elsewhere, client }) {
    const { send } = await client({ allowedOrigins: [elsewhere.origin] });
    await send({ url: elsewhere.url('/bulk/1') });
    t.is(elsewhere.requests[0].headers.authorization, FIRST);
  },

  async "the adapter's fhirBaseUrl stands in for the params' own"(t, { server, elsewhere, client }) {
    const { send } = await client({ fhirBaseUrl: undefined }, { fhirBaseUrl: server.fhirBaseUrl });
    await send();
    t.deepEqual(server.authorizations(), [FIRST]);
    await send({ url: elsewhere.url('/x') });
    t.is(elsewhere.requests[0].headers.authorization, undefined);
  },

  async 'where no origin is known nothing is sent'(t, { server, client, reasonOf }) {
    const { send } = await client({ fhirBaseUrl: undefined, tokenEndpoint: server.url('/token') });
    const error = reasonOf(await t.throwsAsync(send()));
    t.is(error.code, 'ERR_INVALID_CONFIG');
    t.regex(error.message, /where may the token go/);
    t.is(server.requests.length, 0);
  },

  async 'a redirect within the FHIR server keeps the token'(t, { server, client }) {
    server.on('GET /fhir/Moved', { status: 307, headers: { location: '/fhir/Patient' } });
    const { send } = await client();
    const { status, body } = await send({ url: server.url('/fhir/Moved') });
    t.is(status, 200);
    t.true(body.includes('Bundle'), body);
    t.deepEqual(server.authorizations(), [FIRST]);
  },

  async 'a redirect to another origin does not carry the token'(t, { server, elsewhere, client }) {
    const { send } = await client();
    for (const status of [302, 307]) {
      const location = elsewhere.url(`/binary/${status}`);
      server.on('GET /fhir/Binary/1', { status, headers: { location } });
      const answer = await send({ url: server.url('/fhir/Binary/1') });
      t.is(answer.status, 200);
      t.true(answer.body.includes('Elsewhere'), answer.body);
    }
    t.deepEqual(server.authorizations('/fhir/Binary/1'), [FIRST, FIRST]);
    t.is(elsewhere.requests.length, 2);
    for (const { headers } of elsewhere.requests) t.is(headers.authorization, undefined);
  },

  async 'a 401 of the server that a redirect led to says nothing about the token'(t, servers) {
    const { server, elsewhere, client } = servers;
    elsewhere.on('GET /binary', json(401, { resourceType: 'OperationOutcome' }));
    server.on('GET /fhir/Binary/1', { status: 307, headers: { location: elsewhere.url('/binary') } });
    const { send, interceptor } = await client();
    t.is((await send({ url: server.url('/fhir/Binary/1') })).status, 401);
    t.is(elsewhere.requests.length, 1);
    t.is(interceptor.stats().invalidations, 0);
    t.is(await interceptor.getAuthorizationHeader(), FIRST);
  },

  async "a relative URL is one of the library's own base"(t, { server, client }) {
    const { send } = await client();
    t.is((await send({ url: 'Patient?_count=3' })).status, 200);
    t.deepEqual(server.authorizations(), [FIRST]);
  },

  async 'an error of the token request comes out as it is'(t, { server, client, reasonOf }) {
    server.on('POST /token', json(401, { error: 'invalid_client' }));
    const { send } = await client();
    const error = reasonOf(await t.throwsAsync(send()));
    t.true(error instanceof ClientAuthError, String(error));
    t.is(error.code, 'ERR_TOKEN_REJECTED');
    t.is(error.oauth.error, 'invalid_client');
    t.is(server.requestsTo('/fhir/Patient').length, 0);
  },

  async 'when no new token can be had after a 401, the call fails with the reason'(t, servers) {
    const { server, client, reasonOf } = servers;
    server.on('GET /fhir/Patient', text(401, 'refused'));
    server.on('POST /token', [server.issue(), json(400, { error: 'invalid_client' })]);
    const { send } = await client();
    const error = reasonOf(await t.throwsAsync(send()));
    t.true(error instanceof ClientAuthError, String(error));
    t.is(error.code, 'ERR_TOKEN_REJECTED');
    t.is(server.authorizations().length, 1);
  },

  async 'a signal ends the wait for a new token after a 401'(t, { server, client }) {
    const { send, interceptor } = await client();
    await interceptor.getAuthorizationHeader();
    server.on('GET /fhir/Patient', acceptOnly(SECOND));
    const gate = server.holdTokens();
    const controller = new AbortController();
    const waiting = send({ signal: controller.signal });
    await gate.reached(2);
    controller.abort();
    await t.throwsAsync(waiting, { any: true });
    gate.open();
    await interceptor.getAuthorizationHeader();
    await sleep(0);
    t.deepEqual(server.authorizations(), [FIRST]);
  },
};
