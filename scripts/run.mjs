import { spawn, spawnSync } from 'node:child_process';
import { constants } from 'node:os';

const isWindows = process.platform === 'win32';
/** Time that an interrupted command has to end by itself. */
const GRACE_MS = 5_000;

const running = new Set();
let interruption = null;

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => interrupt(signal));

/**
 * Runs a command and streams what it prints. Whatever ends this process early ends the command as well, and what
 * that had started: each runs in a process group of its own. After an interruption the promise never settles.
 *
 * @param {string} command
 * @param {string[]} args
 * @param {object} [options]
 * @param {string} [options.cwd]
 * @param {NodeJS.ProcessEnv} [options.env] of the command, in place of this process's own
 * @param {boolean} [options.keepOutput] also returns what it printed, in `output`
 * @returns {Promise<{ ok: boolean, output: string }>} not ok either when it could not be started
 */
export function run(command, args, { cwd, env, keepOutput = false } = {}) {
  const stream = keepOutput ? 'pipe' : 'inherit';
  const child = spawn(command, args, { cwd, env, stdio: ['ignore', stream, stream], detached: !isWindows });
  running.add(child);
  let output = '';
  for (const [from, to] of [
    [child.stdout, process.stdout],
    [child.stderr, process.stderr],
  ]) {
    from?.setEncoding('utf8').on('data', (text) => {
      output += text;
      to.write(text);
    });
  }
  return new Promise((resolve) => {
    const settle = (ok) => {
      if (interruption === null) {
        running.delete(child);
        resolve({ ok, output });
      } else {
        leave();
      }
    };
    child.once('error', (error) => {
      console.error(`${command} could not be started: ${error.message}`);
      settle(false);
    });
    child.once('close', (code) => settle(code === 0));
  });
}

function interrupt(signal) {
  interruption ??= signal;
  if (running.size === 0) leave();
  // A command that ends leaves what it had started to the 'exit' listener below.
  for (const child of running) signalGroup(child, signal);
  setTimeout(leave, GRACE_MS).unref();
}

function leave() {
  process.exit(128 + constants.signals[interruption]);
}

process.on('exit', () => {
  for (const child of running) signalGroup(child, 'SIGKILL');
});

function signalGroup({ pid }, signal) {
  if (pid === undefined) return;
  if (isWindows) {
    spawnSync('taskkill', ['/pid', String(pid), '/t', '/f'], { stdio: 'ignore' });
    return;
  }
  try {
    process.kill(-pid, signal);
  } catch {
    // The group has ended.
  }
}
