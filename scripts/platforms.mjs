import { copyFileSync, existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { readFacts } from './platforms/binaries/facts.mjs';
import { artefactOf, build } from './platforms/build.mjs';
import { cache } from './platforms/folders.mjs';
import { gatesOf } from './platforms/gates.mjs';
import { readRecord, writeRecord } from './platforms/records.mjs';
import { writeReport } from './platforms/report.mjs';
import { buildElsewhere } from './platforms/reproducible.mjs';
import { runClient } from './platforms/runs.mjs';
import { chooseTargets, TARGETS } from './platforms/targets.mjs';
import { prepareToolchain } from './platforms/toolchain.mjs';
import { prepareDependencies, root } from './prepare.mjs';

// Builds the addon for every platform on one Debian machine (x64), gates what was built, and runs what can be run
// here. Described in docs/platforms.md. What was done is not done again: it can be stopped and started at any time.

/** In this order; those that an option names, or else the first three. */
const STEPS = {
  'build-only': buildStep,
  'check-only': checkStep,
  'run-only': runStep,
  reproducible: reproducibleStep,
  'into-packages': copyStep,
};
const DEFAULT_STEPS = ['build-only', 'check-only', 'run-only'];

const HELP = `npm run platforms -- [options]

  --target <platform>  one of ${TARGETS.map(({ platform }) => platform).join(', ')};
                       may be repeated; without it: all

Without one of these, each target is built, checked and run; with some, only those are done.

  --build-only         build
  --check-only         the gates, on what was built
  --run-only           a token request over TLS with what was built, where something here runs it
  --reproducible       build once more from a clone of HEAD in another folder, and compare the hashes
  --into-packages      copy what passed its gates to npm/<platform>/
  --report             write the figures of all targets to docs/platforms.md`;

try {
  await main();
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}

async function main() {
  const values = chosenOptions();
  if (values.help) {
    console.log(HELP);
    return;
  }
  const targets = chooseTargets(values.target);
  const named = Object.keys(STEPS).filter((name) => values[name]);
  const steps = named.length > 0 || values.report ? named : DEFAULT_STEPS;
  if (steps.length > 0 && !(await isPossible())) {
    process.exitCode = 1;
    return;
  }
  for (const target of targets) {
    for (const step of steps) {
      if (await succeeds(target, step)) continue;
      process.exitCode = 1;
      // What follows is about an artefact that is not there, or not fit to be.
      break;
    }
  }
  if (values.report) await writeReport(TARGETS.map((target) => [target, readRecord(target)]));
}

function chosenOptions() {
  const flags = [...Object.keys(STEPS), 'report', 'help'].map((name) => [name, { type: 'boolean' }]);
  const target = { type: 'string', multiple: true, default: [] };
  return parseArgs({ options: { target, ...Object.fromEntries(flags) } }).values;
}

async function isPossible() {
  if (process.platform === 'linux' && process.arch === 'x64' && existsSync('/usr/bin/apt-get')) {
    return prepareDependencies(root, 'development dependencies');
  }
  console.error(
    'The platforms are built on Debian on x64. For the machine at hand there is `npm run build`.',
  );
  return false;
}

async function succeeds(target, step) {
  console.log(`\n> ${target.platform}: ${step.replace('-only', '')}`);
  try {
    await STEPS[step](target);
    return true;
  } catch (error) {
    console.error(error.message);
    return false;
  }
}

async function buildStep(target) {
  const { cpuSeconds, cold } = await build(target, await prepareToolchain());
  writeRecord(target, cold ? { cpuSeconds } : {});
  console.log(`${artefactOf(target)}, ${cpuSeconds} s of CPU time`);
}

async function checkStep(target) {
  demandArtefact(target);
  const path = artefactOf(target);
  const facts = readFacts(target, path, await prepareToolchain());
  const gates = gatesOf(target, facts, readFileSync(path), buildPaths());
  writeRecord(target, { gates });
  for (const { name, ok, found } of gates) console.log(`${ok ? 'passed' : 'FAILED'}  ${name}: ${found}`);
  if (gates.some(({ ok }) => !ok)) throw new Error(`${target.addon} did not pass its gates.`);
}

async function runStep(target) {
  demandArtefact(target);
  const result = await runClient(target);
  writeRecord(target, { run: result });
  if (result === null) {
    console.log('not run: nothing on this machine runs it');
    return;
  }
  console.log(`${result.ok ? 'passed' : 'FAILED'}  ${result.runtime}: ${result.found}`);
  if (!result.ok) throw new Error(`${target.addon} did not get a token.`);
}

async function reproducibleStep(target) {
  demandArtefact(target);
  const { here, there } = await buildElsewhere(target, await prepareToolchain());
  writeRecord(target, { reproducible: here === there });
  console.log(`here ${here}\nthere ${there}`);
  if (here !== there)
    throw new Error(`${target.addon} is not the same when it is built from another folder.`);
}

async function copyStep(target) {
  demandArtefact(target);
  const { gates } = readRecord(target);
  if (gates === undefined || gates.some(({ ok }) => !ok)) {
    throw new Error(`${target.addon} has not passed its gates, and is not copied.`);
  }
  const folder = join(root, 'npm', target.platform);
  if (!existsSync(folder)) throw new Error(`There is no package npm/${target.platform}.`);
  copyFileSync(artefactOf(target), join(folder, target.addon));
  console.log(`copied to npm/${target.platform}/${target.addon}`);
}

function demandArtefact(target) {
  if (readRecord(target) === undefined) throw new Error(`${target.platform} is not built.`);
}

/** Of this machine and this user; as a folder, so that a word that begins alike does not count. */
function buildPaths() {
  const folders = [root, cache, homedir(), process.env.CARGO_HOME].filter((folder) => folder !== undefined);
  return folders.map((folder) => `${folder.replace(/\/$/, '')}/`);
}
