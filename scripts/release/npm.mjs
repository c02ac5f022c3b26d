import { spawnSync } from 'node:child_process';
import { basename } from 'node:path';
import { root } from '../prepare.mjs';

/**
 * What an npm command prints.
 *
 * @param {string[]} args
 * @param {{ cwd?: string }} [options]
 * @returns {string}
 */
export function npm(args, { cwd = root } = {}) {
  const cli = process.env.npm_execpath;
  // As a script where it can be had: on Windows the command `npm` is a batch file, which needs a shell.
  const isScript = cli !== undefined && basename(cli) === 'npm-cli.js';
  const [command, all] = isScript ? [process.execPath, [cli, ...args]] : ['npm', args];
  const { status, stdout, stderr, error } = spawnSync(command, all, { cwd, encoding: 'utf8', shell: false });
  if (status !== 0) throw new Error(`npm ${args.join(' ')} failed: ${error?.message ?? stderr.trim()}`);
  return stdout;
}
