import { randomUUID } from 'node:crypto';
import { ClientAuthInterceptorFactory } from '@org/smart-m2m';
import test from 'ava';
import { makeCertificates } from '../examples/embedded/certificates.mjs';
import { MEMBERS, POINTERS } from './support/pointers.mjs';
import { startProxy } from './support/proxy.mjs';
import { json, startRecordingServer, tokenResponse } from './support/recording-server.mjs';

// The same as in destinations.test.mjs, by documents that chance has made: everything goes through a proxy, which
// writes down where to.

const REDIRECTS = [301, 302, 303, 307, 308];
const FHIR = 'fhir.example.test';
const TOKEN = 'token.example.test';
const EVIL = ['evil.example.test', 'fhir.example.test.evil.test', 'localhost', '127.0.0.1'];
const NEAR = ['localhost', '127.0.0.1', '10.0.0.1', '169.254.169.254', '[::1]', '[fd00::1]'];
const DOCUMENTS = 250;

test('whatever documents and answers say, only the server that is named and the endpoint of a good document are asked', async (t) => {
  const seed = 20_260_131;
  const chance = generator(seed);
  const pick = (values) => values[Math.floor(chance() * values.length)];
  const everywhere = [FHIR, TOKEN, ...EVIL, ...NEAR];
  const address = () =>
    `${pick(['https', 'https', 'http'])}://${pick(everywhere)}${pick(['', '/a', '/token'])}`;

  const hosts = [FHIR, TOKEN, ...EVIL.filter((host) => host !== '127.0.0.1')];
  const { caPem, ...tls } = await makeCertificates({ hostnames: hosts });
  let script;
  const server = await startRecordingServer({
    tls,
    handler: ({ method, url }) =>
      method === 'POST' ? script.token : (script.documents[url] ?? { status: 404 }),
  });
  t.teardown(server.close);
  const proxy = await startProxy({ leadsTo: Number(new URL(server.origin).port) });
  t.teardown(proxy.close);

  let tokens = 0;
  for (let number = 0; number < DOCUMENTS; number += 1) {
    const noise = Object.fromEntries(Object.entries(MEMBERS(address)).filter(() => chance() < 0.4));
    const endpoint = pick([
      `https://${TOKEN}/token`,
      `https://${TOKEN}/token`,
      `https://${FHIR}/token`,
      'token',
      address(),
      `https://${pick(NEAR)}/token`,
      `//${pick(everywhere)}/token`,
      '',
      7,
      null,
      ['https://evil.example.test/token'],
      `https://user:pass@${TOKEN}/token`,
      `https://${TOKEN}\\@evil.example.test/token`,
      `https://evil.example.test#@${TOKEN}/token`,
      ` https://${TOKEN}/token`,
      '\\\\evil.example.test/token',
      '/\\evil.example.test/token',
      '/\t/evil.example.test/token',
    ]);
    const redirect = {
      status: pick(REDIRECTS),
      headers: { location: pick([address(), '/near', 'near', '']) },
    };
    const good = json(200, { ...noise, token_endpoint: endpoint }, chance() < 0.3 ? POINTERS(address) : {});
    const base = `/${number}/fhir`;
    script = {
      documents: {
        [`${base}/.well-known/smart-configuration`]: pick([
          good,
          good,
          good,
          redirect,
          { status: 404 },
          { status: 500 },
        ]),
        [`${base}/metadata`]: pick([good, redirect]),
        '/near': pick([good, redirect]),
        [`${base}/.well-known/near`]: pick([good, redirect]),
      },
      token: pick([
        tokenResponse(noise, POINTERS(address)),
        tokenResponse(),
        redirect,
        json(401, { error: 'invalid_client', ...noise }, POINTERS(address)),
      ]),
    };
    const before = { tunnels: proxy.tunnels.length, requests: server.requests.length };
    const interceptor = ClientAuthInterceptorFactory.create({
      clientId: randomUUID(),
      clientSecret: 'test-secret',
      scope: null,
      fhirBaseUrl: `https://${FHIR}${base}`,
      // Its own connections, so that none from before hides where this client goes.
      http: { ca: caPem, proxy: proxy.url, userAgent: `destinations/${number}` },
      retry: { attempts: 1 },
    });
    const header = await interceptor.getAuthorizationHeader().catch(() => null);
    interceptor.close();
    if (header !== null) tokens += 1;

    const said = `seed ${seed}, document ${number}: ${JSON.stringify(endpoint)}`;
    const mayGetToken = allowedHost(endpoint);
    const targets = proxy.tunnels.slice(before.tunnels).map(({ target }) => target);
    for (const target of targets)
      t.true([`${FHIR}:443`, `${mayGetToken}:443`].includes(target), `${said}: ${target}`);
    for (const { method, headers, body } of server.requests.slice(before.requests)) {
      const hasCredentials = headers.authorization !== undefined || body !== '';
      if (method === 'POST') t.is(headers.host, mayGetToken, said);
      else t.false(hasCredentials, said);
      if (method === 'GET') t.is(headers.host, FHIR, said);
    }
  }
  // Both kinds are there, or the loop shows nothing.
  t.true(tokens > DOCUMENTS / 20 && tokens < DOCUMENTS, `${tokens}`);
});

/** What a person would say of a token_endpoint that a server at FHIR names: who may be asked, or nobody. */
function allowedHost(endpoint) {
  if (typeof endpoint !== 'string' || endpoint === '') return null;
  if (endpoint === 'token') return FHIR;
  const text = endpoint.startsWith('//') ? `https:${endpoint}` : endpoint;
  if (/[\s@#\\]/.test(text) || !text.startsWith('https://')) return null;
  const host = text.slice('https://'.length).split('/', 1)[0];
  return NEAR.includes(host) ? null : host;
}

/** Mulberry32: the same numbers for the same seed. */
function generator(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
