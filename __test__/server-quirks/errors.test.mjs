import test from 'ava';
import { json, text } from '../support/recording-server.mjs';
import { openVendor } from '../support/vendor-server.mjs';

// How servers say no (QK-11, QK-1): the message has what they said, and what to try.

const CHECK_KEY = 'check clientId, and that the server has this key';
const HTML = { headers: { 'content-type': 'text/html' }, body: '<!doctype html><title>Log in</title>' };

/**
 * Refuses with this reply; the error has this code, and a message with these parts in this order.
 *
 * @param {import('ava').ExecutionContext} t
 */
async function says(t, { reply, code = 'ERR_TOKEN_REJECTED', parts, settings = {}, oauth }) {
  const vendor = await openVendor(t, { judge: (asked) => asked.demand(false, reply) });
  const error = await t.throwsAsync(vendor.client(settings).getAuthorizationHeader(), { code });
  t.is(error.status, reply.status);
  t.is(error.url, vendor.tokenEndpoint);
  if (oauth !== undefined) t.deepEqual(error.oauth, oauth);
  let rest = error.message;
  for (const part of [`${vendor.tokenEndpoint} (HTTP ${reply.status})`, ...parts]) {
    t.true(rest.includes(part), `${part} in: ${error.message}`);
    rest = rest.slice(rest.indexOf(part) + part.length);
  }
}

const URN =
  'https://authorization.cerner.example/errors/urn:cerner:error:authorization-server:oauth2:token:unknown-client';

test('Oracle Health refuses with an error_uri alone, which the message shows', says, {
  reply: json(400, { error: 'invalid_client', error_uri: URN }, { 'Cerner-Correlation-Id': 'c0ffee-1' }),
  settings: { server: 'oracle-health' },
  oauth: { error: 'invalid_client', errorUri: URN },
  parts: [`invalid_client: ${URN}`, '(Cerner-Correlation-Id: c0ffee-1)', CHECK_KEY],
});

test('Oracle Health calls an unknown tenant invalid_grant', says, {
  reply: json(400, {
    error: 'invalid_grant',
    error_uri: 'https://authorization.cerner.example/errors/urn:cerner:error:tenant:unknown',
  }),
  settings: { server: 'oracle-health' },
  parts: ['invalid_grant: ', 'urn:cerner:error:tenant:unknown', CHECK_KEY],
});

test('Epic says invalid_client and null for a description', says, {
  reply: json(400, { error: 'invalid_client', error_description: null }),
  settings: { server: 'epic' },
  oauth: { error: 'invalid_client' },
  parts: ['invalid_client; ', CHECK_KEY, 'take minutes to two days to see a new key'],
});

test('Epic at times says nothing but 400', says, {
  reply: { status: 400 },
  settings: { server: 'epic' },
  parts: ['an empty body', "check clientId, the credentials and scope, or ask the server's operator"],
});

test('eClinicalWorks says invalid_client with 401', says, {
  reply: json(401, { error: 'invalid_client' }),
  parts: ['invalid_client; ', CHECK_KEY],
});

test('eClinicalWorks says invalid_grant of a bad scope', says, {
  reply: json(400, { error: 'invalid_grant', error_description: 'Invalid scope' }),
  parts: ['invalid_grant: Invalid scope; check scope against what the client is registered for'],
});

test('eClinicalWorks says invalid_grant of an expired assertion', says, {
  reply: json(400, { error: 'invalid_grant', error_description: 'Assertion expired' }),
  parts: ["invalid_grant: Assertion expired; check this machine's clock, and assertion.lifetimeSeconds"],
});

test('eClinicalWorks says access_denied with 500, for good', says, {
  reply: json(500, { error: 'access_denied' }),
  code: 'ERR_SERVER',
  oauth: { error: 'access_denied' },
  parts: ['access_denied; the server knows the client and denies it a token: check scope'],
});

test('Medplum says invalid_request with 400 of everything', says, {
  reply: json(400, { error: 'invalid_request', error_description: 'Invalid client' }),
  parts: ['invalid_request: Invalid client; ', CHECK_KEY],
});

test(
  'bulk-data-server says invalid_grant with 400 of a bad aud, which the message takes for the reason',
  says,
  {
    reply: json(400, { error: 'invalid_grant', error_description: "Invalid token 'aud' claim" }),
    parts: [
      "Invalid token 'aud' claim; aud is the token endpoint; some servers want audience: 'issuer'",
      CHECK_KEY,
    ],
  },
);

test('bulk-data-server says invalid_grant with 400 of a kid that it does not know', says, {
  reply: json(400, { error: 'invalid_grant', error_description: 'No public keys found with kid 7' }),
  parts: ['No public keys found with kid 7; ', CHECK_KEY, 'aud is the token endpoint'],
});

