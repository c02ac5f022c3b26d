import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const SCRIPT = fileURLToPath(new URL('token-endpoint-process.mjs', import.meta.url));

/**
 * A token endpoint in a process of its own, so that its work is nobody's in the figures. Plain http on
 * loopback: TLS would add the same to every client.
 *
 * @returns {Promise<{ url: string, stop: () => Promise<void> }>}
 */
export async function startTokenEndpoint() {
  const child = fork(SCRIPT, { execArgv: [] });
  const exited = once(child, 'exit');
  const [url] = await Promise.race([
    once(child, 'message'),
    exited.then(() => Promise.reject(new Error('the token endpoint did not start'))),
  ]);
  return {
    url,
    async stop() {
      child.disconnect();
      await exited;
    },
  };
}

/**
 * The number that the endpoint gave to a token: what tells a new one from a kept one.
 *
 * @param {string} header
 */
export function tokenNumber(header) {
  const number = /^Bearer (\d+)\./.exec(header)?.[1];
  if (number === undefined) throw new Error('not a header with a token of the endpoint');
  return Number(number);
}
