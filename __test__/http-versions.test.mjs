import { constants, sensitiveHeaders } from 'node:http2';
import { ClientAuthInterceptorFactory, Keystores } from '@org/smart-m2m';
import test from 'ava';
import { makeCertificates } from '../examples/embedded/certificates.mjs';
import { runNode } from './support/child.mjs';
import { makeClientAuthority } from './support/client-certificates.mjs';
import { eventually } from './support/eventually.mjs';
import { openHttp2Server } from './support/http2-server.mjs';
import { ecJwks } from './support/keys.mjs';
import { startProxy } from './support/proxy.mjs';
import { startRecordingServer } from './support/recording-server.mjs';
import { openRelay } from './support/relay.mjs';
import { createInterceptor, openTokenEndpoint } from './support/token-endpoint.mjs';
import { decodeAssertion, formPairs, formValue } from './support/wire.mjs';

const {
  NGHTTP2_CANCEL,
  NGHTTP2_ENHANCE_YOUR_CALM,
  NGHTTP2_INTERNAL_ERROR,
  NGHTTP2_NO_ERROR,
  NGHTTP2_REFUSED_STREAM,
} = constants;
const KEYSTORE = 'http-versions';
/** Every token dies at once, so that each call makes a request. */
const SPENT = { expires_in: 0 };

let certificates;

test.before(async () => {
  certificates = await makeCertificates();
  Keystores.register(KEYSTORE, { jwks: ecJwks() });
});

test('HTTP/2 is spoken with a server that offers it, for discovery and token requests', async (t) => {
  for (const allowHTTP1 of [true, false]) {
    const server = await openHttp2Server(t, { certificates, allowHTTP1 });
    t.is(await server.create().getAuthorizationHeader(), 'Bearer token-1');
    t.deepEqual(
      server.requests.map(({ version, method }) => `${version} ${method}`),
      ['2.0 GET', '2.0 POST'],
    );
    t.is(server.counts.connections, 1);
  }
});

test('HTTP/1.1 is spoken with a server that offers nothing else', async (t) => {
  const server = await openTokenEndpoint(t, { certificates });
  const versions = [];
  server.on('POST /token', (request, response, _body) => {
    versions.push(request.httpVersion);
    response.end('{"access_token":"t","token_type":"Bearer"}');
  });
  t.is(await createInterceptor(server).getAuthorizationHeader(), 'Bearer t');
  t.deepEqual(versions, ['1.1']);
});

test('over HTTP/2 the fields and the form are those of HTTP/1.1, and no others', async (t) => {
  const server = await openHttp2Server(t, { certificates });
  await server.create({ http: { userAgent: 'records-office/1.0' } }).getAuthorizationHeader();
  const [{ headers, body }] = server.tokenRequests();
  t.deepEqual(
    { ...headers },
    {
      ':method': 'POST',
      ':scheme': 'https',
      ':authority': new URL(server.origin).host,
      ':path': '/token',
      accept: 'application/json',
      authorization: `Basic ${Buffer.from('test-client:test-secret').toString('base64')}`,
      'content-type': 'application/x-www-form-urlencoded',
      'content-length': String(Buffer.byteLength(body)),
      'user-agent': 'records-office/1.0',
      // No compression table on the way, not even this connection's own, may keep it (RFC 7541 §7.1.3).
      [sensitiveHeaders]: ['authorization'],
    },
  );
  t.deepEqual(formPairs(body), [
    ['grant_type', 'client_credentials'],
    ['scope', 'system/*.read'],
  ]);
});

test('one HTTP/2 connection carries the requests of many clients at the same time', async (t) => {
  const server = await openHttp2Server(t, { certificates });
  await server.create().getAuthorizationHeader();
  let open;
  const opened = new Promise((resolve) => {
    open = resolve;
  });
  const clients = Array.from({ length: 40 }, (_, number) => server.create({ clientId: `client-${number}` }));
  server.replies.push(
    ...clients.map(() => async (_request, response) => {
      await opened;
      server.answer.token(response);
    }),
  );
  const headers = clients.map((client) => client.getAuthorizationHeader());
  await eventually(() => server.tokenRequests().length === 41);
  open();
  t.is(new Set(await Promise.all(headers)).size, 40);
  t.is(server.counts.connections, 1);
});

