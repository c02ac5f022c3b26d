import { createHash, randomUUID, X509Certificate } from 'node:crypto';
import { ClientAuthInterceptorFactory, Keystores } from '@org/smart-m2m';
import test from 'ava';
import { makeCertificates } from '../examples/embedded/certificates.mjs';
import { startKeyCheckingEndpoint } from './support/key-checking-endpoint.mjs';
import { ecJwks, pkcs8Pem, rsaJwks } from './support/keys.mjs';
import { collectWarnings } from './support/warnings.mjs';

const RSA = rsaJwks({ alg: 'RS256' });
const RSA_WITHOUT_ALG = { keys: RSA.keys.map(({ alg, ...key }) => key) };
const EC = ecJwks({ alg: 'ES256' });

let endpoint;

test.before(async () => {
  endpoint = await startKeyCheckingEndpoint({ accepted: { keys: [...RSA_WITHOUT_ALG.keys, ...EC.keys] } });
});

test.after.always(() => endpoint?.close());

for (const [what, jwks, listed, algorithm, expected] of [
  ['the option wins over the key and the list', RSA, ['RS384'], 'PS512', 'PS512'],
  ["the key's own alg wins over the list", RSA, ['RS384', 'ES384'], undefined, 'RS256'],
  [
    'a key without alg signs what the server lists, RS384 first',
    RSA_WITHOUT_ALG,
    ['RS256', 'RS384'],
    undefined,
    'RS384',
  ],
  [
    'a key without alg signs the only one that it can',
    RSA_WITHOUT_ALG,
    ['ES384', 'PS256'],
    undefined,
    'PS256',
  ],
  [
    'a list with nothing that the key can leaves its type to decide',
    RSA_WITHOUT_ALG,
    ['ES384'],
    undefined,
    'RS384',
  ],
  ['without a list the type decides', RSA_WITHOUT_ALG, undefined, undefined, 'RS384'],
]) {
  test(`${what}: ${expected}`, async (t) => {
    const { header } = await assertionOf(t, jwks, { algorithm }, listed);
    t.is(header.alg, expected);
  });
}

test('the trap of a key that says RS256 at a server that lists RS384 and ES384 shows in a warning', async (t) => {
  const { warnings } = await assertionOf(t, RSA, {}, ['RS384', 'ES384']);
  const [warning] = warnings.filter(({ code }) => code === 'ALGORITHM_NOT_LISTED');
  t.regex(warning.message, /the key says RS256 .*lists RS384, ES384/);
});

test('and in the error that follows', async (t) => {
  const strict = await startKeyCheckingEndpoint({
    accepted: rsaJwks(),
    metadata: { token_endpoint_auth_signing_alg_values_supported: ['RS384', 'ES384'] },
  });
  t.teardown(strict.close);
  const interceptor = ClientAuthInterceptorFactory.create({ ...strict.options, keystore: registered(RSA) });
  const error = await t.throwsAsync(interceptor.getAuthorizationHeader());
  t.is(error.oauth.error, 'invalid_client');
  t.regex(error.message, /the key says RS256 .*lists RS384, ES384/);
});

test('an algorithm that the server has chosen, and the exported key does not say, is warned of', async (t) => {
  const { header, warnings, interceptor } = await assertionOf(t, RSA_WITHOUT_ALG, {}, ['PS256']);
  t.is(header.alg, 'PS256');
  t.is(interceptor.publicJwks().keys[0].alg, 'RS384');
  const [warning] = warnings.filter(({ code }) => code === 'ALGORITHM_BY_SERVER');
  t.regex(warning.message, /signed PS256.*alg RS384.*assertion\.algorithm/);
  const told = await assertionOf(t, RSA_WITHOUT_ALG, { algorithm: 'PS256' }, ['PS256']);
  t.is(told.interceptor.publicJwks().keys[0].alg, 'PS256');
  t.false(told.warnings.some(({ code }) => code === 'ALGORITHM_BY_SERVER'));
});

test("an option that overrules the key's alg is warned of", async (t) => {
  const { warnings } = await assertionOf(t, RSA, { algorithm: 'RS384' });
  t.true(warnings.some(({ code }) => code === 'ALGORITHM_OVERRIDES_KEY'));
});

test('an algorithm that the key cannot sign is refused before anything is sent', (t) => {
  const error = t.throws(() => create({ assertion: { algorithm: 'ES384' } }, RSA));
  t.is(error.code, 'ERR_INVALID_CONFIG');
  t.regex(error.message, /assertion\.algorithm is ES384.*type RSA/);
});

