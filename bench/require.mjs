import { measured } from './support/measured.mjs';
import { report, row, withSpread } from './support/report.mjs';
import { measureInTurns } from './support/rounds.mjs';
import { supportedNodes } from './support/runtimes.mjs';
import { ratio, summary } from './support/statistics.mjs';

// What a cold `require()` takes of the processor, under each Node that is supported. A new process for every sample.

const OURS = 'this package, require()';
const REFERENCE = 'openid-client, import()';
const CANDIDATES = {
  [OURS]: ['load-this-package.cjs', { andCreate: false }],
  [REFERENCE]: ['load-openid-client.mjs', {}],
  '@azure/msal-node, require()': ['load-msal-node.cjs', {}],
};

const milliseconds = (values) => summary(values.map((value) => value / 1_000));

// All Nodes and candidates in one round, so that the slowest Node is not merely the one that met a busy machine.
const samples = Object.fromEntries(
  supportedNodes.flatMap((runtime) =>
    Object.entries(CANDIDATES).map(([name, [script, settings]]) => [
      `${runtime.name}: ${name}`,
      { script, settings, runtime },
    ]),
  ),
);
const cpu = await measureInTurns(samples, { rounds: 25, warmUp: 1 }, ({ script, settings, runtime }) =>
  measured(script, settings, { runtime }),
);
const of = (runtime, name) => cpu[`${runtime.name}: ${name}`];
const ours = supportedNodes.map((runtime) => ({ runtime, measure: milliseconds(of(runtime, OURS)) }));
const slowest = ours.reduce((one, other) => (other.measure.value > one.measure.value ? other : one));

report({
  title: 'require()',
  rows: [
    row(
      `cold require(), CPU, the slowest of ${supportedNodes.map(({ name }) => name).join(', ')}: ${slowest.runtime.name}`,
      slowest.measure,
      { atMost: 6, unit: 'ms', digits: 1 },
    ),
  ],
  tables: supportedNodes.map((runtime) => ({
    title: `Loading in a fresh process, ${runtime.name}`,
    columns: ['candidate', 'ms CPU', '÷ openid-client'],
    lines: Object.keys(CANDIDATES).map((name) => [
      name,
      withSpread(milliseconds(of(runtime, name)), 1),
      withSpread(ratio(of(runtime, name), of(runtime, REFERENCE))),
    ]),
  })),
});
