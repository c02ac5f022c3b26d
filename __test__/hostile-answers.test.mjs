import { lookup } from 'node:dns/promises';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { connect } from 'node:net';
import { Worker } from 'node:worker_threads';
import { ClientAuthInterceptorFactory } from '@org/smart-m2m';
import test from 'ava';
import { makeCertificates } from '../examples/embedded/certificates.mjs';
import { openLoopbackServer } from '../examples/embedded/loopback-server.mjs';
import { eventually } from './support/eventually.mjs';
import { openRawServer } from './support/raw-server.mjs';
import { startRecordingServer } from './support/recording-server.mjs';

// What a server, or something on the way, can do to whoever asks. Everything is bounded, with the same settings for
// discovery and token requests.

/** Both kinds of request. */
const ASKS = [
  (origin) => ({ fhirBaseUrl: `${origin}/fhir` }),
  (origin) => ({ tokenEndpoint: `${origin}/token` }),
];

test('a change of protocol is an answer of no use', async (t) => {
  const switching = 'HTTP/1.1 101 Switching Protocols\r\nupgrade: h2c\r\nconnection: upgrade\r\n\r\n';
  for (const options of ASKS) {
    const server = await openRawServer(t, [(socket) => socket.write(switching)]);
    const error = await t.throwsAsync(create(options(server.origin)).getAuthorizationHeader());
    t.like(error, { status: 101, transient: false });
  }
});

test('an answer that is there before the request does no harm', async (t) => {
  const premature = answerOf('{"access_token":"premature","token_type":"Bearer"}');
  const server = await openRawServer(t, [() => {}], { connected: (socket) => socket.write(premature) });
  const interceptor = create({ tokenEndpoint: `${server.origin}/token`, http: { timeoutMs: 500 } });
  const header = await interceptor.getAuthorizationHeader().catch(({ code }) => code);
  // Which of them is a race between two programs.
  t.true(['ERR_NETWORK', 'ERR_TIMEOUT', 'Bearer premature'].includes(header), header);
});

test('what follows an answer is not taken for the answer to the next request', async (t) => {
  const token = (name) => answerOf(`{"access_token":"${name}","token_type":"Bearer","expires_in":300}`);
  const server = await openRawServer(t, [
    (socket) => socket.write(token('first') + token('smuggled')),
    (socket) => socket.write(token('second')),
  ]);
  const interceptor = create({ tokenEndpoint: `${server.origin}/token` });
  t.is(await interceptor.getAuthorizationHeader(), 'Bearer first');
  interceptor.invalidate();
  t.is(await interceptor.getAuthorizationHeader(), 'Bearer second');
  t.is(server.connections(), 2);
});

test('what a server says on an idle connection is not taken for the answer to the next request', async (t) => {
  const token = (name) => answerOf(`{"access_token":"${name}","token_type":"Bearer","expires_in":300}`);
  let kept;
  const server = await openRawServer(t, [
    (socket) => {
      kept = socket;
      socket.write(token('first'));
    },
    (socket) => socket.write(token('second')),
  ]);
  const interceptor = create({ tokenEndpoint: `${server.origin}/token` });
  await interceptor.getAuthorizationHeader();
  kept.write('HTTP/1.1 408 Request Timeout\r\ncontent-length: 0\r\nconnection: close\r\n\r\n');
  await eventually(() => server.sockets.size === 0);
  interceptor.invalidate();
  t.is(await interceptor.getAuthorizationHeader(), 'Bearer second');
});

// ── connecting ──

test('a listener that accepts nothing is given up after http.connectTimeoutMs', async (t) => {
  const { port, fill } = await openFullListener(t);
  await fill();
  for (const options of ASKS) {
    const http = { connectTimeoutMs: 300 };
    const error = await t.throwsAsync(
      create({ ...options(`http://127.0.0.1:${port}`), http }).getAuthorizationHeader(),
    );
    // Linux drops what a full queue has no room for; other systems refuse it.
    if (process.platform === 'linux') t.is(error.code, 'ERR_TIMEOUT', error.message);
    else t.true(['ERR_TIMEOUT', 'ERR_NETWORK'].includes(error.code), error.message);
    t.true(error.transient);
  }
});