test('more requests than a server takes at a time wait for their turn', async (t) => {
  const server = await openHttp2Server(t, { certificates, settings: { maxConcurrentStreams: 2 } });
  await server.create().getAuthorizationHeader();
  let most = 0;
  let now = 0;
  server.replies.push(
    ...Array.from({ length: 20 }, () => async (_request, response) => {
      now += 1;
      most = Math.max(most, now);
      await new Promise((resolve) => setTimeout(resolve, 5));
      now -= 1;
      server.answer.token(response);
    }),
  );
  const clients = Array.from({ length: 20 }, (_, number) => server.create({ clientId: `client-${number}` }));
  await Promise.all(clients.map((client) => client.getAuthorizationHeader()));
  t.is(server.tokenRequests().length, 21);
  t.true(most <= 2, `${most}`);
});

for (const [kind, giveUp] of Object.entries({
  'refuses the stream': ({ stream }) => stream.close(NGHTTP2_REFUSED_STREAM),
  'goes away without having taken it': ({ stream }) => {
    stream.session.goaway(NGHTTP2_NO_ERROR, stream.id - 2);
  },
  'closes the connection': (_request, _response, sockets) => {
    for (const socket of sockets) socket.destroy();
  },
  'resets the connection': (_request, _response, sockets) => {
    for (const socket of sockets) socket.resetAndDestroy();
  },
})) {
  test(`a server that ${kind}, on a kept HTTP/2 connection, costs no attempt, and gets another assertion`, async (t) => {
    const server = await openHttp2Server(t, { certificates });
    const interceptor = withKey(server, { retry: { attempts: 1 } });
    const spent = (_request, response) => server.answer.token(response, SPENT);
    server.replies.push(spent, (request, response) => giveUp(request, response, server.sockets), spent);
    t.is(await interceptor.getAuthorizationHeader(), 'Bearer token-1');
    t.is(await interceptor.getAuthorizationHeader(), 'Bearer token-2');
    t.is(server.tokenRequests().length, 3);
    t.is(assertionIds(server).size, 3);
  });
}

for (const [kind, giveUp] of Object.entries({
  'a stream that is refused': ({ stream }) => stream.close(NGHTTP2_REFUSED_STREAM),
  'a stream that is reset': ({ stream }) => stream.close(NGHTTP2_ENHANCE_YOUR_CALM),
  'a connection that goes away in trouble': ({ stream }) =>
    stream.session.destroy(undefined, NGHTTP2_INTERNAL_ERROR),
})) {
  test(`nothing is sent again behind the settings' back after ${kind}`, async (t) => {
    const server = await openHttp2Server(t, { certificates });
    server.replies.push(giveUp, giveUp, giveUp, giveUp, giveUp, giveUp);
    const interceptor = withKey(server, { retry: { attempts: 2 } });
    const error = await t.throwsAsync(interceptor.getAuthorizationHeader(), { code: 'ERR_NETWORK' });
    t.true(error.transient);
    t.is(error.attempts, 2);
    // One of them may have met a connection from before: that one is no attempt.
    t.true([2, 3].includes(server.tokenRequests().length), `${server.tokenRequests().length}`);
    t.is(assertionIds(server).size, server.tokenRequests().length, 'each has an assertion of its own');
  });
}

test('a server that goes away in peace is followed by a new connection', async (t) => {
  const server = await openHttp2Server(t, { certificates });
  const interceptor = server.create();
  await interceptor.getAuthorizationHeader();
  server.sessions[0].close();
  interceptor.invalidate();
  t.is(await interceptor.getAuthorizationHeader(), 'Bearer token-2');
  t.is(server.sessions.length, 2);
  t.is(server.tokenRequests().length, 2);
});

test('a kept HTTP/2 connection that has gone silent is left for a new one', leavesSilence, openHttp2Server);
test(
  'a kept HTTP/1.1 connection that has gone silent is left for a new one',
  leavesSilence,
  openTokenEndpoint,
);

