import { lookup } from 'node:dns/promises';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { connect } from 'node:net';
import { Worker } from 'node:worker_threads';
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { ClientAuthInterceptorFactory } from '@org/smart-m2m';
import test from 'ava';
import { makeCertificates } from '../examples/embedded/certificates.mjs';
import { openLoopbackServer } from '../examples/embedded/loopback-server.mjs';
import { eventually } from './support/eventually.mjs';
import { drip, openRawServer, pour } from './support/raw-server.mjs';
import { startRecordingServer } from './support/recording-server.mjs';

// What a server, or something on the way, can do to whoever asks. Everything is bounded, with the same settings for
// discovery and token requests.

const MIB = 1 << 20;
const LIMIT = 64 << 10;

/** Both kinds of request, and the code of an answer that was read and is of no use. */
const ASKS = {
  'a discovery document': {
    options: (origin) => ({ fhirBaseUrl: `${origin}/fhir` }),
    unusable: 'ERR_DISCOVERY',
  },
  'a token request': {
    options: (origin) => ({ tokenEndpoint: `${origin}/token` }),
    unusable: 'ERR_TOKEN_RESPONSE',
  },
};

const COMPRESSED = {
  gzip: gzipSync(Buffer.alloc(256 * MIB)).subarray(0, LIMIT - 1),
  br: brotliCompressSync(Buffer.alloc(64 * MIB)),
  deflate: deflateSync(Buffer.alloc(32 * MIB)),
};

test('a compressed bomb is an error, and never decompressed', async (t) => {
  for (const [coding, body] of Object.entries(COMPRESSED)) {
    t.true(body.length < LIMIT);
    const answer = (socket) =>
      socket.write(Buffer.concat([head(body.length, `content-encoding: ${coding}`), body]));
    for (const ask of Object.values(ASKS)) {
      const server = await openRawServer(t, [answer]);
      const error = await failure(t, server, ask, ask.unusable);
      t.regex(error.message, /the body is compressed, although that was not asked for/);
      t.notRegex(server.requests[0], /^accept-encoding:/im);
    }
  }
});

const TOO_LARGE = {
  'whose announced length is over the limit': (socket) => socket.write(head(LIMIT + 1)),
  'whose announced length is absurd': (socket) => socket.write(head('9007199254740993')),
  'that has no announced length and no end': (socket) => {
    socket.write('HTTP/1.1 200 OK\r\n\r\n');
    pour(socket, Buffer.alloc(16_384, ' '));
  },
  'in chunks without end': (socket) => {
    socket.write('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n');
    pour(socket, `1000\r\n${' '.repeat(4096)}\r\n`);
  },
  'that is compressed, and over the limit as it is': (socket) => {
    socket.write('HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\n\r\n');
    pour(socket, gzipSync(Buffer.from('no matter what')));
  },
};
test('a body over http.maxResponseBytes is given up with its connection', async (t) => {
  for (const [kind, answer] of Object.entries(TOO_LARGE)) {
    for (const ask of Object.values(ASKS)) {
      const server = await openRawServer(t, [answer]);
      const error = await failure(t, server, ask, ask.unusable);
      t.true(error.message.includes(`larger than ${LIMIT} bytes`), `${kind}: ${error.message}`);
      t.false(error.transient);
      await eventually(() => server.sockets.size === 0);
    }
  }
});

