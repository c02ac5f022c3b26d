import { spawnSync } from 'node:child_process';
import { npmCommand } from '../npm-command.mjs';
import { root } from '../prepare.mjs';

/**
 * What an npm command prints.
 *
 * @param {string[]} args
 * @param {{ cwd?: string }} [options]
 * @returns {string}
 */
export function npm(args, { cwd = root } = {}) {
  const [command, ...all] = npmCommand(args);
  const { status, stdout, stderr, error } = spawnSync(command, all, { cwd, encoding: 'utf8', shell: false });
  if (status !== 0) throw new Error(`npm ${args.join(' ')} failed: ${error?.message ?? stderr.trim()}`);
  return stdout;
}