test('an algorithm that nobody knows is refused, with those that are known', (t) => {
  const error = t.throws(() => create({ assertion: { algorithm: 'HS256' } }, RSA));
  t.regex(error.message, /assertion\.algorithm: expected 'RS256'/);
});

test('keyId stands in for the kid of the keystore, in the assertion and in what is registered', async (t) => {
  const { header, interceptor } = await assertionOf(t, RSA_WITHOUT_ALG, { keyId: 'given-by-the-server' });
  t.is(header.kid, 'given-by-the-server');
  t.is(interceptor.publicJwks().keys[0].kid, 'given-by-the-server');
});

test('keyId null sends no kid', async (t) => {
  const { header } = await assertionOf(t, EC, { keyId: null });
  t.deepEqual(header, { alg: 'ES256', typ: 'JWT' });
});

test('jwksUrl is sent as jku, and has to be https', async (t) => {
  const jwksUrl = 'https://client.example.org/jwks.json';
  const { header } = await assertionOf(t, EC, { jwksUrl });
  t.is(header.jku, jwksUrl);
  const error = t.throws(() => create({ assertion: { jwksUrl: 'http://client.example.org/' } }, EC));
  t.is(error.code, 'ERR_INSECURE_URL');
});

test('certificateHeaders name the certificate that the keystore has', async (t) => {
  const { certificatePem, privateKeyPem } = await makeCertificates();
  const name = `certified-${randomUUID()}`;
  const info = Keystores.register(name, { data: `${privateKeyPem}\n${certificatePem}` });
  t.is(info.certificates, 1);
  const { header } = await headerOf({ certificateHeaders: ['x5t', 'x5t#S256', 'x5c'] }, name);
  const { raw } = new X509Certificate(certificatePem);
  t.is(header.x5t, createHash('sha1').update(raw).digest('base64url'));
  t.is(header['x5t#S256'], createHash('sha256').update(raw).digest('base64url'));
  t.deepEqual(header.x5c, [raw.toString('base64')]);
});

test('certificateHeaders without a certificate are refused before anything is sent', (t) => {
  const error = t.throws(() => create({ assertion: { certificateHeaders: ['x5t'] } }, EC));
  t.is(error.code, 'ERR_INVALID_CONFIG');
  t.regex(error.message, /certificate/);
});

test('a certificate of another key is told from one that belongs to it', async (t) => {
  const { certificatePem } = await makeCertificates();
  const data = `${pkcs8Pem(EC)}\n${certificatePem}`;
  const error = t.throws(() => Keystores.register('mixed-up', { data }));
  t.is(error.code, 'ERR_KEYSTORE_UNUSABLE_KEY');
  t.regex(error.message, /does not belong/);
});

test('two clients that differ in the assertion alone have a token each', async (t) => {
  const keystore = registered(EC);
  const options = { ...endpoint.options, clientId: `differ-${randomUUID()}`, keystore };
  const changes = [{}, { keyId: 'other' }, { keyId: null }, { jwksUrl: 'https://c.example.org/j' }];
  const headers = await Promise.all(
    changes.map((assertion) =>
      ClientAuthInterceptorFactory.create({ ...options, assertion })
        .getAuthorizationHeader()
        .catch(({ code }) => `${code} ${randomUUID()}`),
    ),
  );
  t.is(new Set(headers).size, changes.length);
});

function registered(jwks) {
  const name = `algorithm-${randomUUID()}`;
  Keystores.register(name, { jwks });
  return name;
}

function create(changes, jwks) {
  return ClientAuthInterceptorFactory.create({ ...endpoint.options, keystore: registered(jwks), ...changes });
}

async function assertionOf(t, jwks, assertion, listed) {
  return headerOf(assertion, registered(jwks), listed, t);
}

/** The JOSE header of the one assertion that these settings lead to, at a server of their own. */
async function headerOf(assertion, keystore, listed, t) {
  const server = await startKeyCheckingEndpoint({
    metadata: listed && { token_endpoint_auth_signing_alg_values_supported: listed },
  });
  const clientId = `client-${randomUUID()}`;
  const warnings = t ? collectWarnings(t, clientId) : [];
  const interceptor = ClientAuthInterceptorFactory.create({
    ...server.options,
    clientId,
    keystore,
    assertion,
  });
  await interceptor.getAuthorizationHeader().catch(() => {});
  await server.close();
  return { header: server.assertionHeaders()[0], interceptor, warnings };
}
