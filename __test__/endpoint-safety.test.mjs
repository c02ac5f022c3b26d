import { randomUUID } from 'node:crypto';
import { Keystores } from '@org/smart-m2m';
import test from 'ava';
import { makeCertificates } from '../examples/embedded/certificates.mjs';
import { ecJwks } from './support/keys.mjs';
import { startProxy } from './support/proxy.mjs';
import { json } from './support/recording-server.mjs';
import { createInterceptor, openTokenEndpoint } from './support/token-endpoint.mjs';

// A server out there cannot name an address that only the client reaches. The servers are reached through a proxy,
// so that they can have names and addresses that are not this machine's.

const DOCUMENT = 'GET /fhir/.well-known/smart-configuration';
const FHIR_HOST = 'fhir.example.test';
const KEYSTORE = 'endpoint-safety';

let certificates;

test.before(async () => {
  const hostnames = [FHIR_HOST, 'localhost', 'sub.localhost', 'token.hospital.test'];
  const addresses = ['127.0.0.1', '::1', '10.1.2.3', '10.9.9.9', 'fd00::7', '203.0.113.5'];
  certificates = await makeCertificates({ hostnames, addresses });
  Keystores.register(KEYSTORE, { jwks: ecJwks() });
});

for (const [from, to] of [
  ['10.1.2.3', '10.9.9.9'],
  ['127.0.0.1', '10.9.9.9'],
  ['localhost', '127.0.0.1'],
  ['10.1.2.3', FHIR_HOST],
  [FHIR_HOST, '203.0.113.5'],
  // Where a name leads is for the DNS to say: behind a firewall it is a private address more often than not.
  [FHIR_HOST, 'token.hospital.test'],
]) {
  test(`a FHIR server at ${from} may name a token endpoint at ${to}`, async (t) => {
    const { server, create, port } = await open(t);
    server.on(DOCUMENT, json(200, { token_endpoint: `https://${to}:${port}/token` }));
    const interceptor = create({ fhirBaseUrl: `https://${from}:${port}/fhir` });
    t.regex(await interceptor.getAuthorizationHeader(), /^Bearer /);
  });
}

for (const [from, to] of [
  ['10.1.2.3', 'localhost'],
  ['10.1.2.3', '169.254.169.254'],
  ['10.1.2.3', '[::1]'],
]) {
  test(`a FHIR server at ${from} cannot name what is nearer to the client: ${to}`, async (t) => {
    const { server, create, port } = await open(t);
    server.on(DOCUMENT, json(200, { token_endpoint: `https://${to}:${port}/token` }));
    const interceptor = create({ fhirBaseUrl: `https://${from}:${port}/fhir` });
    await t.throwsAsync(interceptor.getAuthorizationHeader(), { code: 'ERR_ORIGIN_NOT_ALLOWED' });
    t.is(server.tokenRequests().length, 0);
  });
}

test("an address that allowedTokenEndpointOrigins names is the user's own word", async (t) => {
  const { server, create, port } = await open(t);
  server.on(DOCUMENT, json(200, { token_endpoint: `https://10.1.2.3:${port}/token` }));
  const allowedTokenEndpointOrigins = [`https://10.1.2.3:${port}`];
  t.regex(await create({ allowedTokenEndpointOrigins }).getAuthorizationHeader(), /^Bearer /);
});

test('an issuer elsewhere cannot name a private token endpoint either', async (t) => {
  const { server, create, port, tunnels } = await open(t);
  const issuer = `https://${FHIR_HOST}:${port}`;
  server.on(
    'GET /.well-known/oauth-authorization-server',
    json(200, { issuer, token_endpoint: `https://10.1.2.3:${port}/token` }),
  );
  const interceptor = create({ issuer });
  await t.throwsAsync(interceptor.getAuthorizationHeader(), { code: 'ERR_ORIGIN_NOT_ALLOWED' });
  t.deepEqual(tunnels(), [FHIR_HOST]);
});

for (const host of ['localhost', '127.0.0.1', '10.1.2.3', '[fd00::7]', '169.254.169.254']) {
  test(`the issuer that a smart-configuration names is not asked at a nearer address: ${host}`, async (t) => {
    const { server, create, port, tunnels } = await open(t);
    const token_endpoint = `https://${FHIR_HOST}:${port}/token`;
    server.on(DOCUMENT, json(200, { token_endpoint, issuer: `https://${host}:${port}/realm` }));
    const interceptor = create({ keystore: KEYSTORE, audience: 'issuer' });
    const error = await t.throwsAsync(interceptor.getAuthorizationHeader(), { code: 'ERR_DISCOVERY' });
    t.regex(error.message, /nearer than the FHIR server itself.*set issuer/);
    t.deepEqual(tunnels(), [FHIR_HOST]);
    t.is(server.tokenRequests().length, 0);
  });
}

/** A server that plays every host, behind a proxy that leads to it whatever is asked for. */
async function open(t) {
  const server = await openTokenEndpoint(t, { certificates });
  const port = Number(new URL(server.origin).port);
  const proxy = await startProxy({ leadsTo: port });
  t.teardown(proxy.close);
  const { clientSecret, ...common } = server.options;
  return {
    server,
    port,
    /** Hosts that tunnels were asked for, each once. */
    tunnels: () => [...new Set(proxy.tunnels.map(({ target }) => target.replace(/:\d+$/, '')))],
    create: ({ keystore, ...changes } = {}) =>
      createInterceptor(
        { options: common },
        {
          ...(keystore ? { keystore } : { clientSecret }),
          clientId: randomUUID(),
          fhirBaseUrl: `https://${FHIR_HOST}:${port}/fhir`,
          ...changes,
          http: { ...common.http, proxy: proxy.url },
        },
      ),
  };
}
