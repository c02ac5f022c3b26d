import test from 'ava';
import { makeCertificates } from '../../examples/embedded/certificates.mjs';
import { assertRefused, createClient } from '../support/hostile-server.mjs';
import { startProxy } from '../support/proxy.mjs';
import { openRawServer } from '../support/raw-server.mjs';
import { json, tokenResponse } from '../support/recording-server.mjs';
import { openTokenEndpoint } from '../support/token-endpoint.mjs';
import { ROWS } from './named-endpoints.rows.mjs';

// The FHIR server is out there: it is reached through a proxy that leads to it, and to a server of somebody else's for
// every other name.

const FHIR_HOST = 'fhir.example.test';
/** Content type of a record (RFC 8446 §5.1). */
const TLS_HANDSHAKE = 0x16;

const servers = {};
const heard = [];
const closers = [];

test.before(async (t) => {
  const certificates = await makeCertificates({ hostnames: [FHIR_HOST, 'localhost'], addresses: [] });
  const forTheFile = { ...t, teardown: (close) => closers.push(close) };
  servers.fhir = await openTokenEndpoint(forTheFile, { certificates });
  servers.elsewhere = await openRawServer(forTheFile, [() => {}], {
    connected: (socket) => socket.on('data', (data) => heard.push(data) && socket.end('220 ESMTP\r\n')),
  });
  const { port } = new URL(servers.fhir.origin);
  servers.proxy = await startProxy({
    leadsTo: (target) => (target === `${FHIR_HOST}:443` ? Number(port) : servers.elsewhere.port),
  });
  closers.push(servers.proxy.close);
});

test.after.always(() => Promise.all(closers.map((close) => close())));

for (const [index, row] of ROWS.entries()) {
  test.serial(`${row.name}: ${row.outcome}`, async (t) => {
    const { fhir: server, proxy } = servers;
    heard.length = 0;
    proxy.tunnels.length = 0;
    const document = `GET /${index}/.well-known/smart-configuration`;
    server.on(document, json(200, { token_endpoint: row.endpoint }));
    const client = createClient({
      fhirBaseUrl: `https://${FHIR_HOST}/${index}`,
      http: { ca: server.caPem, proxy: proxy.url, userAgent: 'named-endpoints' },
    });
    const { message, transient } = await assertRefused(t, client.getAuthorizationHeader(), row.code, [
      'p4ssw0rd',
    ]);
    t.is(transient, row.code === 'ERR_NETWORK');
    if (row.words) {
      for (const part of [row.words, 'allowedTokenEndpointOrigins', 'tokenEndpoint', 'nothing was sent']) {
        t.true(message.includes(part), message);
      }
    }
    t.is(tokenRequests(index), 0);
    if (row.isReached)
      t.true(heard.length > 0 && heard.every((bytes) => bytes.charCodeAt(0) === TLS_HANDSHAKE));
    else t.is(heard.length, 0);
    const hosts = new Set(proxy.tunnels.map(({ target }) => target));
    if (!couldBeAsked(row))
      t.true(
        [...hosts].every((host) => host === `${FHIR_HOST}:443`),
        [...hosts].join(),
      );

    server.on(document, json(200, { token_endpoint: 'token' }));
    server.on(`POST /${index}/token`, tokenResponse({ access_token: 'good' }));
    const next = await client.getAuthorizationHeader().catch(({ code }) => code);
    // A document that was good in itself stays in use for its time.
    t.is(next, couldBeAsked(row) ? row.code : 'Bearer good');
  });
}

function tokenRequests(index) {
  return servers.fhir.tokenRequests().filter(({ url }) => url.startsWith(`/${index}/`)).length;
}

/** The endpoint is one that a server may name. */
function couldBeAsked({ code }) {
  return ['ERR_TLS', 'ERR_NETWORK'].includes(code);
}
