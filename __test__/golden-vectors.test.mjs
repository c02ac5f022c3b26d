import { createPublicKey, randomUUID, verify } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { ClientAuthInterceptorFactory, Keystores } from '@org/smart-m2m';
import test from 'ava';
import { calculateJwkThumbprint } from 'jose';
import { ecJwks, edJwks, rsaJwks } from './support/keys.mjs';
import { json } from './support/recording-server.mjs';
import { startTokenEndpoint } from './support/token-endpoint.mjs';
import { decodeAssertion, formValue } from './support/wire.mjs';

// Published vectors, as far as they can be reached from JavaScript. The RS384 assertion of the SMART guide,
// reproduced byte for byte, is a test of the core: its time and its jti cannot be set from here.

const SMART_GUIDE = {
  RS384: {
    kid: 'eee9f17a3b598fd86417a980b591fbe6',
    thumbprint: 'I99tVmIhN2uhvx12lO4Zrjk9OhGDH6LvIyYALIZivws',
  },
  ES384: {
    kid: 'cd520211e5661dbba2256f67f6d53f97',
    thumbprint: 'gpusNZnFRvG96B1APEttC6NcJetjhM0q2LJagnlW6Tc',
  },
};
const PRIVATE_MEMBERS = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k'];

let endpoint;

test.before(async () => {
  endpoint = await startTokenEndpoint();
});

test.after.always(() => endpoint?.close());

for (const [alg, { kid, thumbprint }] of Object.entries(SMART_GUIDE)) {
  const path = fixture(`smart-app-launch/${alg}.private.json`);
  const { keys } = JSON.parse(readFileSync(path, 'utf8'));

  test(`the ${alg} example of the SMART guide, listed under one kid as public and as private key, signs`, async (t) => {
    t.deepEqual(
      keys.map((key) => key.kid),
      [kid, kid],
    );
    const name = uniqueName();
    const info = Keystores.register(name, { path });
    t.like(info, { name, format: 'jwks', path, keyId: kid, algorithm: alg, certificates: 0 });

    const { body } = await endpoint.requestOf({ clientSecret: undefined, keystore: name });
    const assertion = formValue(body, 'client_assertion');
    const { header, signature } = decodeAssertion(assertion);
    t.deepEqual(header, { alg, kid, typ: 'JWT' });
    const { d, p, q, dp, dq, qi, key_ops, ...publicKey } = keys.find((key) => key.d);
    const key = createPublicKey({ key: publicKey, format: 'jwk' });
    const signed = Buffer.from(assertion.slice(0, assertion.lastIndexOf('.')));
    t.true(verify('sha384', signed, { key, dsaEncoding: 'ieee-p1363' }, signature));
    t.is(signature.length, alg === 'ES384' ? 96 : 256);
  });

  test(`the ${alg} example of the SMART guide is shown to servers once, without its private half`, (t) => {
    const name = uniqueName();
    Keystores.register(name, { path });
    const shown = Keystores.publicJwks(name).keys;
    t.is(shown.length, 1);
    t.is(shown[0].kid, kid);
    for (const member of PRIVATE_MEMBERS) t.false(member in shown[0], member);
  });

  test(`without its kid, the ${alg} example of the SMART guide goes by its thumbprint`, (t) => {
    const { kid: _, ...nameless } = keys.find((key) => key.d);
    t.is(keyIdOf(nameless), thumbprint);
  });
}

test('the RSA key of RFC 7638 §3.1 has the thumbprint that the RFC states', (t) => {
  const info = Keystores.register(uniqueName(), { path: fixture('rfc7517/rsa.private.json') });
  t.is(info.keyId, 'NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs');
});

test('the Ed25519 key of RFC 8037, appendix A, has the thumbprint that the RFC states', (t) => {
  const keyId = keyIdOf({
    kty: 'OKP',
    crv: 'Ed25519',
    d: 'nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A',
    x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo',
  });
  t.is(keyId, 'kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k');
});

