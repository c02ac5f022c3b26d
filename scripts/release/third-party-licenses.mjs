import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { TARGETS } from '../platforms/targets.mjs';
import { root } from '../prepare.mjs';
import { run } from '../run.mjs';
import { linkedCrates, lockedChecksums } from './crates.mjs';
import { withSharedTexts } from './shared-license-texts.mjs';

// The licences of the crates in the addon, which every platform package brings along. `npm run licenses` writes them
// anew with cargo-about, `-- --check` says whether they fit Cargo.lock, which takes no tool.

const CARGO_ABOUT = '0.9.3';

/** From the root of the repository, and of each platform package. */
export const LICENSES_FILE = 'THIRD-PARTY-LICENSES';

/**
 * What the file lacks, or has too much, a sentence each.
 *
 * @param {string} [text] of the file
 * @returns {string[]}
 */
export function licenseProblems(text = readFileSync(join(root, LICENSES_FILE), 'utf8')) {
  const named = new Set(
    text
      .split(/^-{80}$/m)
      .slice(1)
      .flatMap((section) => [
        ...section
          .trimStart()
          .split('\n\n')[0]
          .matchAll(/^(\S+) (\d+\.\d+\.\S+)/gm),
      ])
      .map(([, name, version]) => `${name}@${version}`),
  );
  const locked = lockedChecksums();
  const linked = new Set(TARGETS.flatMap(({ triple }) => [...linkedCrates(triple)]));
  const missing = [...linked].filter((crate) => locked.get(crate) !== undefined && !named.has(crate));
  const stale = [...named].filter((crate) => !locked.has(crate));
  return [
    ...missing.map((crate) => `${crate} is in the addon and not in ${LICENSES_FILE}: run npm run licenses.`),
    ...stale.map((crate) => `${crate} is in ${LICENSES_FILE} and not in Cargo.lock: run npm run licenses.`),
  ];
}

/** @returns {Promise<boolean>} whether the file was written */
async function writeLicenses() {
  const tool = await cargoAbout();
  if (tool === null) return false;
  const template = join(root, 'scripts', 'release', 'third-party-licenses.hbs');
  const args = ['generate', '--locked', '--fail', '--output-file', LICENSES_FILE, template];
  const { ok } = await run(tool, args, { cwd: root });
  const path = join(root, LICENSES_FILE);
  if (ok) writeFileSync(path, withSharedTexts(readFileSync(path, 'utf8')));
  return ok;
}

/** Its path, installed if it is not there. */
async function cargoAbout() {
  const folder = join(
    process.env.XDG_CACHE_HOME || join(homedir(), '.cache'),
    'smart-m2m',
    `cargo-about-${CARGO_ABOUT}`,
  );
  const tool = join(folder, 'bin', 'cargo-about');
  if (spawnSync(tool, ['--version']).status === 0) return tool;
  console.log(`Installing cargo-about ${CARGO_ABOUT}; that takes some minutes …`);
  const args = [
    'install',
    '--quiet',
    '--locked',
    '--version',
    CARGO_ABOUT,
    '--features',
    'cli',
    '--root',
    folder,
  ];
  const { ok } = await run('cargo', [...args, 'cargo-about'], { cwd: root });
  return ok ? tool : null;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  if (!process.argv.includes('--check') && !(await writeLicenses())) process.exit(1);
  const problems = licenseProblems();
  for (const problem of problems) console.error(problem);
  if (problems.length > 0) process.exitCode = 1;
}
