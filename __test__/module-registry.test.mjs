import test from 'ava';
import { runNode } from './support/child.mjs';
import { ecJwks } from './support/keys.mjs';
import { startPlainServer } from './support/plain-server.mjs';

// Programs that load their modules anew empty require.cache, and test runners have registries of their own.

test.beforeEach(async (t) => {
  t.context.server = await startPlainServer();
});
test.afterEach.always(({ context }) => context.server?.close());

test('an interceptor works on where the modules of the package are taken out of require.cache', async (t) => {
  const jwks = ecJwks();
  const [{ d: _, ...publicJwk }] = jwks.keys;
  const { clientSecret: __, ...options } = t.context.server.options;
  const program = `
    import { createPrivateKey, sign } from 'node:crypto';
    import { subscribe } from 'node:diagnostics_channel';
    import { createRequire } from 'node:module';

    const require = createRequire(${JSON.stringify(import.meta.url)});
    const { ClientAuthInterceptorFactory, Keystores } = require('@org/smart-m2m');
    const told = [];
    const key = createPrivateKey({ key: ${JSON.stringify(jwks.keys[0])}, format: 'jwk' });
    Keystores.register('elsewhere', {
      publicJwk: ${JSON.stringify(publicJwk)},
      sign(input) {
        told.push('signer');
        return sign('sha384', input, { key, dsaEncoding: 'ieee-p1363' });
      },
    });
    subscribe('tracing:smart-m2m:token:end', () => told.push('token request'));
    const options = ${JSON.stringify(options)};
    const interceptor = ClientAuthInterceptorFactory.create({ ...options, keystore: 'elsewhere' });
    interceptor.registerInterceptor({
      CLIENT_AUTH_PRE_TOKEN_REQUEST() {
        told.push('hook');
        return null;
      },
    });
    await interceptor.getAuthorizationHeader();
    for (const path of Object.keys(require.cache)) if (!path.endsWith('.node')) delete require.cache[path];
    interceptor.invalidate();
    console.log(await interceptor.getAuthorizationHeader());
    console.log(told.join(', '));`;
  const { code, stdout, stderr } = await runNode(program, { evaluate: true });
  t.is(code, 0, stderr);
  const [header, told] = stdout.split('\n');
  t.is(header, 'Bearer token-2');
  t.is(told, 'hook, signer, token request, hook, signer, token request');
});
