import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, writeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { ClientAuthInterceptorFactory, Keystores } from '@org/smart-m2m';

// What the processes have that meet a fault in fault-run.mjs. Reports go out at once: such a process can end at any
// moment. No token is shown in them, so that none may be in the output at all.

export { Keystores, once, sleep };

/** The server's, with the row's changes. */
export const options = JSON.parse(process.env.FAULT_OPTIONS ?? '{}');

/** @param {object} [changes] */
export function create(changes = {}) {
  return ClientAuthInterceptorFactory.create({ ...options, ...changes });
}

/** @param {unknown} outcome @param {string} [message] */
export function report(outcome, message) {
  writeSync(1, `${JSON.stringify({ outcome, message })}\n`);
}

/**
 * Reports what comes of a call: `token 1`, or the code of its error.
 *
 * @param {string | Promise<string> | (() => unknown)} call
 */
export async function tell(call) {
  try {
    const header = await (typeof call === 'function' ? call() : call);
    report(header.replace(/^Bearer secret-token-/, 'token '));
  } catch (error) {
    report(outcomeOf(error), `${error.message}\n${error.cause?.stack ?? ''}`);
  }
}

/** @param {any} error */
export function outcomeOf(error) {
  return `${error.code ?? error.name}${error.transient ? ', transient' : ''}`;
}

/** @param {number} seconds for which the whole process is stopped */
export async function freeze(seconds) {
  const { pid } = process;
  const alarm = spawn('sh', ['-c', `kill -STOP ${pid}; sleep ${seconds}; kill -CONT ${pid}`], {
    stdio: 'ignore',
  });
  await once(alarm, 'exit');
}

/** @param {number} ms for which this thread does nothing */
export function block(ms) {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

/** Leaves the process no file descriptor. @returns {() => void} gives them back */
export function takeDescriptors() {
  const taken = [];
  try {
    for (;;) taken.push(openSync('/dev/null'));
  } catch {
    return () => {
      for (const file of taken.splice(0)) closeSync(file);
    };
  }
}