test('an IPv6 address in the URL is connected to, and the certificate is for it', async (t) => {
  const { caPem, ...tls } = await makeCertificates({ hostnames: [], addresses: ['::1'] });
  const server = await startRecordingServer({ tls, host: '::1' }).catch((error) => error);
  if (server.code === 'EADDRNOTAVAIL' || server.code === 'EAFNOSUPPORT') {
    // A machine without IPv6, as containers can be: then that is what the client says.
    const interceptor = create({ fhirBaseUrl: 'https://[::1]:9/fhir' });
    await t.throwsAsync(interceptor.getAuthorizationHeader(), { code: 'ERR_NETWORK' });
    return;
  }
  t.teardown(server.close);
  server.on('GET /fhir/.well-known/smart-configuration', { body: '{"token_endpoint":"token"}' });
  server.on('POST /fhir/token', { body: '{"access_token":"t","token_type":"Bearer"}' });
  const { port } = new URL(server.origin);
  for (const host of ['[::1]', '[0:0:0:0:0:0:0:1]']) {
    const fhirBaseUrl = `https://${host}:${port}/fhir`;
    const interceptor = create({ fhirBaseUrl, clientId: host, http: { ca: caPem } });
    t.is(await interceptor.getAuthorizationHeader(), 'Bearer t');
  }
  for (const { headers } of server.requests) t.is(headers.host, `[::1]:${port}`);
});

test('a name with several addresses leads to the one where somebody listens', async (t) => {
  const addresses = await lookup('localhost', { all: true });
  for (const { address } of addresses) {
    const { server, close } = await openLoopbackServer({ host: address });
    t.teardown(close);
    server.on('request', (_request, response) => response.end('{"access_token":"t","token_type":"Bearer"}'));
    const interceptor = create({ tokenEndpoint: `http://localhost:${server.address().port}/token` });
    t.is(await interceptor.getAuthorizationHeader(), 'Bearer t', address);
  }
  t.true(addresses.length > 0);
});

// ── User-Agent ──

const { version } = createRequire(import.meta.url)('../package.json');
for (const [kind, userAgent, expected] of [
  ["this package's name and version, by default", undefined, `smart-m2m/${version}`],
  ['http.userAgent', 'records-office/1.0 (nightly)', 'records-office/1.0 (nightly)'],
]) {
  test(`User-Agent is the same for discovery and token requests: ${kind}`, async (t) => {
    const server = await startRecordingServer();
    t.teardown(server.close);
    server.on('GET /fhir/.well-known/smart-configuration', { body: '{"token_endpoint":"token"}' });
    server.on('POST /fhir/token', { body: '{"access_token":"t","token_type":"Bearer"}' });
    const http = userAgent && { userAgent };
    await create({ fhirBaseUrl: server.url('/fhir'), http }).getAuthorizationHeader();
    t.deepEqual(
      server.requests.map(({ headers }) => headers['user-agent']),
      [expected, expected],
    );
  });
}

function create({ http, ...options }) {
  return ClientAuthInterceptorFactory.create({
    clientId: 'test-client',
    clientSecret: 'test-secret',
    scope: null,
    retry: { attempts: 1 },
    ...options,
    http: { proxy: null, ...http },
  });
}

function answerOf(body) {
  return `HTTP/1.1 200 OK\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
}

/** A port whose owner never accepts: a thread that sleeps. */
async function openFullListener(t) {
  const worker = new Worker(
    `
    const { parentPort } = require('node:worker_threads');
    const server = require('node:net').createServer().listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => {
      parentPort.postMessage(server.address().port);
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
    });`,
    { eval: true },
  );
  t.teardown(() => worker.terminate());
  const [port] = await once(worker, 'message');
  const sockets = [];
  t.teardown(() => {
    for (const socket of sockets) socket.destroy();
  });
  return {
    port,
    /** Takes the places in the queue: those that are left without are still connecting. */
    async fill() {
      for (let count = 0; count < 8; count += 1) {
        sockets.push(connect(port, '127.0.0.1').on('error', () => {}));
      }
      await eventually(() => sockets.some(({ connecting }) => !connecting));
      await new Promise((resolve) => setTimeout(resolve, 100));
    },
  };
}
