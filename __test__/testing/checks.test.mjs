import { randomUUID } from 'node:crypto';
import { request } from 'node:http';
import test from 'ava';
import { assertionForm, assertionOf, fhir, postForm, requestToken } from '../support/foreign-client.mjs';
import { ecJwks } from '../support/keys.mjs';
import { openSmartServer } from '../support/test-kit.mjs';

const MINUTE = 60;
const now = () => Math.floor(Date.now() / 1000);
const basic = (pair) => `Basic ${Buffer.from(pair).toString('base64')}`;

/**
 * Requests that break one rule each: `assertion` says what of the assertion is different, `form` what of the
 * parameters, `init` what of the HTTP request. With the check off the same request gets a token.
 */
const BROKEN = {
  'another method than POST': {
    check: 'method',
    rule: 'RFC 6749 §3.2',
    status: 405,
    error: 'invalid_request',
    explanation: /was asked by PUT, and takes POST only/,
    init: () => ({ method: 'PUT' }),
  },
  'a credential in the URL': {
    check: 'credentialsInUrl',
    rule: 'RFC 6749 §2.3.1',
    error: 'invalid_request',
    explanation: /client_secret is in the URL/,
    query: '?client_secret=abc',
  },
  'a JSON content type': {
    check: 'contentType',
    rule: 'RFC 6749 §4.4.2',
    error: 'invalid_request',
    explanation: /Content-Type is 'application\/json', and has to be/,
    init: () => ({ headers: { 'content-type': 'application/json' } }),
  },
  'a parameter that is there twice': {
    check: 'repeatedParameters',
    rule: 'RFC 6749 §3.2',
    error: 'invalid_request',
    explanation: /'scope' is there more than once/,
    more: [['scope', 'system/Patient.rs']],
  },
  'another grant type': {
    check: 'grantType',
    rule: 'RFC 6749 §4.4.2',
    error: 'unsupported_grant_type',
    explanation: /grant_type is 'authorization_code', and has to be/,
    form: { grant_type: 'authorization_code' },
  },
  'no grant type': {
    check: 'grantType',
    rule: 'RFC 6749 §4.4.2',
    error: 'invalid_request',
    explanation: /grant_type is missing/,
    form: { grant_type: undefined },
  },
  'a parameter without a value': {
    check: 'grantType',
    rule: 'RFC 6749 §4.4.2',
    error: 'invalid_request',
    explanation: /grant_type is missing/,
    form: { grant_type: '' },
  },
  'two client authentications': {
    check: 'oneAuthentication',
    rule: 'RFC 6749 §2.3',
    error: 'invalid_request',
    explanation: /by a client assertion and by an Authorization header; one method at a time/,
    init: () => ({ headers: { authorization: basic('a:b') } }),
  },
  'a secret beside the assertion': {
    check: 'oneAuthentication',
    rule: 'RFC 6749 §2.3',
    error: 'invalid_request',
    explanation: /by a client assertion and by client_secret in the form/,
    form: { client_secret: 'abc' },
  },
  'a method that the client is not registered for': {
    check: 'clientAuthMethod',
    rule: 'RFC 7591 §2',
    error: 'invalid_client',
    explanation: /by private_key_jwt, and is registered for client_secret_post/,
    client: { jwks: ecJwks(), clientSecret: 'abc', clientAuthMethod: 'client_secret_post' },
  },
  'another type of assertion': {
    check: 'assertionType',
    rule: 'RFC 7523 §2.2',
    error: 'invalid_client',
    explanation: /client_assertion_type is 'urn:ietf:params:oauth:client-assertion-type:saml2-bearer'/,
    form: { client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:saml2-bearer' },
  },
  'an algorithm that is not listed': {
    check: 'algorithm',
    rule: 'RFC 8414 §2',
    error: 'invalid_client',
    explanation: /alg is 'ES384'; token_endpoint_auth_signing_alg_values_supported lists 'RS384'/,
    settings: { algorithms: ['RS384'] },
  },
  'another typ': {
    check: 'typ',
    rule: 'SMART App Launch, Client Confidential Asymmetric',
    error: 'invalid_client',
    explanation: /typ is 'at\+jwt', and has to be 'JWT'/,
    assertion: () => ({ header: { typ: 'at+jwt' } }),
  },
  'no typ': {
    check: 'typ',
    rule: 'SMART App Launch, Client Confidential Asymmetric',
    error: 'invalid_client',
    explanation: /typ is nothing, and has to be 'JWT'/,
    assertion: () => ({ header: { typ: undefined } }),
  },
  'a kid that is not registered': {
    check: 'keyId',
    rule: 'SMART App Launch, Client Confidential Asymmetric',
    error: 'invalid_client',
    explanation: /kid is 'other', and the client has registered 'known'/,
    client: { keyId: 'known' },
    assertion: () => ({ header: { kid: 'other' } }),
  },
  'no kid': {
    check: 'keyId',
    rule: 'SMART App Launch, Client Confidential Asymmetric',
    error: 'invalid_client',
    explanation: /the assertion has no kid/,
    assertion: () => ({ header: { kid: undefined } }),
  },
  'a jku that is not registered': {
    check: 'jwksUrl',
    rule: 'SMART App Launch, Client Confidential Asymmetric',
    error: 'invalid_client',
    explanation: /jku is 'https:\/\/other\.example\.org\/jwks', and the client has registered 'http:/,
    assertion: () => ({ header: { jku: 'https://other.example.org/jwks' } }),
  },
  'an iss that is not the client': {
    check: 'issuer',
    rule: 'RFC 7523 §3',
    error: 'invalid_client',
    explanation: /iss is 'somebody' and sub is 'client-1'; both have to be/,
    assertion: () => ({ claims: { iss: 'somebody' } }),
  },
  'a client_id of somebody else': {
    check: 'clientId',
    rule: 'RFC 7521 §4.2',
    error: 'invalid_client',
    explanation: /client_id is 'somebody', and the assertion's sub is 'client-1'/,
    form: { client_id: 'somebody' },
  },
  'an aud of another server': {
    check: 'audience',
    rule: 'RFC 7523 §3',
    error: 'invalid_client',
    explanation:
      /aud is 'https:\/\/other\.example\.org', and has to be 'http:.*\/auth\/token', byte for byte/,
    assertion: () => ({ claims: { aud: 'https://other.example.org' } }),
  },
  'an aud that is a list': {
    check: 'audience',
    rule: 'RFC 7523 §3',
    error: 'invalid_client',
    explanation: /aud is a list/,
    assertion: (server) => ({ claims: { aud: [server.tokenEndpoint] } }),
  },
  'an exp that has passed': {
    check: 'expiry',
    rule: 'SMART App Launch, Client Confidential Asymmetric',
    error: 'invalid_client',
    explanation: /exp passed \d+ s ago by the server's clock, which says 20/,
    assertion: () => ({ claims: { exp: now() - MINUTE } }),
  },
  'an exp that is more than five minutes ahead': {
    check: 'expiry',
    rule: 'SMART App Launch, Client Confidential Asymmetric',
    error: 'invalid_client',
    explanation: /exp is \d+ min \d+ s ahead by the server's clock, .*; 300 s is the longest/,
    assertion: () => ({ claims: { exp: now() + 10 * MINUTE } }),
  },
  'an exp in milliseconds': {
    check: 'expiry',
    rule: 'SMART App Launch, Client Confidential Asymmetric',
    error: 'invalid_client',
    explanation: /looks like milliseconds, and has to be seconds/,
    assertion: () => ({ claims: { exp: Date.now() + MINUTE * 1000 } }),
  },
  'no exp': {
    check: 'expiry',
    rule: 'SMART App Launch, Client Confidential Asymmetric',
    error: 'invalid_client',
    explanation: /exp is nothing, and has to be whole seconds since 1970/,
    assertion: () => ({ claims: { exp: undefined } }),
  },
  'an iat that is to come': {
    check: 'issuedAt',
    rule: 'RFC 7523 §3',
    error: 'invalid_client',
    explanation: /iat is \d+ s ahead by the server's clock/,
    assertion: () => ({ claims: { iat: now() + MINUTE } }),
  },
  'an iat that is no number': {
    check: 'issuedAt',
    rule: 'RFC 7523 §3',
    error: 'invalid_client',
    explanation: /iat is true, and has to be a number/,
    assertion: () => ({ claims: { iat: true } }),
  },
  'an nbf that is to come': {
    check: 'notBefore',
    rule: 'RFC 7519 §4.1.5',
    error: 'invalid_client',
    explanation: /nbf is \d+ s ahead by the server's clock/,
    assertion: () => ({ claims: { nbf: now() + MINUTE } }),
  },
  'no jti': {
    check: 'jti',
    rule: 'SMART App Launch, Client Confidential Asymmetric',
    error: 'invalid_client',
    explanation: /jti is nothing, and has to be a text/,
    assertion: () => ({ claims: { jti: undefined } }),
  },
  'a jti of 152 characters': {
    check: 'jti',
    rule: 'SMART App Launch, Client Confidential Asymmetric',
    error: 'invalid_client',
    explanation: /of 1 to 151 characters/,
    assertion: () => ({ claims: { jti: 'j'.repeat(152) } }),
  },
  "a signature by somebody else's key": {
    check: 'signature',
    rule: 'RFC 7523 §3',
    error: 'invalid_client',
    explanation: /not made with the registered key '/,
    assertion: () => ({ key: ecJwks().keys[0] }),
  },
  'a signature of another algorithm than the key has': {
    check: 'signature',
    rule: 'RFC 7523 §3',
    error: 'invalid_client',
    explanation: /is signed ES256, and the registered key is EC P-384 ES384/,
    assertion: () => ({ header: { alg: 'ES256' }, key: ecJwks({ alg: 'ES256' }).keys[0] }),
  },
  'no scope': {
    check: 'scope',
    rule: 'SMART App Launch, Backend Services',
    error: 'invalid_scope',
    explanation: /the parameter scope is missing/,
    form: { scope: undefined },
  },
  'two spaces between scopes': {
    check: 'scope',
    rule: 'RFC 6749 §3.3',
    error: 'invalid_scope',
    explanation: /a single space between them/,
    form: { scope: 'system/Patient.rs  system/Group.rs' },
  },
  'a scope with a quotation mark': {
    check: 'scope',
    rule: 'RFC 6749 §3.3',
    error: 'invalid_scope',
    explanation: /a character that RFC 6749 does not allow/,
    form: { scope: 'system/Patient.rs "launch"' },
  },
  'scope letters out of order': {
    check: 'scope',
    rule: 'RFC 6749 §3.3',
    error: 'invalid_scope',
    explanation: /'system\/Patient\.sr' is not '<level>/,
    form: { scope: 'system/Patient.sr system/Patient.rs' },
  },
};

for (const [name, broken] of Object.entries(BROKEN)) {
  const { check, rule, error, status, explanation } = broken;
  test(`a token request with ${name} is refused by the check ${check}, and not without it`, async (t) => {
    const server = await openSmartServer(t, broken.settings);
    const client = server.registerClient(broken.client);
    const signer = broken.client?.jwks ? { ...client, jwks: broken.client.jwks } : client;
    const ask = async () => {
      const assertion = await assertionOf(server, signer, broken.assertion?.(server));
      const form = [...assertionForm(assertion, broken.form), ...(broken.more ?? [])];
      return postForm(server.tokenEndpoint + (broken.query ?? ''), form, broken.init?.());
    };

    const refused = await ask();
    t.is(refused.status, status ?? (error === 'invalid_client' ? 401 : 400));
    t.is(refused.body.error, error);
    t.is(refused.headers.get('cache-control'), 'no-store');
    // RFC 6749 §5.2 has these characters only.
    t.regex(refused.body.error_description, /^[\x20\x21\x23-\x5b\x5d-\x7e]+$/);
    const record = server.requests.at(-1);
    t.deepEqual([record.check, record.rule, record.status], [check, rule, refused.status]);
    t.regex(record.explanation, explanation);
    t.true(record.explanation.endsWith(` (${rule})`), record.explanation);
    t.throws(() => server.assertNoRefusals(), { message: explanation });

    server.configure({ checks: { [check]: false } });
    const accepted = await ask();
    t.is(accepted.status, 200, accepted.body.error_description);
    t.is(server.requests.at(-1).explanation, null);

    server.configure({ checks: false });
    t.is((await ask()).status, 200);
  });
}

test('an assertion is good for one request, until the server is reset', async (t) => {
  const server = await openSmartServer(t);
  const client = server.registerClient();
  const form = assertionForm(await assertionOf(server, client, { claims: { jti: 'once' } }));
  t.is((await postForm(server.tokenEndpoint, form)).status, 200);
  t.is((await postForm(server.tokenEndpoint, form)).status, 401);
  t.is(server.requests.at(-1).check, 'jti');
  t.regex(server.requests.at(-1).explanation, /jti 'once' has been used before/);
  server.configure({ checks: { jti: false } });
  t.is((await postForm(server.tokenEndpoint, form)).status, 200);
  server.reset();
  t.is((await postForm(server.tokenEndpoint, form)).status, 200);
});

test('an assertion that was refused is not used up', async (t) => {
  const server = await openSmartServer(t, { audience: 'issuer' });
  const form = assertionForm(await assertionOf(server, server.registerClient()));
  t.is((await postForm(server.tokenEndpoint, form)).status, 401);
  server.configure({ audience: ['issuer', 'token_endpoint'] });
  t.is((await postForm(server.tokenEndpoint, form)).status, 200);
});

test('a request without authentication, of an unknown client, or with something else than a JWT is refused', async (t) => {
  const server = await openSmartServer(t, { checks: false });
  const client = server.registerClient();
  const explain = async (form, init) => {
    t.is((await postForm(server.tokenEndpoint, form, init)).body.error, 'invalid_client');
    return server.requests.at(-1).explanation;
  };
  const grant = [['grant_type', 'client_credentials']];
  t.regex(await explain(grant), /no client authentication at all/);
  t.regex(await explain(assertionForm('a.b')), /cannot be read: it has 2 parts instead of the 3/);
  t.regex(await explain(assertionForm('a.b.c=')), /not base64url without padding/);
  t.regex(await explain(assertionForm('W10.W10.c')), /its header is not a JSON object/);
  t.regex(await explain(assertionForm('e30.W10.c')), /its claims are not a JSON object/);
  const none = { header: { alg: 'none' }, claims: { sub: client.clientId } };
  const unsigned = [none.header, none.claims].map((part) =>
    Buffer.from(JSON.stringify(part)).toString('base64url'),
  );
  t.regex(
    await explain(assertionForm(`${unsigned.join('.')}.`)),
    /alg is 'none', which no assertion can be verified by/,
  );
  const stranger = await assertionOf(server, { clientId: 'stranger', jwks: client.jwks });
  t.regex(
    await explain(assertionForm(stranger)),
    /no client 'stranger' is registered .*; registered are 'client-1'/,
  );
  t.regex(
    await explain(grant, { headers: { authorization: 'Bearer abc' } }),
    /not Basic with the Base64 of id:secret/,
  );
  t.regex(await explain(grant, { headers: { authorization: basic('no colon') } }), /not Basic/);
});

test('two Authorization headers are two authentications', async (t) => {
  const server = await openSmartServer(t);
  const headers = {
    'content-type': 'application/x-www-form-urlencoded',
    authorization: [basic('a:b'), basic('a:b')],
  };
  const status = await new Promise((resolve, reject) => {
    request(server.tokenEndpoint, { method: 'POST', headers }, (response) => {
      response.resume();
      resolve(response.statusCode);
    })
      .on('error', reject)
      .end('grant_type=client_credentials');
  });
  t.is(status, 400);
  t.is(server.requests[0].check, 'oneAuthentication');
  t.is(server.requests[0].headers.authorization, headers.authorization.join(', '));
});

test('resource and audience may be repeated, as RFC 8707 and RFC 8693 have it', async (t) => {
  const server = await openSmartServer(t);
  const form = assertionForm(await assertionOf(server, server.registerClient()));
  const more = ['a', 'b'].flatMap((value) => [
    ['resource', `https://${value}.example.org`],
    ['audience', value],
  ]);
  t.is((await postForm(server.tokenEndpoint, [...form, ...more])).status, 200);
});

test('the answers of a server that does not explain are terse, and the log says it all the same', async (t) => {
  const server = await openSmartServer(t, { explain: false, audience: 'issuer' });
  t.deepEqual((await requestToken(server, server.registerClient())).body, { error: 'invalid_client' });
  t.is(server.requests.at(-1).check, 'audience');
  const { headers, body } = await fhir(server, 'Patient', { token: randomUUID() });
  t.is(headers.get('www-authenticate'), 'Bearer realm="fhir", error="invalid_token"');
  t.is(body.issue[0].diagnostics, 'The request was refused.');
  t.regex(server.requests.at(-1).explanation, /has not issued the access token/);
});

test('what assertNoRefusals throws lists every refusal, from where it was called', async (t) => {
  const server = await openSmartServer(t);
  const client = server.registerClient();
  t.is((await requestToken(server, client)).status, 200);
  t.notThrows(() => server.assertNoRefusals());
  await requestToken(server, client, 'system/Patient.sr');
  await fhir(server, 'Patient', { token: null });
  const error = t.throws(() => server.assertNoRefusals());
  t.regex(
    error.message,
    /^the server has refused 2 of 3 requests:\n {2}POST \/auth\/token 400: scope 'system/,
  );
  t.regex(
    error.message,
    /\n {2}GET \/fhir\/Patient 401: the request has no Authorization header \(RFC 6750 §2\.1\)$/,
  );
  t.regex(error.stack, /checks\.test\.mjs/);
});
