import { measured } from './support/measured.mjs';
import { peerName } from './support/peers.mjs';
import { countRow, report, row } from './support/report.mjs';
import { node } from './support/runtimes.mjs';
import { startTokenEndpoint } from './support/token-endpoint.mjs';

// 200 calls in flight, over and over, while tokens of two seconds come and go, each of which takes the server half
// a second: whether any call fails or gets a token past its end, and how long the calls take.

const LIFETIME_SECONDS = 2;
const DELAY_MS = 500;
const LIFETIMES = 20;
const IN_FLIGHT = 200;
const RUNS = [
  { peer: 'this-package', lifetimes: LIFETIMES },
  { peer: 'badgateway', lifetimes: 5 },
];

const results = [];
for (const { peer, lifetimes } of RUNS) {
  const endpoint = await startTokenEndpoint({ lifetimeSeconds: LIFETIME_SECONDS, delayMs: DELAY_MS });
  const settings = {
    peer,
    inFlight: IN_FLIGHT,
    seconds: lifetimes * LIFETIME_SECONDS,
    lifetimeMs: LIFETIME_SECONDS * 1_000,
    delayMs: DELAY_MS,
  };
  const result = await measured('steady-load.mjs', settings, { endpoint });
  results.push({ peer, lifetimes, ...result, requests: await endpoint.issued() });
  await endpoint.stop();
}

const [ours] = results;
if (ours.tokens < LIFETIMES) throw new Error(`${ours.tokens} tokens in ${LIFETIMES} lifetimes`);
for (const reason of ours.reasons) console.error(`a call failed: ${reason}`);
const load = `${IN_FLIGHT} calls in flight over ${LIFETIMES} lifetimes of a ${LIFETIME_SECONDS}-second token`;
report({
  title: 'Steady load',
  rows: [
    countRow(`${load}: failed or late calls, ${node.name}`, ours.failed + ours.late, 0),
    row(`${load}: p99.9 of the calls while a renewal takes ${DELAY_MS} ms, ${node.name}`, ours.p999, {
      atMost: 2,
      unit: 'ms',
    }),
  ],
  tables: [
    {
      title: `${IN_FLIGHT} calls in flight, ${LIFETIME_SECONDS}-second tokens that take ${DELAY_MS} ms, ${node.name}`,
      columns: [
        'candidate',
        'lifetimes',
        'calls',
        'failed',
        'late',
        'token requests',
        'calls during renewals',
        'p50 of them, ms',
        'p99',
        'p99.9',
        'max',
      ],
      lines: results.map((result) => [
        peerName(result.peer),
        ...['lifetimes', 'calls', 'failed', 'late', 'requests', 'duringRenewals'].map((name) =>
          result[name].toLocaleString('en'),
        ),
        ...['p50', 'p99', 'p999', 'max'].map((name) => result[name].toFixed(3)),
      ]),
    },
  ],
});