test('Keycloak says invalid_client with 400', says, {
  reply: json(400, {
    error: 'invalid_client',
    error_description: 'Client authentication with signed JWT failed',
  }),
  settings: { server: 'keycloak' },
  parts: ['Client authentication with signed JWT failed; ', CHECK_KEY],
});

test('CMS DPC puts a sentence into error', says, {
  reply: json(401, { error: 'Cannot find public key with id' }),
  settings: { server: 'dpc' },
  oauth: { error: 'Cannot find public key with id' },
  parts: ['Cannot find public key with id; ', CHECK_KEY],
});

test('BCDA SSAS answers with plain text', says, {
  reply: text(400, 'failed to validate token: signature is invalid\n'),
  parts: ['failed to validate token: signature is invalid; ', CHECK_KEY],
});

test('the gateway of athenahealth answers 404 with a plain sentence', says, {
  reply: text(404, 'no Route matched with those values'),
  parts: [
    'no Route matched with those values; there is no token endpoint at this address: check tokenEndpoint',
  ],
});

test('the host of Oracle Health answers 502 at a path that it does not know', says, {
  reply: { ...HTML, status: 502 },
  code: 'ERR_SERVER',
  parts: ['an HTML page instead of JSON; the server failed; if it lasts, ask its operator'],
});

test('the EHR of Oracle Health answers 500 to what it will never grant', says, {
  reply: text(500, 'Internal Server Error', { 'x-request-id': '4711' }),
  code: 'ERR_SERVER',
  parts: [
    'Internal Server Error (x-request-id: 4711); the server failed',
    'some refuse a client like this, for good',
  ],
});

test('the EHR of Oracle Health answers 504 to what it will never grant', says, {
  reply: { status: 504 },
  code: 'ERR_SERVER',
  parts: ['an empty body; the server failed', 'for good'],
});

test('Smile CDR answers 403 at a wrong path', says, {
  reply: { status: 403 },
  parts: ['an empty body; a gateway may refuse this address, or the credentials are wrong: ', CHECK_KEY],
});

test('Smile CDR shows a login page at a wrong path', says, {
  reply: { ...HTML, status: 200 },
  code: 'ERR_TOKEN_RESPONSE',
  parts: ['an HTML page instead of a token response; this is probably a login page, not the token endpoint'],
});

test('MEDITECH lists client_credentials and refuses a client that is not registered for it', says, {
  reply: json(400, { error: 'unauthorized_client' }),
  parts: ['unauthorized_client; have the client registered for grant_type client_credentials'],
});

test('Keycloak says unauthorized_client of a wrong secret or assertion too', says, {
  reply: json(401, {
    error: 'unauthorized_client',
    error_description: 'Invalid client or Invalid client credentials',
  }),
  parts: ['unauthorized_client: Invalid client or Invalid client credentials; ', CHECK_KEY],
});

test('a FHIR server that answers with an OperationOutcome is quoted by its text', says, {
  reply: json(401, {
    resourceType: 'OperationOutcome',
    issue: [{ severity: 'error', code: 'login', details: { text: 'unknown client' } }],
  }),
  parts: ['unknown client; a gateway may refuse', CHECK_KEY],
});

test('a gateway that answers with problem details is quoted by title and detail', says, {
  reply: json(403, { title: 'Forbidden', detail: 'client is suspended' }),
  parts: ['Forbidden: client is suspended; '],
});

test('Okta answers in its own members where the path is wrong, and is quoted by the summary', says, {
  reply: json(405, { errorCode: 'E0000022', errorSummary: 'The endpoint does not support the HTTP method' }),
  settings: { server: 'okta' },
  parts: ['The endpoint does not support the HTTP method; there is no token endpoint at this address'],
});

test('Google writes an object as error, and is quoted by its message', says, {
  reply: json(400, { error: { code: 400, message: 'Invalid JWT Signature.', status: 'INVALID_ARGUMENT' } }),
  parts: ['Invalid JWT Signature.; ', CHECK_KEY],
});

test('an error member that is no text is told as such', says, {
  reply: json(400, { error: true }),
  parts: ['a JSON body whose error member is no text; check clientId'],
});

test('a server that wants HTTP Basic says so in WWW-Authenticate, which the message shows', says, {
  reply: { status: 401, headers: { 'www-authenticate': 'Basic realm="token"' } },
  parts: ['an empty body (WWW-Authenticate: Basic realm="token"); '],
});

test('a server that wants DPoP is told apart from one that refuses the client', says, {
  reply: json(400, { error: 'use_dpop_nonce' }),
  parts: ['use_dpop_nonce; the server wants DPoP, which this client does not do'],
});
