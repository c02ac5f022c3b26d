import { fork } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * Runs a script in a process that trusts `caPem` as well: Node reads its extra certificates once, when it
 * starts, and then they hold for everything in it, `fetch` and this package alike.
 *
 * @param {URL} script
 * @param {{ caPem?: string, task: object }} options `task` is handed over by message, never by command line
 * @returns {Promise<number>} its exit code
 */
export async function runTrusting(script, { caPem, task }) {
  const directory = await mkdtemp(join(tmpdir(), 'smart-m2m-'));
  // Both end with the child; an interrupted terminal signals the child as well.
  const wait = () => {};
  process.on('SIGINT', wait);
  try {
    const env = { ...process.env };
    if (caPem) {
      env.NODE_EXTRA_CA_CERTS = join(directory, 'ca.pem');
      const trusted = process.env.NODE_EXTRA_CA_CERTS;
      const others = trusted ? await readFile(trusted, 'utf8').catch(() => '') : '';
      await writeFile(env.NODE_EXTRA_CA_CERTS, `${caPem}\n${others}`);
    }
    return await exitCodeOf(fork(script, { env }), task);
  } finally {
    process.off('SIGINT', wait);
    await rm(directory, { recursive: true, force: true });
  }
}

/**
 * What the other side of `runTrusting` was given.
 *
 * @returns {Promise<any>}
 */
export async function receiveTask() {
  const task = await new Promise((resolve) => process.once('message', resolve));
  process.disconnect();
  return task;
}

function exitCodeOf(child, task) {
  const terminate = () => child.kill();
  process.on('SIGTERM', terminate);
  child.send(task);
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve(code ?? 1));
  }).finally(() => process.off('SIGTERM', terminate));
}
