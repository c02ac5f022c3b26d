import { EMPTY, installPackage, OTHERS } from './support/installed.mjs';
import { measured } from './support/measured.mjs';
import { report, row, withSpread } from './support/report.mjs';
import { measureInTurns } from './support/rounds.mjs';
import { supportedNodes } from './support/runtimes.mjs';
import { ratio, summary } from './support/statistics.mjs';

// What a cold `require()` of the installed package takes of the processor, under each Node that is supported. A new
// process for every sample.

const from = installPackage();
const NAME = '@org/smart-m2m';
const OURS = 'this package, after other modules';
const OURS_FIRST = 'this package, as the first of all';
const REFERENCE = 'openid-client, import()';
const CANDIDATES = {
  // What Node does once for whoever comes first: it loads its resolver at the first package with `exports`, and 20 and 22
  // optimise their treatment of paths after some dozen files, on another thread.
  [OURS]: ['require-installed.cjs', { from, name: NAME, after: OTHERS }],
  [OURS_FIRST]: ['require-installed.cjs', { from, name: NAME }],
  'an empty package, as the first of all': ['require-installed.cjs', { from, name: EMPTY }],
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
const names = supportedNodes.map(({ name }) => name).join(', ');

function slowestRow(what, name) {
  const measures = supportedNodes.map((runtime) => ({ runtime, measure: milliseconds(of(runtime, name)) }));
  const slowest = measures.reduce((one, other) => (other.measure.value > one.measure.value ? other : one));
  const figure = `${what}, CPU, the slowest of ${names}: ${slowest.runtime.name}`;
  return row(figure, slowest.measure, { atMost: 6, unit: 'ms', digits: 1 });
}

report({
  title: 'require()',
  rows: [
    slowestRow('cold require() in a program that has loaded other modules', OURS),
    slowestRow('cold require() as the first of a process', OURS_FIRST),
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
