import { spawnSync } from 'node:child_process';
import { packageBin } from './package-bin.mjs';
import { root } from './prepare.mjs';
import { run } from './run.mjs';

/** Set by CI, where a missing tool is a failure. */
const isDenyRequired = process.env.CARGO_DENY_REQUIRED === '1';
const isActionlintRequired = process.env.ACTIONLINT_REQUIRED === '1';

/**
 * Runs every linter, also after one has failed. Needs the addon: the types of `lib/` come with it.
 *
 * @returns {Promise<{ name: string, passed: number, failed: number }[]>}
 */
export async function lint() {
  const results = [];
  for (const [name, command, args] of steps()) {
    console.log(`\n> ${name}`);
    const { ok } = await run(command, args, { cwd: root });
    results.push({ name, passed: ok ? 1 : 0, failed: ok ? 0 : 1 });
  }
  return results;
}

function steps() {
  const node = process.execPath;
  const list = [
    ['cargo fmt', 'cargo', ['fmt', '--all', '--check']],
    ['cargo clippy', 'cargo', ['clippy', '--workspace', '--all-targets', '--', '-D', 'warnings']],
    ['biome', node, [packageBin(root, '@biomejs/biome', 'biome'), 'check', '--error-on-warnings']],
    ['tsc --checkJs', node, [packageBin(root, 'typescript', 'tsc')]],
  ];
  if (isDenyRequired || spawnSync('cargo', ['deny', '--version'], { cwd: root }).status === 0) {
    // Advisories need a database from outside; the workflow checks those.
    list.push(['cargo deny', 'cargo', ['deny', 'check', 'bans', 'licenses', 'sources']]);
  } else {
    console.log('cargo-deny is not installed: the check of the Rust dependencies is left to CI.');
  }
  if (isActionlintRequired || spawnSync('actionlint', ['-version'], { cwd: root }).status === 0) {
    list.push(['actionlint', 'actionlint', []]);
  } else {
    console.log('actionlint is not installed: the check of the workflows is left to CI.');
  }
  return list;
}
