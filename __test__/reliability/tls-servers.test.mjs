import { once } from 'node:events';
import { createServer } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import test from 'ava';
import { CLIENT_ONLY, makeCertificate, RSA_WITH_SHA1, SMALL_RSA } from '../support/hostile-certificates.mjs';
import { assertRefused, createClient, GOOD_TOKEN, goodAnswer } from '../support/hostile-server.mjs';
import { drip, flood } from '../support/raw-server.mjs';
import { ROWS } from './tls-servers.rows.mjs';

// Before anything of a request is sent, the one that answers has shown a certificate that is trusted for its name.

const TIMEOUT_MS = 3000;
/** On macOS and Windows the system itself judges certificates, in words of its own. */
const isVerifiedHere = !['darwin', 'win32'].includes(process.platform);
const ANSWERS = {
  zeros: (socket) => flood(socket, Buffer.alloc(16_384)),
  'empty records': (socket) => flood(socket, Buffer.from('1603030000'.repeat(1000), 'hex')),
  warnings: (socket) => flood(socket, Buffer.from('1503030002015a'.repeat(1000), 'hex')),
  drip: (socket) => drip(socket, '\x16\x03\x03\x40\0'),
  echo: (socket, hello) => socket.end(hello),
};

const issuers = {};
const trusted = [];

test.before(async () => {
  issuers.good = await makeCertificate({ isCa: true, commonName: 'a good CA' });
  issuers.stranger = await makeCertificate({ isCa: true, commonName: 'a stranger' });
  issuers.namesake = await makeCertificate({ isCa: true, commonName: 'a good CA' });
  issuers.ended = await makeCertificate({ isCa: true, commonName: 'an ended CA', hours: [-48, -1] });
  issuers.sha1 = await makeCertificate({ isCa: true, commonName: 'a SHA-1 CA', algorithm: RSA_WITH_SHA1 });
  issuers.server = await makeCertificate({}, issuers.good);
  issuers.intermediate = await makeCertificate(
    { isCa: true, commonName: 'an intermediate CA' },
    issuers.good,
  );
  trusted.push(...[issuers.good, issuers.ended, issuers.sha1].map(({ certificatePem }) => certificatePem));
});

for (const row of ROWS) {
  test(`${row.name}: ${row.outcome}`, async (t) => {
    const heard = [];
    const good = await makeCertificate({}, issuers.good);
    const listener = await openListener(t);
    const hostile = row.leaf ? await tlsServer(row, heard) : rawAnswer(row);
    listener.next = hostile;
    const client = createClient({
      tokenEndpoint: `https://localhost:${listener.port}/token`,
      http: {
        ca: trusted,
        userAgent: 'tls-servers',
        ...(row.outcome.includes('ERR_TIMEOUT') && { timeoutMs: TIMEOUT_MS, connectTimeoutMs: TIMEOUT_MS }),
      },
    });
    const call = client.getAuthorizationHeader();
    if (!row.code) {
      // Where the system judges, it may be of another mind.
      const outcome = await call.catch(({ code }) => code);
      t.true(
        isVerifiedHere ? outcome === `Bearer ${GOOD_TOKEN}` : /^(Bearer .*|ERR_TLS)$/.test(outcome),
        outcome,
      );
      return;
    }
    const error = await t.throwsAsync(call);
    const codes = row.codes ?? [row.code];
    t.true(codes.includes(error.code), `${error.code}: ${error.message}`);
    await assertRefused(t, call, error.code);
    if (row.words && isVerifiedHere) t.regex(error.message, row.words);
    t.deepEqual(heard, []);

    listener.next = await tlsServer({ leaf: good });
    t.is(await client.getAuthorizationHeader(), `Bearer ${GOOD_TOKEN}`);
  });
}

/** Hands each connection on. */
async function openListener(t) {
  const sockets = new Set();
  const listener = { next: undefined, port: 0 };
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy()).on('close', () => sockets.delete(socket));
    listener.next(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  listener.port = server.address().port;
  t.teardown(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return listener;
}

/** A server of TLS that answers requests, and writes down what it hears. */
async function tlsServer({ leaf, issuedBy = 'good', version }, heard = []) {
  const { certificatePem, privateKeyPem } = leaf.certificatePem ? leaf : await certificateOf(leaf, issuedBy);
  const server = createTlsServer({
    cert: certificatePem,
    key: privateKeyPem,
    ciphers: 'ALL:@SECLEVEL=0',
    ...(version && { minVersion: version, maxVersion: version }),
  });
  server.on('tlsClientError', () => {});
  server.on('secureConnection', (stream) => {
    stream.on('error', () => {}).on('data', (data) => heard.push(data) && stream.write(goodAnswer()));
  });
  return (socket) => server.emit('connection', socket);
}

function certificateOf({ usages, algorithm, ...parts }, issuedBy) {
  return makeCertificate(
    {
      ...parts,
      ...(usages === 'client' && { usages: CLIENT_ONLY }),
      ...(algorithm === 'rsa1024' && { algorithm: SMALL_RSA }),
    },
    issuers[issuedBy],
  );
}

function rawAnswer({ answer }) {
  return (socket) => socket.once('data', (hello) => (ANSWERS[answer] ?? answer)(socket, hello));
}
