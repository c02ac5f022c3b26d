import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { copyFile, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { root } from './prepare.mjs';
import { run } from './run.mjs';

// Fuzzes every reader of foreign bytes, two at a time: `npm run fuzz -- --seconds 600 --target jwk`. Seeds are those in
// fuzz/seeds and the test keystores, and what earlier runs have found; `--seed 4711` goes without that, and tries the same
// inputs in the same order each time. Needs cargo-fuzz; with a nightly toolchain, or with stable told to act as one.

const CARGO_FUZZ = '0.13.2';
const AT_ONCE = 2;
const FIXTURES = join(root, '__test__/fixtures');
const KEYSTORES = ['keystores', 'keystores-core', 'smart-app-launch'].map((name) => join(FIXTURES, name));
const DEFINITIONS = join(FIXTURES, 'smart-app-launch');

/** Which of the test keystores a target is given to start from. */
const IS_SEED = {
  jwk: (bytes) => bytes.includes('"kty"'),
  pem: (bytes) => bytes.includes('-----BEGIN'),
  pkcs12: (bytes) => bytes[0] === 0x30,
  jks: (bytes) => [0xfe, 0xce].includes(bytes[0]) && bytes.length > 32,
};
/** The words of several targets. Without an entry: those of its own name, where there are any. */
const DICTIONARY = {
  smart_configuration: 'discovery',
  authorization_server_metadata: 'discovery',
  capability_statement: 'discovery',
  correlation: 'token_response',
};

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '600' },
    seed: { type: 'string' },
    target: { type: 'string', multiple: true },
  },
});
const targets = targetsOfManifest(await readFile(join(root, 'fuzz/Cargo.toml'), 'utf8'));
const unknown = values.target?.filter((target) => !targets.includes(target)) ?? [];
if (unknown.length > 0) {
  console.error(`There is no target ${unknown.join(', ')}: there are ${targets.join(', ')}.`);
  process.exitCode = 1;
} else if (succeeds('cargo', ['fuzz', '--version'])) {
  process.exitCode = (await fuzz(values.target ?? targets)) ? 0 : 1;
} else {
  console.error(`cargo-fuzz is missing: cargo install cargo-fuzz --locked --version ${CARGO_FUZZ}`);
  process.exitCode = 1;
}

/** @param {string[]} chosen */
async function fuzz(chosen) {
  const toolchain = chooseToolchain();
  // Once and for all targets: two of them at a time would wait for each other.
  const build = await cargoFuzz(toolchain, 'build', chosen.length === 1 ? chosen : []);
  if (!build.ok) return false;
  const waiting = [...chosen];
  const rows = [];
  const fuzzInTurn = async () => {
    for (let target = waiting.shift(); target !== undefined; target = waiting.shift()) {
      const { ok, output } = await fuzzOne(toolchain, target);
      rows.push({ target, ok, ...figuresOf(output) });
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, fuzzInTurn));
  console.table(rows);
  return rows.every(({ ok }) => ok);
}

/** @param {string} target */
async function fuzzOne(toolchain, target) {
  const seeds = join(root, 'fuzz/seeds', target);
  const dictionary = join(root, 'fuzz/dictionaries', `${DICTIONARY[target] ?? target}.dict`);
  const limits = [
    `-max_total_time=${values.seconds}`,
    '-timeout=10',
    '-rss_limit_mb=2048',
    '-max_len=16384',
    '-print_final_stats=1',
    ...(values.seed === undefined ? [] : [`-seed=${values.seed}`]),
    ...(existsSync(dictionary) ? [`-dict=${dictionary}`] : []),
  ];
  const corpora = [await corpusOf(target), ...(existsSync(seeds) ? [seeds] : [])];
  return cargoFuzz(toolchain, 'run', [target, ...corpora, '--', ...limits]);
}

/** @param {string[]} args */
function cargoFuzz({ prefix, options, env }, command, args) {
  return run('cargo', [...prefix, 'fuzz', command, ...options, ...args], {
    cwd: root,
    env,
    keepOutput: true,
  });
}

/**
 * Instrumentation is for nightly compilers alone, or for one that is told to act like one. A compiler from elsewhere
 * than rustup can be without the runtime of AddressSanitizer.
 */
function chooseToolchain() {
  const hasNightly = succeeds('cargo', ['+nightly', '--version']);
  const prefix = hasNightly ? ['+nightly'] : [];
  const env = hasNightly ? process.env : { ...process.env, RUSTC_BOOTSTRAP: '1' };
  const { stdout } = spawnSync('rustc', [...prefix, '--print', 'target-libdir'], { encoding: 'utf8' });
  const libraries = readdirSync(stdout.trim());
  const hasSanitizer = libraries.some((name) => /^(lib)?rustc.*_rt\.asan\./.test(name));
  return { prefix, env, options: hasSanitizer ? [] : ['--sanitizer', 'none'] };
}

function succeeds(command, args) {
  return spawnSync(command, args, { stdio: 'ignore' }).status === 0;
}

/** @param {string} text */
function targetsOfManifest(text) {
  return Array.from(text.matchAll(/^\[\[bin\]\]\nname = "(\w+)"$/gm), ([, name]) => name);
}

/** @param {string} target */
async function corpusOf(target) {
  const isSeeded = values.seed !== undefined;
  const corpus = join(root, 'fuzz/corpus', isSeeded ? `${target}-of-seed` : target);
  if (isSeeded) await rm(corpus, { recursive: true, force: true });
  await mkdir(corpus, { recursive: true });
  for (const folder of target in IS_SEED ? KEYSTORES : []) {
    for (const name of await readdir(folder)) {
      const path = join(folder, name);
      if (IS_SEED[target](await readFile(path))) await copyFile(path, join(corpus, name));
    }
  }
  if (target === 'smile_definitions') await writeDefinitions(corpus);
  return corpus;
}

/** @param {string} corpus */
async function writeDefinitions(corpus) {
  for (const name of (await readdir(DEFINITIONS)).filter((file) => file.endsWith('.private.json'))) {
    const text = await readFile(join(DEFINITIONS, name), 'utf8');
    for (const [form, jwks] of Object.entries({ object: JSON.parse(text), text })) {
      const definitions = { keystores: [{ keystoreId: 'key', jwks }] };
      await writeFile(join(corpus, `${form}-${name}`), JSON.stringify(definitions));
    }
  }
}

/**
 * What libFuzzer says at the end.
 *
 * @param {string} output
 */
function figuresOf(output) {
  const executions = /^stat::number_of_executed_units:\s*(\d+)/m.exec(output)?.[1];
  const [, coverage, features] = [...output.matchAll(/ cov: (\d+) ft: (\d+) /g)].at(-1) ?? [];
  return { executions: Number(executions), edges: Number(coverage), features: Number(features) };
}
