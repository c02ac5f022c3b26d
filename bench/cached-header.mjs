import { measured } from './support/measured.mjs';
import { report, row, withSpread } from './support/report.mjs';
import { runtimes } from './support/runtimes.mjs';
import { median, ratio } from './support/statistics.mjs';
import { startTokenEndpoint } from './support/token-endpoint.mjs';

// What it costs to be handed the Authorization header while the token lives: user and system time of the
// process for each awaited call.

const ROUNDS = 61;
/** How long one candidate's loop takes in one round. */
const MICROSECONDS = 15_000;
const BY_HAND = 'hand-written class';
/** Those that the first measurements named. */
const NAMED_LIBRARIES = ['google-auth-library', 'simple-oauth2, cached by hand', '@medplum/core'];
const NOT_LIBRARIES = [
  BY_HAND,
  'this package',
  'this package, { fhirBaseUrl }',
  'openid-client, cached by hand',
];

const endpoint = await startTokenEndpoint();
const rows = [];
const tables = [];
for (const runtime of runtimes) {
  const before = await endpoint.issued();
  const costs = await measured(
    'cached-header.mjs',
    { rounds: ROUNDS, microseconds: MICROSECONDS },
    { endpoint, runtime },
  );
  const names = Object.keys(costs);
  // This package's two candidates are one client.
  const requests = (await endpoint.issued()) - before;
  if (requests !== names.length - 1) throw new Error(`${requests} tokens for ${names.length - 1} clients`);

  const isBun = runtime.name.startsWith('Bun');
  const ours = costs['this package'];
  rows.push(
    row(`cached header ÷ hand-written class, ${runtime.name}`, ratio(ours, costs[BY_HAND]), {
      atMost: isBun ? 1.05 : 0.75,
    }),
  );
  if (!isBun) {
    const libraries = names.filter((name) => !NOT_LIBRARIES.includes(name));
    for (const [which, among] of [
      ['the fastest of google-auth-library, simple-oauth2 and Medplum', NAMED_LIBRARIES],
      ['the fastest of all peer libraries', libraries],
    ]) {
      const fastest = among.toSorted((a, b) => median(costs[a]) - median(costs[b]))[0];
      rows.push(
        row(`cached header ÷ ${which} (${fastest}), ${runtime.name}`, ratio(ours, costs[fastest]), {
          atMost: 0.5,
        }),
      );
    }
  }
  tables.push({
    title: `A cached header, awaited, ${runtime.name}`,
    columns: ['candidate', 'ns CPU a call', '÷ hand-written class'],
    lines: names.map((name) => [
      name,
      median(costs[name]).toFixed(0),
      withSpread(ratio(costs[name], costs[BY_HAND])),
    ]),
  });
}
await endpoint.stop();
report({ title: 'Cached header', rows, tables });
