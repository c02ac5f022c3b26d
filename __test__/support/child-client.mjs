import { runNode } from './child.mjs';

/** An environment that names no proxy. */
export const WITHOUT_PROXY = Object.fromEntries(
  ['HTTP_PROXY', 'HTTPS_PROXY', 'ALL_PROXY', 'NO_PROXY'].flatMap((name) => [
    [name, undefined],
    [name.toLowerCase(), undefined],
  ]),
);

/**
 * What a client in a process of its own gets: `Bearer`, or the code and message of the failure.
 *
 * @param {{ options: object }} server
 * @param {object} options in place of the server's
 * @param {Record<string, string | undefined>} env besides no proxy
 */
export async function outcomeOf(server, options, env) {
  const script = `
    import { ClientAuthInterceptorFactory } from '@org/smart-m2m';
    const interceptor = ClientAuthInterceptorFactory.create(JSON.parse(process.argv[1]));
    await interceptor.getAuthorizationHeader().then(
      (header) => process.stdout.write(header.split(' ')[0]),
      (error) => process.stdout.write(error.code + ' ' + error.message));`;
  const args = [JSON.stringify({ ...server.options, retry: { attempts: 1 }, ...options })];
  const { stdout } = await runNode(script, { evaluate: true, args, env: { ...WITHOUT_PROXY, ...env } });
  return stdout;
}
