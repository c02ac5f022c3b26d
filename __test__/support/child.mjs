import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

export const PACKAGE_ROOT = fileURLToPath(new URL('../..', import.meta.url));

/**
 * Runs Node on a script and waits until it has ended by itself. One that has not within `timeoutMs` is killed,
 * and its `signal` says so.
 *
 * @param {string} script path, or with `evaluate` the text of an ES module
 * @param {object} [options]
 * @param {boolean} [options.evaluate]
 * @param {Record<string, string | undefined>} [options.env] on top of this process's; undefined removes
 * @param {string[]} [options.nodeArgs] of Node itself
 * @param {string[]} [options.args]
 * @param {string} [options.cwd]
 * @param {number} [options.timeoutMs]
 * @returns {Promise<{ code: number | null, signal: string | null, stdout: string, stderr: string }>}
 */
export function runNode(
  script,
  { evaluate = false, env = {}, nodeArgs = [], args = [], cwd = PACKAGE_ROOT, timeoutMs = 60_000 } = {},
) {
  const scriptArgs = evaluate ? ['--input-type=module', '--eval', script, '--', ...args] : [script, ...args];
  // By default where text resolves the package by its own name.
  return runProgram(process.execPath, [...nodeArgs, ...scriptArgs], {
    cwd,
    env: { ...process.env, ...env },
    timeoutMs,
  });
}

/**
 * Runs a program in the same way.
 *
 * @param {string} command
 * @param {string[]} args
 * @param {object} options
 * @param {string} options.cwd
 * @param {Record<string, string | undefined>} options.env all of it
 * @param {number} [options.timeoutMs]
 * @returns {ReturnType<typeof runNode>}
 */
export function runProgram(command, args, { cwd, env, timeoutMs = 60_000 }) {
  const child = spawn(command, args, {
    cwd,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output = { stdout: '', stderr: '' };
  for (const name of /** @type {const} */ (['stdout', 'stderr'])) {
    child[name].setEncoding('utf8').on('data', (text) => {
      output[name] += text;
    });
  }
  const timeout = setTimeout(() => {
    child.kill('SIGKILL');
    // What it has started itself lives on, and may hold these open for ever.
    child.stdout.destroy();
    child.stderr.destroy();
  }, timeoutMs);
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => resolve({ code, signal, ...output }));
  }).finally(() => clearTimeout(timeout));
}
