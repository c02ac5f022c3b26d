import { randomUUID } from 'node:crypto';
import { BasicNameValuePair, ClientAuthInterceptorFactory, Keystores } from '@org/smart-m2m';
import test from 'ava';
import { makeCertificates } from '../examples/embedded/certificates.mjs';
import { ecJwks } from './support/keys.mjs';
import { startProxy } from './support/proxy.mjs';
import { json, startRecordingServer, tokenResponse } from './support/recording-server.mjs';
import { startTokenEndpoint } from './support/token-endpoint.mjs';
import { decodeAssertion, formPairs, formValue, headerPairs } from './support/wire.mjs';

const ASSERTION_PARAMETERS = ['grant_type', 'scope', 'client_assertion_type', 'client_assertion'];
const FLOWS = ['client secret', 'private key'];

let endpoint;
let keystore;
let paths = 0;

test.before(async () => {
  endpoint = await startTokenEndpoint();
  keystore = `key-${randomUUID()}`;
  Keystores.register(keystore, { jwks: ecJwks() });
});

test.after.always(() => endpoint?.close());

for (const flow of FLOWS) {
  test(`the header fields are those that strict servers compare, and no others: ${flow}`, async (t) => {
    const request = await requestOf(flow, { http: { userAgent: 'records-office/1.0' } });
    const pairs = headerPairs(request.rawHeaders);
    const names = ['accept', 'content-length', 'content-type', 'host', 'user-agent'];
    if (flow === 'client secret') names.unshift('authorization');
    t.deepEqual(pairs.map(([name]) => name).sort(), names.sort());
    const headers = Object.fromEntries(pairs);
    t.is(headers.accept, 'application/json');
    t.is(headers['content-type'], 'application/x-www-form-urlencoded');
    t.is(headers.host, new URL(endpoint.origin).host);
    t.is(headers['content-length'], String(Buffer.byteLength(request.body)));
    t.is(headers['user-agent'], 'records-office/1.0');
  });

  test(`additional parameters follow in order, repeated names included: ${flow}`, async (t) => {
    const request = await requestOf(flow, {
      additionalParameters: [
        new BasicNameValuePair('resource', 'https://example.org/fhir?a=b&c'),
        new BasicNameValuePair('audience', 'ä + 100%'),
        new BasicNameValuePair('resource', 'https://example.org/other'),
      ],
    });
    t.deepEqual(formPairs(request.body).slice(-3), [
      ['resource', 'https://example.org/fhir?a=b&c'],
      ['audience', 'ä + 100%'],
      ['resource', 'https://example.org/other'],
    ]);
    t.true(request.body.endsWith('&resource=https%3A%2F%2Fexample.org%2Fother'), request.body);
    t.true(request.body.includes('&audience=%C3%A4+%2B+100%25&'), request.body);
  });

  test(`every parameter of the protocol is sent once, in the body and nowhere else: ${flow}`, async (t) => {
    const request = await requestOf(flow);
    const expected = flow === 'private key' ? ASSERTION_PARAMETERS : ['grant_type', 'scope'];
    t.deepEqual(
      formPairs(request.body).map(([name]) => name),
      expected,
    );
    t.is(request.method, 'POST');
    t.regex(request.url, /^\/token\/\d+$/);
  });

  test(`scope null sends no scope parameter: ${flow}`, async (t) => {
    const { body } = await requestOf(flow, { scope: null });
    t.false(formPairs(body).some(([name]) => name === 'scope'));
  });
}

test('a query of the token endpoint is kept, and nothing is added to it', async (t) => {
  const path = `/token/with-query/${randomUUID()}`;
  endpoint.on(`POST ${path}`, tokenResponse());
  const tokenEndpoint = endpoint.url(`${path}?tenant=a&empty=&b=%2F`);
  await interceptorOf('private key', { tokenEndpoint }).getAuthorizationHeader();
  t.is(endpoint.requests.filter(({ url }) => url === `${path}?tenant=a&empty=&b=%2F`).length, 1);
});

for (const scope of [
  'system/*.*',
  'api://app/.default',
  'system/Observation.rs?category=http://terminology.hl7.org/CodeSystem/observation-category|laboratory',
  'system/Patient.rs?name=a%20b',
  'b a b',
]) {
  test(`a scope goes out as it was written, encoded once: ${scope}`, async (t) => {
    const { body } = await requestOf('client secret', { scope });
    t.is(formValue(body, 'scope'), scope);
  });
}

for (const clientId of ['https://client.example.org/id', 'MDAyM2xvY2F0aW9u+/==', 'id with "quotes" and ü']) {
  test(`a client id may have any form: ${clientId}`, async (t) => {
    const { body } = await requestOf('private key', { clientId });
    const { claims } = decodeAssertion(formValue(body, 'client_assertion'));
    t.is(claims.iss, clientId);
    t.is(claims.sub, clientId);
  });
}

for (const name of [
  'grant_type',
  'scope',
  'client_id',
  'client_secret',
  'client_assertion',
  'client_assertion_type',
]) {
  test(`an additional parameter cannot take the place of ${name}`, (t) => {
    const error = t.throws(() =>
      interceptorOf('client secret', { additionalParameters: [[name, 'a-value-of-their-own']] }),
    );
    t.is(error.code, 'ERR_INVALID_CONFIG');
    t.true(error.message.includes(name), error.message);
    t.false(error.message.includes('a-value-of-their-own'));
  });
}

