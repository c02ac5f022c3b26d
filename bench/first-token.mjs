import { installPackage } from './support/installed.mjs';
import { measured } from './support/measured.mjs';
import { report, row, withSpread } from './support/report.mjs';
import { measureInTurns } from './support/rounds.mjs';
import { node } from './support/runtimes.mjs';
import { ratio, summary } from './support/statistics.mjs';
import { startTokenEndpoint } from './support/token-endpoint.mjs';

// From a fresh process to its first token over TLS: from before the client is loaded, as npm installs it, to the token
// in hand. A new process for every sample.

const from = installPackage();
const OURS = 'this package, require()';
const REFERENCE = 'openid-client';
const CANDIDATES = {
  [OURS]: ['first-token-installed.cjs', { from }],
  'this package, import': ['first-token-installed.cjs', { from, imported: true }],
  [REFERENCE]: ['first-token.mjs', { peer: 'openid-client' }],
  '@badgateway/oauth2-client': ['first-token.mjs', { peer: 'badgateway' }],
  '@fhirstarter/backend': ['first-token.mjs', { peer: 'fhirstarter' }],
  'simple-oauth2': ['first-token.mjs', { peer: 'simple-oauth2' }],
  '@azure/msal-node': ['first-token.mjs', { peer: 'msal-node' }],
};

const endpoint = await startTokenEndpoint();
const wall = Object.fromEntries(Object.keys(CANDIDATES).map((name) => [name, []]));
let expected = 0;
const cpu = await measureInTurns(CANDIDATES, { rounds: 25, warmUp: 1 }, async ([script, settings], name) => {
  const sample = await measured(script, settings, { endpoint });
  expected += 1;
  if (sample.number !== expected) throw new Error(`${name} did not make exactly one request`);
  wall[name].push(sample.wall);
  return sample.cpu;
});
await endpoint.stop();
for (const values of Object.values(wall)) values.shift(); // the warm-up

const milliseconds = (values) => withSpread(summary(values.map((value) => value / 1_000)), 1);
report({
  title: 'First token',
  rows: [
    row(
      `fresh process → first token over TLS, CPU ÷ openid-client, ${node.name}`,
      ratio(cpu[OURS], cpu[REFERENCE]),
      {
        atMost: 0.12,
      },
    ),
  ],
  tables: [
    {
      title: `A fresh process's first token, from before the client is loaded, ${node.name}`,
      columns: ['candidate', 'ms CPU', 'ms wall clock', 'CPU ÷ openid-client'],
      lines: Object.keys(CANDIDATES).map((name) => [
        name,
        milliseconds(cpu[name]),
        milliseconds(wall[name]),
        withSpread(ratio(cpu[name], cpu[REFERENCE])),
      ]),
    },
  ],
});
