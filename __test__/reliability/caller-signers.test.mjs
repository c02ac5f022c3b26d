import { createPrivateKey, randomUUID, sign as signWith } from 'node:crypto';
import { ClientAuthError, ClientAuthInterceptorFactory, Keystores } from '@org/smart-m2m';
import test from 'ava';
import { startKeyCheckingEndpoint } from '../support/key-checking-endpoint.mjs';
import { ecJwks, publicJwks } from '../support/keys.mjs';
import { ROWS } from './caller-signers.rows.mjs';

const JWKS = ecJwks();
const [JWK] = JWKS.keys;

let endpoint;

test.before(async () => {
  endpoint = await startKeyCheckingEndpoint({ accepted: JWKS });
});

test.after.always(() => endpoint?.close());

for (const row of ROWS) {
  test(`${row.name}: ${row.outcome}`, async (t) => {
    const name = `signer-${randomUUID()}`;
    const memory = { unregister: () => Keystores.unregister(name) };
    const register = (sign, timeoutMs) => {
      Keystores.register(name, { sign, publicJwk: publicJwks(JWKS).keys[0], timeoutMs });
    };
    memory.register = register;
    register((input, algorithm) => row.sign(input, algorithm, signature, memory), row.timeoutMs);
    memory.interceptor = ClientAuthInterceptorFactory.create({
      ...endpoint.options,
      clientId: name,
      keystore: name,
      retry: { attempts: 1 },
      renewal: { failureCooldownSeconds: 0 },
    });
    const [{ value, reason }] = await Promise.allSettled([memory.interceptor.getAuthorizationHeader()]);
    if (row.code === undefined) {
      t.regex(value, /^Bearer /);
      return;
    }
    t.true(reason instanceof ClientAuthError);
    t.is(reason.code, row.code);
    if ('cause' in row) t.is(reason.cause, row.cause);
    t.false(reason.message.includes(JWK.d));
    if (row.mayBeSent) return;
    t.false(endpoint.tokenRequests().some(({ body }) => body.includes(name)));
    register(signature);
    t.regex(await memory.interceptor.getAuthorizationHeader(), /^Bearer /, 'another signer helps at once');
  });
}

function signature(input, algorithm) {
  const key = createPrivateKey({ key: JWK, format: 'jwk' });
  return signWith(`sha${algorithm.slice(2)}`, input, { key, dsaEncoding: 'ieee-p1363' });
}