/** What the server advertises, made for the port; `asked` is what has to reach the server. */
const ADVERTISED = [
  {
    spelling: 'upper-case scheme and host',
    endpointAt: (port) => `HTTPS://LOCALHOST:${port}/x`,
    asked: '/x',
  },
  {
    spelling: 'a path with ..',
    endpointAt: (port) => `https://localhost:${port}/a/../token`,
    asked: '/token',
  },
  {
    spelling: 'a percent-encoded path',
    endpointAt: (port) => `https://localhost:${port}/t%2fk%20en`,
    asked: '/t%2fk%20en',
  },
  {
    spelling: 'a query string',
    endpointAt: (port) => `https://localhost:${port}/token?tenant=a&b=%2f`,
    asked: '/token?tenant=a&b=%2f',
  },
  { spelling: 'no path', endpointAt: (port) => `https://localhost:${port}`, asked: '/' },
];
for (const { spelling, endpointAt, asked } of ADVERTISED) {
  for (const source of ['smart-configuration', 'the tokenEndpoint option']) {
    test(`aud is the token endpoint byte for byte: ${spelling}, from ${source}`, async (t) => {
      const server = await startTokenEndpoint();
      t.teardown(server.close);
      const tokenEndpoint = endpointAt(new URL(server.origin).port);
      server.on(`GET /fhir/.well-known/smart-configuration`, json(200, { token_endpoint: tokenEndpoint }));
      server.on(`POST ${asked}`, tokenResponse());
      const { clientSecret, ...options } = server.options;
      await ClientAuthInterceptorFactory.create({
        ...options,
        keystore,
        ...(source === 'smart-configuration' ? {} : { tokenEndpoint }),
      }).getAuthorizationHeader();

      const [request, ...more] = server.tokenRequests();
      t.is(more.length, 0);
      t.is(request.url, asked);
      t.is(decodeAssertion(formValue(request.body, 'client_assertion')).claims.aud, tokenEndpoint);
    });
  }
}

test('aud keeps a default port that is spelt out, and the case of scheme and host', async (t) => {
  const server = await startTokenEndpoint({ certificates: await makeCertificates({ hostnames: ['host'] }) });
  const proxy = await startProxy({ leadsTo: Number(new URL(server.origin).port) });
  t.teardown(server.close);
  t.teardown(proxy.close);
  const tokenEndpoint = 'HTTPS://Host:443/x';
  server.on('POST /x', tokenResponse());
  server.on('GET /fhir/.well-known/smart-configuration', json(200, { token_endpoint: tokenEndpoint }));
  const { clientSecret, ...options } = server.options;
  for (const way of [{ fhirBaseUrl: 'https://host/fhir' }, { tokenEndpoint }]) {
    const http = { ...options.http, proxy: proxy.url };
    await ClientAuthInterceptorFactory.create({
      ...options,
      keystore,
      http: { ...http, userAgent: JSON.stringify(way) }, // a token of its own for each way
      ...way,
    }).getAuthorizationHeader();
  }
  const requests = server.tokenRequests();
  t.is(requests.length, 2);
  for (const { body } of requests) {
    t.is(decodeAssertion(formValue(body, 'client_assertion')).claims.aud, 'HTTPS://Host:443/x');
  }
  for (const { target } of proxy.tunnels) t.is(target, 'host:443');
});

for (const flow of FLOWS) {
  for (const status of [301, 302, 303, 307, 308]) {
    test(`a ${status} of the token endpoint is not followed, and the error names where it led: ${flow}`, async (t) => {
      const [from, elsewhere] = await Promise.all([startTokenEndpoint(), startRecordingServer()]);
      t.teardown(from.close);
      t.teardown(elsewhere.close);
      from.on('POST /token', { status, headers: { location: `${elsewhere.origin}/token?secret=abc` } });
      const { clientSecret, ...rest } = from.options;
      const options = flow === 'private key' ? { ...rest, keystore } : from.options;
      const error = await t.throwsAsync(
        ClientAuthInterceptorFactory.create(options).getAuthorizationHeader(),
      );
      t.is(error.code, 'ERR_REDIRECT');
      t.is(error.status, status);
      t.false(error.transient);
      t.true(error.message.includes(new URL(elsewhere.origin).hostname), error.message);
      t.false(error.message.includes('secret=abc'), error.message);
      t.is(from.tokenRequests().length, 1);
      t.is(elsewhere.requests.length, 0);
    });
  }
}

test('a redirect to the same server is not followed either', async (t) => {
  const server = await startTokenEndpoint();
  t.teardown(server.close);
  server.on('POST /token', { status: 307, headers: { location: '/elsewhere' } });
  const error = await t.throwsAsync(
    ClientAuthInterceptorFactory.create(server.options).getAuthorizationHeader(),
  );
  t.is(error.code, 'ERR_REDIRECT');
  t.true(error.message.includes('localhost'), error.message);
  t.is(server.tokenRequests().length, 1);
});

function interceptorOf(flow, options) {
  const { clientSecret, ...others } = endpoint.options;
  const identity = flow === 'private key' ? { keystore } : { clientSecret };
  const http = { ...others.http, ...options.http };
  return ClientAuthInterceptorFactory.create({ ...others, ...identity, ...options, http });
}

/** The one token request that these options lead to; a path of its own tells it from those of other tests. */
async function requestOf(flow, options = {}) {
  paths += 1;
  const path = `/token/${paths}`;
  endpoint.on(`POST ${path}`, tokenResponse());
  await interceptorOf(flow, { ...options, tokenEndpoint: endpoint.url(path) }).getAuthorizationHeader();
  return endpoint.requests.find(({ url }) => url === path);
}
