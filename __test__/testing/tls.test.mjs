import { get } from 'node:https';
import test from 'ava';
import { interceptorFor, openSmartServer } from '../support/test-kit.mjs';

test("Node's TLS trusts the server by its CA, and not without it", async (t) => {
  const server = await openSmartServer(t, { tls: true });
  const url = `${server.fhirBaseUrl}/.well-known/smart-configuration`;
  t.is((await statusOf(url, { ca: server.ca })).status, 200);
  t.regex((await statusOf(url, {})).code, /UNABLE_TO_VERIFY|SELF_SIGNED/);
});

test('an interceptor trusts the server by its CA, and not without it', async (t) => {
  const server = await openSmartServer(t, { tls: true });
  const client = server.registerClient();
  t.regex(await interceptorFor(server, client).getAuthorizationHeader(), /^Bearer /);
  const stranger = interceptorFor(server, client, { http: { proxy: null } });
  t.is((await t.throwsAsync(stranger.getAuthorizationHeader())).code, 'ERR_TLS');
});

test('servers that run side by side are trusted by the CAs of all of them in one list', async (t) => {
  const servers = await Promise.all([1, 2, 3].map(() => openSmartServer(t, { tls: true })));
  const http = { proxy: null, ca: servers.map(({ ca }) => ca) };
  for (const server of servers) {
    t.regex(
      await interceptorFor(server, server.registerClient(), { http }).getAuthorizationHeader(),
      /^Bearer /,
    );
    const url = `${server.fhirBaseUrl}/metadata`;
    t.is((await statusOf(url, { ca: http.ca })).status, 200);
  }
});

for (const expired of ['ca', 'certificate']) {
  test(`an expired ${expired} is refused by Node and by an interceptor`, async (t) => {
    const server = await openSmartServer(t, { tls: { expired } });
    const { code } = await statusOf(`${server.fhirBaseUrl}/metadata`, { ca: server.ca });
    t.is(code, 'CERT_HAS_EXPIRED');
    const error = await t.throwsAsync(
      interceptorFor(server, server.registerClient()).getAuthorizationHeader(),
    );
    t.is(error.code, 'ERR_TLS');
    t.regex(error.message, /expired/);
  });
}

test('a certificate for another name is refused by Node and by an interceptor', async (t) => {
  const server = await openSmartServer(t, { tls: { hostnames: ['fhir.example.org'] } });
  const { code } = await statusOf(`${server.fhirBaseUrl}/metadata`, { ca: server.ca });
  t.is(code, 'ERR_TLS_CERT_ALTNAME_INVALID');
  const error = await t.throwsAsync(interceptorFor(server, server.registerClient()).getAuthorizationHeader());
  t.is(error.code, 'ERR_TLS');
});

test('a server can be had at an address instead of a name', async (t) => {
  const server = await openSmartServer(t, { tls: true, host: '127.0.0.1' });
  t.regex(server.origin, /^https:\/\/127\.0\.0\.1:\d+$/);
  t.is((await statusOf(`${server.fhirBaseUrl}/metadata`, { ca: server.ca })).status, 200);
});

/** @returns {Promise<{ status?: number, code?: string }>} */
function statusOf(url, { ca }) {
  return new Promise((resolve) => {
    get(url, { ca, agent: false }, (response) => {
      response.resume().on('end', () => resolve({ status: response.statusCode }));
    }).on('error', ({ code }) => resolve({ code }));
  });
}