test('an HTTP/2 request that runs out of time is given up, and tried again over another connection', async (t) => {
  const server = await openHttp2Server(t, { certificates });
  const closed = [];
  const hang = ({ stream }) => stream.once('close', () => closed.push(stream.rstCode));
  server.replies.push(hang, hang);
  const interceptor = server.create({ http: { timeoutMs: 3000 }, retry: { attempts: 2 } });
  const error = await t.throwsAsync(interceptor.getAuthorizationHeader(), { code: 'ERR_TIMEOUT' });
  t.regex(error.message, /no complete answer within 3000 ms/);
  await eventually(() => closed.length === 2);
  t.deepEqual(closed, [NGHTTP2_CANCEL, NGHTTP2_CANCEL]);
  const [first, second] = server.tokenRequests().map(({ port }) => port);
  t.not(first, second);
  await eventually(() => server.sockets.size === 0);
  t.regex(await interceptor.getAuthorizationHeader(), /^Bearer /);
});

test('a request that is given up takes none of those with it that share its HTTP/2 connection', async (t) => {
  const server = await openHttp2Server(t, { certificates });
  await server.create().getAuthorizationHeader();
  let answerLate;
  server.replies.push(
    () => {},
    (_request, response) => {
      answerLate = () => server.answer.token(response);
    },
  );
  const http = { timeoutMs: 30_000 };
  const create = (clientId, deadlineMs) =>
    server.create({ clientId, http, retry: { attempts: 1, ...(deadlineMs && { deadlineMs }) } });
  const lost = t.throwsAsync(create('lost', 1000).getAuthorizationHeader(), { code: 'ERR_TIMEOUT' });
  await eventually(() => server.tokenRequests().length === 2);
  const waiting = create('patient').getAuthorizationHeader();
  await eventually(() => server.tokenRequests().length === 3);
  await lost;
  answerLate();
  t.regex(await waiting, /^Bearer /);
  t.is(server.counts.connections, 1);
});

// Long enough for pings to be answered by a process that has much else to do.
test('http.timeoutMs is the whole of a request over HTTP/2: a body that does not end', async (t) => {
  const server = await openHttp2Server(t, { certificates });
  server.replies.push(({ stream }) => {
    stream.respond({ ':status': 200 });
    const timer = setInterval(() => stream.write(' '), 20);
    stream.once('close', () => clearInterval(timer));
  });
  const interceptor = server.create({ http: { timeoutMs: 3000 }, retry: { attempts: 1 } });
  await t.throwsAsync(interceptor.getAuthorizationHeader(), { code: 'ERR_TIMEOUT' });
});

for (const announced of [true, false]) {
  test(`http.maxResponseBytes bounds a body over HTTP/2, its length ${announced ? '' : 'not '}announced`, async (t) => {
    const server = await openHttp2Server(t, { certificates });
    let sent = 0;
    server.replies.push(({ stream }) => {
      stream.respond({ ':status': 200, ...(announced && { 'content-length': 1 << 30 }) });
      const write = () => {
        while (!stream.destroyed && stream.write(Buffer.alloc(16_384))) sent += 16_384;
      };
      stream.on('drain', write);
      write();
    });
    const interceptor = server.create({ http: { maxResponseBytes: 4096 } });
    const error = await t.throwsAsync(interceptor.getAuthorizationHeader(), { code: 'ERR_TOKEN_RESPONSE' });
    t.regex(error.message, /4096 bytes/);
    // What is under way in windows and buffers, and no more than that.
    t.true(sent < 64 << 20, `${sent}`);
    t.is(server.tokenRequests().length, 1);
  });
}

for (const [kind, headers] of Object.entries({
  'a header field of 200 KiB': { 'x-long': 'x'.repeat(200 << 10) },
  'thousands of header fields': Object.fromEntries(
    Array.from({ length: 4000 }, (_, number) => [`x-${number}`, 'some value']),
  ),
})) {
  test(`${kind} over HTTP/2 ends the request, and not the process`, async (t) => {
    const server = await openHttp2Server(t, { certificates, settings: { maxHeaderListSize: 1 << 24 } });
    const reply = ({ stream }) => {
      stream.on('error', () => {});
      stream.respond({ ':status': 200, ...headers });
      stream.end('{"access_token":"t","token_type":"Bearer"}');
    };
    server.replies.push(reply, reply, reply);
    const interceptor = server.create({ retry: { attempts: 1 } });
    await t.throwsAsync(interceptor.getAuthorizationHeader(), { code: 'ERR_NETWORK' });
  });
}

