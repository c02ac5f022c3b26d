import { randomUUID } from 'node:crypto';
import { request } from 'node:http';
import test from 'ava';
import { BROKEN_TOKEN_REQUESTS } from '../support/broken-token-requests.mjs';
import { assertionForm, assertionOf, fhir, postForm, requestToken } from '../support/foreign-client.mjs';
import { openSmartServer } from '../support/test-kit.mjs';

const basic = (pair) => `Basic ${Buffer.from(pair).toString('base64')}`;

for (const [name, broken] of Object.entries(BROKEN_TOKEN_REQUESTS)) {
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

test('an assertion that only the leeway lets through is good for one request too', async (t) => {
  const server = await openSmartServer(t, { leewaySeconds: 60 });
  const exp = Math.floor(Date.now() / 1000) - 1;
  const form = assertionForm(await assertionOf(server, server.registerClient(), { claims: { exp } }));
  t.is((await postForm(server.tokenEndpoint, form)).status, 200);
  t.is((await postForm(server.tokenEndpoint, form)).status, 401);
  t.is(server.requests.at(-1).check, 'jti');
});

test('an assertion needs a kid, also where the registered key has none', async (t) => {
  const server = await openSmartServer(t);
  const { jwks } = server.registerClient({ keyId: 'named' });
  const [{ kid, ...unnamed }] = jwks.keys;
  const client = server.registerClient({ jwks: { keys: [unnamed] } });
  const signer = { clientId: client.clientId, jwks };
  const explain = async (header) => {
    const form = assertionForm(await assertionOf(server, signer, { header }));
    t.is((await postForm(server.tokenEndpoint, form)).status, 401);
    t.is(server.requests.at(-1).check, 'keyId');
    return server.requests.at(-1).explanation;
  };
  t.regex(await explain({ kid: undefined }), /^the assertion has no kid \(/);
  t.regex(
    await explain({ kid }),
    /^the assertion's kid is 'named', and the client has registered a key without a kid \(/,
  );
});
