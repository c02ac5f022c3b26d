import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { packageBin } from '../package-bin.mjs';
import { root } from '../prepare.mjs';
import { run } from '../run.mjs';
import { testFiles } from './files.mjs';
import { checkSelf, reportsAt } from './self-check.mjs';
import { addressRuntime, cargo, folder, TARGET } from './toolchain.mjs';

// The tests of the addon, with one that checks each access to memory: Rust and aws-lc's C alike.

const NAME = 'address';
const modules = join(folder, 'modules');
const addon = join(modules, '@org', 'smart-m2m-linux-x64-gnu', 'addon.node');
const reports = join(folder, 'reports');
const results = join(folder, 'results.json');

/**
 * @param {{ files: string[], all: boolean, again: boolean }} options
 * @returns {Promise<boolean>}
 */
export async function checkAddresses({ files, all, again }) {
  const runtime = addressRuntime();
  if (runtime === null) {
    console.error('gcc has no libasan.so: install its runtime for AddressSanitizer.');
    return false;
  }
  /** @param {string} path */
  const environment = (path) => ({
    LD_PRELOAD: runtime,
    // Leaks have tests of their own: V8 frees little when a process ends. A report is a file, whoever reads stderr.
    ASAN_OPTIONS: `detect_leaks=0:log_path=${path}:detect_stack_use_after_return=0`,
    // Where the package looks first for a build of its own.
    NODE_PATH: modules,
  });
  if (!checkSelf(environment) || !(await buildAddon())) return false;

  const wanted = files.length > 0 ? files : testFiles(all);
  const build = createHash('sha256').update(readFileSync(addon)).digest('hex');
  const known = passedWith(build);
  const isAsked = again || files.length > 0;
  for (const [index, file] of wanted.entries()) {
    if (!isAsked && known[file]?.ok && known[file].changed === changeOf(file)) continue;
    console.log(`\n${index + 1} of ${wanted.length}: ${file}`);
    known[file] = await runFile(file, environment);
    writeFileSync(results, JSON.stringify({ build, files: known }, null, 2));
  }
  return summarise(wanted, known);
}

async function buildAddon() {
  const { ok } = await cargo(['build', '--package', 'smart-m2m', '--lib', '--target', TARGET], {
    name: NAME,
    rustFlags: ['-Zsanitizer=address', '-Cforce-frame-pointers=yes', '-Cdebuginfo=1'],
    cFlags: '-fsanitize=address -fno-omit-frame-pointer',
  });
  if (!ok) return false;
  mkdirSync(join(addon, '..'), { recursive: true });
  // A new file: a process may still have the old one.
  rmSync(addon, { force: true });
  copyFileSync(join(folder, NAME, TARGET, 'debug', 'libsmart_m2m.so'), addon);
  writeFileSync(join(addon, '..', 'package.json'), JSON.stringify({ main: basename(addon) }));
  return true;
}

/**
 * @param {string} file
 * @param {(path: string) => Record<string, string>} environment
 */
async function runFile(file, environment) {
  const path = join(reports, file.replaceAll('/', '-'));
  rmSync(reports, { recursive: true, force: true });
  mkdirSync(reports, { recursive: true });
  const start = Date.now();
  const { ok } = await run(process.execPath, [packageBin(root, 'ava'), '--timeout=10m', file], {
    cwd: root,
    env: { ...process.env, ...environment(path) },
  });
  const written = reportsAt(path);
  for (const report of written) console.error(report);
  return {
    ok: ok && written.length === 0,
    reports: written.length,
    ms: Date.now() - start,
    changed: changeOf(file),
  };
}

/** @returns {Record<string, { ok: boolean, reports: number, ms: number, changed: string }>} */
function passedWith(build) {
  if (!existsSync(results)) return {};
  const stored = JSON.parse(readFileSync(results, 'utf8'));
  return stored.build === build ? stored.files : {};
}

function changeOf(file) {
  return createHash('sha256')
    .update(readFileSync(join(root, file)))
    .digest('hex');
}

function summarise(wanted, known) {
  const failed = wanted.filter((file) => !known[file].ok);
  const seconds = wanted.reduce((sum, file) => sum + known[file].ms, 0) / 1000;
  const reported = wanted.reduce((sum, file) => sum + known[file].reports, 0);
  for (const file of failed) console.log(`failed: ${file}`);
  console.log(
    `\nAddressSanitizer: ${wanted.length - failed.length} of ${wanted.length} test files passed in ${seconds.toFixed(0)} s, ` +
      `${reported} reports`,
  );
  return failed.length === 0;
}
