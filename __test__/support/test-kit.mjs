import { randomUUID } from 'node:crypto';
import { ClientAuthInterceptorFactory, Keystores } from '@org/smart-m2m';
import { startSmartServer } from '@org/smart-m2m/testing';

/**
 * A server of the test kit, over plain http so that Node's own fetch reaches it, closed when the test is over.
 *
 * @param {import('ava').ExecutionContext} t
 * @param {import('@org/smart-m2m/testing').SmartServerOptions} [options]
 */
export async function openSmartServer(t, options) {
  const server = await startSmartServer({ tls: false, ...options });
  t.teardown(() => server.close());
  return server;
}

/**
 * An interceptor of this package for a client of the kit that has a key of its own.
 *
 * @param {import('@org/smart-m2m/testing').SmartServer} server
 * @param {import('@org/smart-m2m/testing').RegisteredClient} client
 * @param {object} [changes] to its options
 */
export function interceptorFor(server, client, changes = {}) {
  const keystore = `test-kit-${randomUUID()}`;
  if (client.jwks !== null) Keystores.register(keystore, { jwks: client.jwks });
  return ClientAuthInterceptorFactory.create({
    ...server.clientOptions,
    clientId: client.clientId,
    scope: 'system/*.rs',
    ...(client.jwks === null ? { clientSecret: client.clientSecret } : { keystore }),
    ...changes,
  });
}