for (const [kind, jwks] of Object.entries({
  RSA: rsaJwks(),
  'P-256': ecJwks({ alg: 'ES256' }),
  'P-384': ecJwks({ alg: 'ES384' }),
  'P-521': ecJwks({ alg: 'ES512' }),
  Ed25519: edJwks(),
})) {
  test(`a key of type ${kind} without a kid goes by the thumbprint that others compute`, async (t) => {
    const { kid, ...nameless } = jwks.keys[0];
    t.is(keyIdOf(nameless), await calculateJwkThumbprint(nameless, 'sha256'));
  });
}

test('HTTP Basic: credentials that encoding leaves alone', async (t) => {
  const { headers } = await endpoint.requestOf({ clientId: 's6BhdRkqt3', clientSecret: 'gX1fBat3bV' });
  t.is(headers.authorization, 'Basic czZCaGRSa3F0MzpnWDFmQmF0M2JW');
});

test("HTTP Basic: the RFC's letter and this client differ only in how a space is written", async (t) => {
  const literal =
    'Basic MVBwRyUyRlErMTp6JTJGdFo5VndGWnFBcG1JUSUyQlpIMUk1cExrJTJGdUI0dWQlM0FYMiUyRjhiTCUyQndmRlR0MXJGdyUzRA==';
  const { headers } = await endpoint.requestOf({
    clientId: '1PpG/Q 1',
    clientSecret: 'z/tZ9VwFZqApmIQ+ZH1I5pLk/uB4ud:X2/8bL+wfFTt1rFw=',
  });
  t.is(basicOf(headers.authorization), basicOf(literal).replace('+', '%20'));
  // Read by RFC 6749, which takes `+` and `%20` for the same, both say what was meant.
  t.is(
    decodeURIComponent(basicOf(headers.authorization)),
    decodeURIComponent(basicOf(literal).replaceAll('+', ' ')),
  );
});

test("the form is the SMART guide's, byte for byte", async (t) => {
  const keystore = uniqueName();
  Keystores.register(keystore, { path: fixture('smart-app-launch/ES384.private.json') });
  const { body } = await endpoint.requestOf({ clientSecret: undefined, keystore, scope: 'system/*.rs' });
  const beforeAssertion =
    'grant_type=client_credentials&scope=system%2F*.rs&client_assertion_type=' +
    'urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer&client_assertion=';
  t.is(body.slice(0, beforeAssertion.length), beforeAssertion);
  t.regex(body.slice(beforeAssertion.length), /^[\w-]+\.[\w-]+\.[\w-]+$/);
});

test('the form writes a space as a plus sign', async (t) => {
  const { body } = await endpoint.requestOf({ scope: 'system/Patient.rs system/Group.rs' });
  t.true(body.includes('scope=system%2FPatient.rs+system%2FGroup.rs'), body);
});

test('well-known documents: SMART appends to the FHIR base', async (t) => {
  const own = await startTokenEndpoint();
  t.teardown(own.close);
  own.on('GET /t1/.well-known/smart-configuration', json(200, { token_endpoint: own.url('/token') }));
  await ClientAuthInterceptorFactory.create({
    ...own.options,
    fhirBaseUrl: own.url('/t1'),
  }).getAuthorizationHeader();
  t.deepEqual(own.discoveryRequests(), ['/t1/.well-known/smart-configuration']);
});

test('well-known documents: RFC 8414 inserts before the path, OpenID Connect appends to it', async (t) => {
  const own = await startTokenEndpoint();
  t.teardown(own.close);
  const issuer = own.url('/t1');
  own.on(
    'GET /t1/.well-known/openid-configuration',
    json(200, { issuer, token_endpoint: own.url('/token') }),
  );
  await ClientAuthInterceptorFactory.create({ ...own.options, issuer }).getAuthorizationHeader();
  t.deepEqual(own.discoveryRequests(), [
    '/.well-known/oauth-authorization-server/t1',
    '/t1/.well-known/openid-configuration',
  ]);
});

function keyIdOf(jwk) {
  return Keystores.register(uniqueName(), { jwks: { keys: [jwk] } }).keyId;
}

function basicOf(authorization) {
  return Buffer.from(authorization.replace('Basic ', ''), 'base64').toString();
}

function uniqueName() {
  return `vector-${randomUUID()}`;
}

function fixture(name) {
  return fileURLToPath(new URL(`fixtures/${name}`, import.meta.url));
}
