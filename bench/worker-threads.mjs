import { measured } from './support/measured.mjs';
import { peerName } from './support/peers.mjs';
import { countRow, report } from './support/report.mjs';
import { node } from './support/runtimes.mjs';
import { readToken } from './support/token.mjs';
import { startTokenEndpoint } from './support/token-endpoint.mjs';

// How many token requests reach the server when eight worker threads of one process, with one client, start
// together.

const THREADS = 8;
const OURS = 'this-package';
const PEERS = [OURS, 'openid-client', 'badgateway', 'google-auth-library', 'simple-oauth2', 'msal-node'];

const requests = {};
for (const peer of PEERS) {
  // Slow enough that all of them ask before the first is answered.
  const endpoint = await startTokenEndpoint({ delayMs: 200 });
  const headers = await measured('worker-threads.mjs', { peer, threads: THREADS }, { endpoint });
  requests[peer] = await endpoint.issued();
  await endpoint.stop();
  if (headers.length !== THREADS) throw new Error(`${headers.length} threads have a header, not ${THREADS}`);
  const distinct = new Set(headers.map((header) => readToken(header).number)).size;
  if (distinct !== requests[peer]) throw new Error(`${distinct} tokens of ${requests[peer]} requests`);
}
report({
  title: 'Worker threads',
  rows: [
    countRow(`token requests of ${THREADS} worker threads with one client, ${node.name}`, requests[OURS], 1),
  ],
  tables: [
    {
      title: `${THREADS} worker threads with one client, ${node.name}`,
      columns: ['candidate', 'token requests'],
      lines: PEERS.map((peer) => [peerName(peer), String(requests[peer])]),
    },
  ],
});
