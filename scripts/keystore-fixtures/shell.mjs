import { spawnSync } from 'node:child_process';

/**
 * Runs a command line; without UTF-8 the Java tools cannot take a password that is not ASCII.
 *
 * @param {string} line
 * @param {string} cwd
 * @returns {Buffer} what it printed
 */
export function shell(line, cwd) {
  const env = { ...process.env, LC_ALL: 'C.UTF-8' };
  const { status, stdout, stderr } = spawnSync('sh', ['-c', line], { cwd, env });
  if (status !== 0) throw new Error(`${line}\n${stdout}${stderr}`);
  return stdout;
}
