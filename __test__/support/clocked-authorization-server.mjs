import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { clockEnv } from './debian-programs.mjs';

const SCRIPT = fileURLToPath(new URL('./proxied-authorization-server.mjs', import.meta.url));

/**
 * oidc-provider behind nginx, on a machine whose clock is wrong: a process of its own under libfaketime.
 *
 * @param {object} options
 * @param {{ certificatePem: string, privateKeyPem: string }} options.tls
 * @param {object[]} options.clients oidc-provider client metadata
 * @param {number} options.aheadSeconds how far its clock is ahead of the true time
 * @returns {Promise<{ issuer: string, close(): Promise<void> }>}
 */
export async function startClockedAuthorizationServer({ tls, clients, aheadSeconds }) {
  const child = spawn(process.execPath, [SCRIPT], {
    env: { ...process.env, ...clockEnv(aheadSeconds) },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const exit = once(child, 'exit');
  // Where it ends too early, that says so.
  child.stdin.on('error', () => {});
  child.stdin.write(`${JSON.stringify({ tls, clients })}\n`);
  const [line] = await Promise.race([once(createInterface({ input: child.stdout }), 'line'), exit]);
  if (typeof line !== 'string') throw new Error(`the authorization server ended (exit code ${line})`);
  return {
    issuer: JSON.parse(line).issuer,
    async close() {
      child.stdin.end();
      await exit;
    },
  };
}
