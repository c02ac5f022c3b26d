import { measured } from './support/measured.mjs';
import { peerName } from './support/peers.mjs';
import { report, row, withSpread } from './support/report.mjs';
import { node, nodes } from './support/runtimes.mjs';
import { median, ratio } from './support/statistics.mjs';
import { startTokenEndpoint } from './support/token-endpoint.mjs';

// What a token request takes of the processor, in user and system time of all threads of the client's process:
// 16 requests in flight, over kept TLS connections.

/** Each starts cold: the engine goes on to optimise the JavaScript clients for tens of thousands of requests. */
const PROCESSES = 3;
const SETTINGS = { rounds: 5, requests: 320, concurrency: 16 };
const OURS = 'this-package';
const REFERENCE = 'openid-client';
const FIGURES = [
  { authentication: 'ES384', atMost: 0.15, peers: [OURS, REFERENCE, 'fhirstarter'] },
  { authentication: 'RSA-2048', atMost: 0.55, peers: [OURS, REFERENCE, 'fhirstarter'] },
  {
    authentication: 'secret',
    atMost: 0.12,
    peers: [OURS, REFERENCE, 'fhirstarter', 'badgateway', 'medplum', 'simple-oauth2', 'msal-node'],
  },
];

const endpoint = await startTokenEndpoint();
const rows = [];
const tables = [];
for (const { authentication, atMost, peers } of FIGURES) {
  for (const runtime of nodes) {
    const costs = Object.fromEntries(peers.map((peer) => [peer, []]));
    for (let count = 0; count < PROCESSES; count += 1) {
      const settings = { ...SETTINGS, authentication, peers };
      const ofProcess = await measured('token-request.mjs', settings, { endpoint, runtime });
      for (const peer of peers) costs[peer].push(...ofProcess[peer]);
    }
    // How fast RSA is on the other Node is OpenSSL's merit, and reported beside.
    const isBeside = authentication === 'RSA-2048' && runtime !== node;
    const figure = `token request, ${authentication}, CPU ÷ openid-client, ${runtime.name}`;
    rows.push(row(figure, ratio(costs[OURS], costs[REFERENCE]), isBeside ? {} : { atMost }));
    tables.push({
      title: `A token request, ${authentication}, 16 in flight, ${runtime.name}`,
      columns: ['candidate', 'µs CPU a request', '÷ openid-client'],
      lines: peers.map((peer) => [
        peerName(peer),
        median(costs[peer]).toFixed(0),
        withSpread(ratio(costs[peer], costs[REFERENCE])),
      ]),
    });
  }
}
await endpoint.stop();
report({ title: 'Token request', rows, tables });