test('a redirect over HTTP/2 is not followed', async (t) => {
  const server = await openHttp2Server(t, { certificates });
  const elsewhere = await startRecordingServer();
  t.teardown(elsewhere.close);
  server.replies.push((_request, response) =>
    response.writeHead(307, { location: `${elsewhere.origin}/token` }).end(),
  );
  await t.throwsAsync(server.create().getAuthorizationHeader(), { code: 'ERR_REDIRECT' });
  t.is(server.tokenRequests().length, 1);
  t.is(elsewhere.requests.length, 0);
});

test('an HTTP/2 connection ends when the last interceptor that used it is closed', async (t) => {
  const server = await openHttp2Server(t, { certificates });
  const http = { userAgent: 'http-versions-closing' };
  const [first, second] = ['first', 'second'].map((clientId) => server.create({ clientId, http }));
  await first.getAuthorizationHeader();
  await second.getAuthorizationHeader();
  t.is(server.sockets.size, 1);
  first.close();
  second.invalidate();
  await second.getAuthorizationHeader();
  t.is(server.counts.connections, 1);
  second.close();
  await eventually(() => server.sockets.size === 0);
});

test('an idle HTTP/2 connection does not keep the process alive', async (t) => {
  const server = await openHttp2Server(t, { certificates });
  const script = `
    import { ClientAuthInterceptorFactory } from '@org/smart-m2m';
    const { ca, origin } = JSON.parse(process.argv[1]);
    const interceptor = ClientAuthInterceptorFactory.create({
      clientId: 'c', clientSecret: 's', scope: null, fhirBaseUrl: origin + '/fhir', http: { ca, proxy: null },
    });
    console.log(await interceptor.getAuthorizationHeader());`;
  const args = [JSON.stringify({ ca: certificates.caPem, origin: server.origin })];
  const result = await runNode(script, { evaluate: true, args });
  t.deepEqual(result, { code: 0, signal: null, stdout: 'Bearer token-1\n', stderr: '' });
});

test('a client certificate is shown to an HTTP/2 server, and one without is turned away', async (t) => {
  const authority = await makeClientAuthority();
  const { pem } = await authority.issue('http-versions');
  const server = await openHttp2Server(t, { certificates, clientCa: authority.caPem });
  const certified = server.create({ http: { clientCertificate: { pem } } });
  t.is(await certified.getAuthorizationHeader(), 'Bearer token-1');
  t.deepEqual(
    server.requests.map(({ version }) => version),
    ['2.0', '2.0'],
  );
  const error = await t.throwsAsync(server.create({ retry: { attempts: 1 } }).getAuthorizationHeader());
  t.is(error.code, 'ERR_TLS', error.message);
  t.regex(error.message, /http\.clientCertificate/);
});

test('HTTP/2 goes through the tunnel of a proxy', async (t) => {
  const server = await openHttp2Server(t, { certificates });
  const proxy = await startProxy();
  t.teardown(proxy.close);
  await server.create({ http: { proxy: proxy.url } }).getAuthorizationHeader();
  t.is(proxy.tunnels.length, 1);
  t.deepEqual(
    server.requests.map(({ version }) => version),
    ['2.0', '2.0'],
  );
});

async function leavesSilence(t, open) {
  const server = await open(t, { certificates });
  const relay = await openRelay(t, Number(new URL(server.origin).port));
  const interceptor = ClientAuthInterceptorFactory.create({
    clientId: 'test-client',
    clientSecret: 'test-secret',
    scope: null,
    tokenEndpoint: `https://localhost:${relay.port}/token`,
    http: { ca: certificates.caPem, proxy: null, timeoutMs: 3000 },
    retry: { attempts: 2 },
  });
  await interceptor.getAuthorizationHeader();
  relay.silence();
  interceptor.invalidate();
  t.regex(await interceptor.getAuthorizationHeader(), /^Bearer /);
  t.is(relay.connections(), 2);
  t.is(server.tokenRequests().length, 2);
}

function withKey(server, changes) {
  return server.create({ keystore: KEYSTORE, ...changes });
}

function assertionIds(server) {
  const assertions = server.tokenRequests().map(({ body }) => formValue(body, 'client_assertion'));
  return new Set(assertions.map((assertion) => decodeAssertion(assertion).claims.jti));
}
