import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';

/**
 * Runs commands as a reader's shell would, up to the first that fails.
 *
 * @param {string} commands
 * @param {{ cwd: string, env: Record<string, string | undefined>, timeoutMs?: number }} options
 */
export async function runShell(commands, { cwd, env, timeoutMs = 60_000 }) {
  const child = spawn('sh', ['-e', '-c', commands], {
    cwd,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: timeoutMs,
    killSignal: 'SIGKILL',
  });
  const ended = new Promise((resolve, reject) => child.once('error', reject).once('close', resolve));
  const [stdout, stderr, code] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
  return { code, stdout, stderr };
}

/**
 * Starts one command that goes on, and waits until it has said its first word.
 *
 * @param {string} command
 * @param {{ cwd: string, env: Record<string, string | undefined> }} options
 */
export async function startInBackground(command, { cwd, env }) {
  const child = spawn('sh', ['-e', '-c', `exec ${command}`], {
    cwd,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let complaints = '';
  child.stderr.setEncoding('utf8').on('data', (said) => {
    complaints += said;
  });
  const ended = once(child, 'exit').then(() => {
    throw new Error(`${command} has ended: ${complaints}`);
  });
  await Promise.race([once(child.stdout, 'data'), ended]);
  ended.catch(() => {});
  child.stdout.resume();
  return child;
}

/** @param {import('node:child_process').ChildProcess} child */
export async function endInBackground(child) {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill();
  await ended;
}