const BROKEN = {
  'a status line without end': (socket) => {
    socket.write('HTTP/1.1 200 ');
    pour(socket, 'x'.repeat(4096));
  },
  'header fields without end': (socket) => {
    socket.write('HTTP/1.1 200 OK\r\n');
    pour(socket, 'x-field: value\r\n');
  },
  'a header field without end': (socket) => {
    socket.write('HTTP/1.1 200 OK\r\nx-field: ');
    pour(socket, 'x'.repeat(4096));
  },
  'a chunk extension without end': (socket) => {
    socket.write('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1;');
    pour(socket, 'x'.repeat(4096));
  },
  'trailers without end': (socket) => {
    socket.write('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n');
    pour(socket, 'x-field: value\r\n');
  },
  'no answer, but an end': (socket) => socket.end(),
  'a reset': (socket) => socket.resetAndDestroy(),
  'half of the announced body': (socket) => socket.end(`${head(100)}{"token_endpoint":`),
  'a chunk that ends early': (socket) =>
    socket.end('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nff\r\n{}'),
  'something else than HTTP': (socket) => socket.end('220 mail.example.test ESMTP\r\n'),
  'HTTP/0.9': (socket) => socket.end('{"token_endpoint":"/token","access_token":"t"}'),
  'a length that is no number': (socket) => socket.end(`${head('-1')}{}`),
  'two lengths that differ': (socket) => socket.end(`${head(2, 'content-length: 3')}{} `),
  'a status that is none': (socket) => socket.end('HTTP/1.1 0 OK\r\n\r\n'),
  'a header field with a NUL': (socket) => socket.end(`${head(2, 'x-field: a\0b')}{}`),
};
for (const [kind, answer] of Object.entries(BROKEN)) {
  test(`${kind} in place of an answer is an error of the network`, async (t) => {
    for (const ask of Object.values(ASKS)) {
      const server = await openRawServer(t, [answer]);
      const error = await failure(t, server, ask, 'ERR_NETWORK');
      t.true(error.transient);
      t.true(error.message.includes(server.origin), error.message);
      t.is(server.requests.length, 1);
    }
  });
}

test('a change of protocol is an answer of no use', async (t) => {
  const switching = 'HTTP/1.1 101 Switching Protocols\r\nupgrade: h2c\r\nconnection: upgrade\r\n\r\n';
  for (const { options } of Object.values(ASKS)) {
    const server = await openRawServer(t, [(socket) => socket.write(switching)]);
    const error = await t.throwsAsync(create(options(server.origin)).getAuthorizationHeader());
    t.like(error, { status: 101, transient: false });
  }
});

const SLOW = {
  'says nothing': () => {},
  'writes the status line a byte at a time': (socket) => drip(socket, `HTTP/1.1 200 ${'x'.repeat(500)}`),
  'writes header fields a byte at a time': (socket) => {
    socket.write('HTTP/1.1 200 OK\r\n');
    drip(socket, 'x-field: value\r\n');
  },
  'writes the body a byte at a time': (socket) => {
    socket.write(head(5000));
    drip(socket, ' ');
  },
  'writes chunks a byte at a time': (socket) => {
    socket.write('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n');
    drip(socket, '1\r\n \r\n');
  },
  'has informational answers only': (socket) => {
    const timer = setInterval(() => socket.write('HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n'), 10);
    socket.on('close', () => clearInterval(timer));
  },
};
test('a server that says nothing, or a byte at a time, is given up after http.timeoutMs', async (t) => {
  const cases = Object.entries(SLOW).flatMap(([kind, answer]) =>
    Object.values(ASKS).map(async (ask) => {
      const server = await openRawServer(t, [answer]);
      const error = await failure(t, server, ask, 'ERR_TIMEOUT', { timeoutMs: 500 });
      t.regex(error.message, /no complete answer within 500 ms/, kind);
      await eventually(() => server.sockets.size === 0);
    }),
  );
  await Promise.all(cases);
});

for (const [kind, before] of Object.entries({
  'a 100': 'HTTP/1.1 100 Continue\r\n\r\n',
  'a 103 with fields': 'HTTP/1.1 103 Early Hints\r\nlink: </style.css>; rel=preload\r\n\r\n',
  'several of them': 'HTTP/1.1 102 Processing\r\n\r\n'.repeat(20),
})) {
  test(`an answer counts, and not what is said before it: ${kind}`, async (t) => {
    const server = await openRawServer(t, [
      (socket) => socket.write(before + answerOf(`{"token_endpoint":"${server.origin}/token"}`)),
      (socket) => socket.write(before + answerOf('{"access_token":"t","token_type":"Bearer"}')),
    ]);
    const interceptor = create({ fhirBaseUrl: `${server.origin}/fhir` });
    t.is(await interceptor.getAuthorizationHeader(), 'Bearer t');
  });
}

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
  for (const { options } of Object.values(ASKS)) {
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
    http: { proxy: null, maxResponseBytes: LIMIT, ...http },
  });
}

function failure(t, server, { options }, code, http) {
  return t.throwsAsync(create({ ...options(server.origin), http }).getAuthorizationHeader(), { code });
}

function head(length, more = 'x-more: nothing') {
  return Buffer.from(`HTTP/1.1 200 OK\r\n${more}\r\ncontent-length: ${length}\r\n\r\n`);
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
