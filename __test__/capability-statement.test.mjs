import { ClientAuthInterceptorFactory } from '@org/smart-m2m';
import test from 'ava';
import { makeCertificates } from '../examples/embedded/certificates.mjs';
import { json, text } from './support/recording-server.mjs';
import { openTokenEndpoint } from './support/token-endpoint.mjs';
import { headerPairs } from './support/wire.mjs';

const OAUTH_URIS = 'http://fhir-registry.smarthealthit.org/StructureDefinition/oauth-uris';
const SMART = '/fhir/.well-known/smart-configuration';
const METADATA = '/fhir/metadata';

let certificates;

test.before(async () => {
  certificates = await makeCertificates();
});

test('a FHIR server without a smart-configuration is asked for its CapabilityStatement', async (t) => {
  const server = await start(t);
  server.on(`GET ${SMART}`, text(404, 'not here'));
  server.on(`GET ${METADATA}`, fhir(statement([oauthUris(server.url('/token'))])));
  t.regex(await create(server).getAuthorizationHeader(), /^Bearer /);
  t.deepEqual(server.discoveryRequests(), [SMART, METADATA]);
  const headers = Object.fromEntries(headerPairs(server.requests[1].rawHeaders));
  t.is(headers.accept, 'application/fhir+json');
  t.is(headers.authorization, undefined);
});

for (const [kind, reply] of [
  ['names no token endpoint', json(200, {})],
  ['is no JSON', text(200, 'nothing')],
  ['is forbidden', text(403, 'no')],
  ['is away', text(503, 'later')],
]) {
  test(`by default a smart-configuration that ${kind} is not replaced by the CapabilityStatement`, async (t) => {
    const server = await start(t);
    server.on(`GET ${SMART}`, reply);
    server.on(`GET ${METADATA}`, fhir(statement([oauthUris(server.url('/token'))])));
    await failure(t, create(server, { retry: { attempts: 1 } }));
    t.deepEqual(server.discoveryRequests(), [SMART]);
  });
}

test('in an order of the settings the next document also replaces one that is of no use', async (t) => {
  const server = await start(t);
  server.on(`GET ${SMART}`, json(200, {}));
  server.on(`GET ${METADATA}`, fhir(statement([oauthUris(server.url('/token'))])));
  const order = ['smart-configuration', 'capability-statement'];
  t.regex(await create(server, { discovery: { order } }).getAuthorizationHeader(), /^Bearer /);
});

test('no document replaces one that may come back with another endpoint', async (t) => {
  const server = await start(t);
  server.on(`GET ${SMART}`, text(503, 'later'));
  const order = ['smart-configuration', 'capability-statement'];
  const error = await failure(t, create(server, { discovery: { order }, retry: { attempts: 1 } }));
  t.true(error.transient);
  t.deepEqual(server.discoveryRequests(), [SMART]);
});

test('the order of the settings is kept, and what it leaves out is not asked for', async (t) => {
  const server = await start(t);
  server.on(`GET ${METADATA}`, fhir(statement([oauthUris(server.url('/token'))])));
  const both = { order: ['capability-statement', 'smart-configuration'] };
  await create(server, { discovery: both }).getAuthorizationHeader();
  t.deepEqual(server.discoveryRequests(), [METADATA]);

  const other = await start(t);
  other.on(`GET ${SMART}`, text(404, 'not here'));
  const error = await failure(t, create(other, { discovery: { order: ['smart-configuration'] } }));
  t.is(error.status, 404);
  t.deepEqual(other.discoveryRequests(), [SMART]);
});

for (const [kind, reply, pattern] of [
  ['without oauth-uris', (body) => fhir({ ...body, rest: [{ mode: 'server' }] }), /oauth-uris/],
  ['that is XML', () => ({ body: '<CapabilityStatement xmlns="http://hl7.org/fhir"/>' }), /XML/],
  [
    'that is an OperationOutcome',
    () => fhir({ resourceType: 'OperationOutcome' }),
    /CapabilityStatement, got OperationOutcome/,
  ],
  [
    'of more than a megabyte',
    (body) => fhir({ ...body, padding: 'x'.repeat(1_100_000) }),
    /1048576 bytes; raise http\.maxResponseBytes/,
  ],
]) {
  test(`a CapabilityStatement ${kind} is an error that names both documents`, async (t) => {
    const server = await start(t);
    server.on(`GET ${SMART}`, text(404, 'not here'));
    server.on(`GET ${METADATA}`, reply(statement([oauthUris(server.url('/token'))])));
    const error = await failure(t, create(server));
    t.regex(error.message, pattern);
    t.true(error.message.includes(`${server.url(SMART)} (HTTP 404)`), error.message);
    t.true(error.message.includes(server.url(METADATA)), error.message);
    t.regex(error.message, /check fhirBaseUrl, or set tokenEndpoint/);
    t.is(error.status, 404);
    t.is(error.url, server.url(SMART));
    t.false(error.transient);
    t.deepEqual(server.tokenRequests(), []);
  });
}

test('a CapabilityStatement of several megabytes is read where the settings allow it', async (t) => {
  const server = await start(t);
  const body = { ...statement([oauthUris(server.url('/token'))]), padding: 'x'.repeat(3_000_000) };
  server.on(`GET ${SMART}`, text(404, 'not here'));
  server.on(`GET ${METADATA}`, fhir(body));
  const http = { maxResponseBytes: 4 * 1024 * 1024 };
  t.regex(await create(server, { http }).getAuthorizationHeader(), /^Bearer /);
});

test('a CapabilityStatement that is away makes an error that may pass', async (t) => {
  const server = await start(t);
  server.on(`GET ${SMART}`, text(404, 'not here'));
  server.on(`GET ${METADATA}`, text(503, 'later'));
  const error = await failure(t, create(server, { retry: { attempts: 1 } }));
  t.true(error.transient);
});

test('a token endpoint in clear text, off this machine, gets nothing from a CapabilityStatement either', async (t) => {
  const server = await start(t);
  server.on(`GET ${SMART}`, text(404, 'not here'));
  server.on(`GET ${METADATA}`, fhir(statement([oauthUris('http://token.example.org/token')])));
  await t.throwsAsync(create(server).getAuthorizationHeader(), { code: 'ERR_INSECURE_URL' });
});

function start(t) {
  return openTokenEndpoint(t, { certificates });
}

function create(server, options = {}) {
  const http = { ...server.options.http, ...options.http };
  return ClientAuthInterceptorFactory.create({ ...server.options, ...options, http });
}

async function failure(t, interceptor) {
  const error = await t.throwsAsync(interceptor.getAuthorizationHeader());
  t.is(error.code, 'ERR_DISCOVERY', error.message);
  return error;
}

function fhir(body) {
  return json(200, body, { 'content-type': 'application/fhir+json' });
}

function statement(extension) {
  return {
    resourceType: 'CapabilityStatement',
    status: 'active',
    fhirVersion: '4.0.1',
    rest: [{ mode: 'server', security: { cors: true, extension } }],
  };
}

function oauthUris(token) {
  return {
    url: OAUTH_URIS,
    extension: [
      { url: 'authorize', valueUri: 'https://auth.example.org/authorize' },
      { url: 'token', valueUri: token },
    ],
  };
}
