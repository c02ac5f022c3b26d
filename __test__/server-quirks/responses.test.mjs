import test from 'ava';
import { startPlainServer } from '../support/plain-server.mjs';
import { json, text, tokenResponse } from '../support/recording-server.mjs';
import { createInterceptor } from '../support/token-endpoint.mjs';
import { openVendor } from '../support/vendor-server.mjs';
import { collectWarnings } from '../support/warnings.mjs';

// What comes back, in the forms that servers choose (QK-5, QK-6, QK-16, QK-19; W 8, 9; SB-7).

/** A token with these members lives for so many seconds, as near as a test can tell. */
async function lives(t, expires_in, seconds, settings = {}) {
  const vendor = await openVendor(t, { judge: () => ({ expires_in }) });
  const before = Date.now();
  const { expiresAt } = await vendor.client(settings).getAccessToken();
  const left = (expiresAt.getTime() - before) / 1000;
  t.true(left > seconds - 2 && left < seconds + 30, `${left} s`);
}

test('BCDA writes expires_in as text', lives, '1200', 1200);
test('BCDA SSAS writes expires_in as text', lives, '1200', 1200);
test('Azure AD v1 writes expires_in as text', lives, '3599', 3599);
test('delta-sharing servers write expires_in as text', lives, '3600', 3600);
test('SAP writes expires_in as text', lives, '43199', 43_199);
test('NetSuite writes expires_in as text', lives, '3600', 3600);
test('Apigee writes expires_in as text', lives, '1799', 1799);
test('the server of badgateway/oauth2-client#123 writes expires_in as text', lives, '7200', 7200);
test('a server may write expires_in as text with a fraction', lives, '3599.9', 3599);
test('a server that leaves expires_in out, as RFC 6749 lets it, gets the default', lives, undefined, 300);
test('Oracle Health gives tokens of 570 s', lives, 570, 570, { server: 'oracle-health' });
test('eClinicalWorks gives tokens of 300 s', lives, 300, 300);
test('Epic gives tokens of 3600 s', lives, 3600, 3600, { server: 'epic' });
test("a SMART server may keep to the guide's example of 3600 s or to its 300 s", async (t) => {
  await lives(t, 3600, 3600, { server: 'smart' });
  await lives(t, 300, 300, { server: 'smart' });
});

test('bulk-data-server lets a token live no longer than the assertion', async (t) => {
  const vendor = await openVendor(t, {
    judge: async (asked) => {
      const { claims } = await asked.assertion();
      return { expires_in: Math.min(claims.exp - Math.floor(Date.now() / 1000), 900) };
    },
  });
  for (const [lifetimeSeconds, atMost] of [
    [undefined, 241],
    [60, 61],
  ]) {
    const before = Date.now();
    const { expiresAt } = await vendor.client({ assertion: { lifetimeSeconds } }).getAccessToken();
    t.true((expiresAt.getTime() - before) / 1000 <= atMost + 2);
  }
});

/** The header is the same in every case. */
async function isBearer(t, token_type) {
  const vendor = await openVendor(t, { judge: () => ({ token_type }) });
  t.is(await vendor.client().getAuthorizationHeader(), 'Bearer test-token');
}

test('a SMART server writes token_type as bearer', isBearer, 'bearer');
test('many servers write token_type as Bearer', isBearer, 'Bearer');
test('some servers write token_type as BEARER', isBearer, 'BEARER');
test("the OpenID Foundation's conformance suite inverts the case of token_type", isBearer, 'bEARER');

test("Inferno's reference server answers 201 to a token request", async (t) => {
  const vendor = await openVendor(t, { judge: () => ({}) });
  vendor.on('POST /token', { ...tokenResponse(), status: 201 });
  t.is(await vendor.client().getAuthorizationHeader(), 'Bearer test-token');
});

test('Epic may give a token that is a long JWT, which nobody looks into', async (t) => {
  const access_token = `eyJhbGciOiJSUzI1NiJ9.${'x'.repeat(8000)}.c2ln`;
  const vendor = await openVendor(t, { judge: () => ({ access_token }) });
  t.is(await vendor.client({ server: 'epic' }).getAuthorizationHeader(), `Bearer ${access_token}`);
});

test('AWS HealthLake has the token server of its customer, on another origin, which is one warning', async (t) => {
  await delegated(t, 'https://healthlake.us-east-1.example.com/datastore/1/r4/');
});

test('Google Healthcare has the token server of its customer, on another origin, which is one warning', async (t) => {
  await delegated(t, 'https://healthcare.example.com/v1/projects/p/fhir');
});

/** The customer's identity provider gives tokens for the data store that a parameter names. */
async function delegated(t, datastore) {
  const idp = await openVendor(t, {
    judge: async (asked) => {
      await asked.assertion();
      asked.demand(asked.form.get('audience') === datastore);
    },
  });
  // The document is what the customer has written into the data store's settings.
  const fhir = await openVendor(t, {
    judge: () => {},
    metadata: () => ({ token_endpoint: idp.tokenEndpoint }),
  });
  const clientId = datastore;
  const warnings = collectWarnings(t, clientId);
  const client = fhir.client({ clientId, additionalParameters: { audience: datastore } });
  for (let call = 0; call < 2; call += 1) {
    t.is(await client.getAuthorizationHeader(), 'Bearer test-token');
    client.invalidate();
  }
  t.deepEqual(
    warnings.map(({ code }) => code),
    ['TOKEN_ENDPOINT_ORIGIN'],
  );
  t.deepEqual(fhir.tokenRequests(), []);
}

/** A FHIR server that refuses the first token, and takes the next one. */
async function takesTheNextToken(t, refusal) {
  const server = await startPlainServer();
  t.teardown(server.close);
  server.on('GET /fhir/Patient', ({ headers }) =>
    headers.authorization === 'Bearer token-1' ? refusal : json(200, { resourceType: 'Bundle' }),
  );
  const response = await createInterceptor(server).fetch(server.patients);
  t.is(response.status, 200);
  t.is(server.tokenRequests().length, 2);
}

test(
  'Inferno refuses a token with an OperationOutcome of code expired and no WWW-Authenticate',
  takesTheNextToken,
  {
    ...json(401, {
      resourceType: 'OperationOutcome',
      issue: [{ severity: 'error', code: 'expired', diagnostics: 'Bearer token has expired' }],
    }),
  },
);

test('Smile CDR may answer 401 where it would answer 403', takesTheNextToken, text(401, ''));
