import { setTimeout as sleep } from 'node:timers/promises';
import { mark, patientNames, remark, show, step } from './narration.mjs';

/**
 * @typedef {object} Context
 * @property {import('../embedded/authorization-server.mjs').AuthorizationServer} authorizationServer
 * @property {Awaited<ReturnType<typeof import('../embedded/fhir-server.mjs').startFhirServer>>} fhirServer
 * @property {(options: object) => import('@org/smart-m2m').ClientAuthInterceptor} create
 * @property {string} clientSecret
 * @property {import('@org/smart-m2m').ClientAuthInterceptor} interceptor signs with a key
 */

/** @param {Context} context */
export async function discovery({ authorizationServer, fhirServer, interceptor }) {
  step('Discovery');
  await interceptor.getAuthorizationHeader();
  const asked = fhirServer.requests.find(({ url }) => url.endsWith('/.well-known/smart-configuration'));
  expect(asked?.status === 200, 'the FHIR server was never asked for its smart-configuration');
  show('asked', `GET ${new URL(asked.url, fhirServer.baseUrl)}`);
  show('found', `token endpoint ${authorizationServer.tokenEndpoint}`);
}

/** @param {Context} context */
export async function signedAssertion({ authorizationServer }) {
  step('Client authentication: a signed assertion');
  const { form, status } = authorizationServer.tokenRequests[0];
  const [header, claims, signature] = form
    .get('client_assertion')
    .split('.')
    .map((part) => Buffer.from(part, 'base64url'));
  remark('As the authorization server received it; a new one is signed for every attempt.');
  show('header', JSON.parse(header.toString()));
  show('claims', JSON.parse(claims.toString()));
  show('signature', `(signature, ${signature.length} bytes)`);
  show('answer', `HTTP ${status}`);
  expect(status === 200, 'the authorization server refused the assertion');
}

/** @param {Context} context */
export async function tokenTimes({ authorizationServer, interceptor }) {
  step('The token');
  const token = await interceptor.getAccessToken();
  const { active, iat } = await authorizationServer.introspect(token.accessToken);
  expect(active, 'the token is not valid at the server that issued it');
  show('type', token.tokenType);
  show('scope', token.grantedScopes.join(' '));
  show('issued', new Date(iat * 1000).toISOString());
  show('expires', token.expiresAt.toISOString());
  show('left', `${((token.expiresAt.getTime() - Date.now()) / 1000).toFixed(1)} s`);
}

/** @param {Context} context */
export async function search({ fhirServer, interceptor }) {
  step('An authorised search');
  await searchPatients(fhirServer, interceptor);
}

/** @param {Context} context */
export async function renewal({ authorizationServer, interceptor }) {
  step('Renewal after expiry');
  const { expiresAt } = await interceptor.getAccessToken();
  const before = {
    header: await interceptor.getAuthorizationHeader(),
    requests: requestsOf(authorizationServer),
  };
  show('before', `${before.requests} token request, header ${mark(before.header)}…`);
  remark('(first 8 hex digits of its SHA-256; waiting until the token has expired)');
  await sleep(expiresAt.getTime() - Date.now() + 50);
  const header = await interceptor.getAuthorizationHeader();
  const requests = requestsOf(authorizationServer);
  show('after', `${requests} token requests, header ${mark(header)}…`);
  expect(requests === before.requests + 1, 'the expired token led to another number of requests than one');
  expect(header !== before.header, 'the expired token was handed out again');
}

/** @param {Context} context */
export async function recovery({ authorizationServer, fhirServer, interceptor }) {
  step('A token that the server no longer accepts');
  const { accessToken } = await interceptor.getAccessToken();
  await authorizationServer.revoke(accessToken);
  remark('Revoked at the authorization server; the client cannot know.');
  const seen = fhirServer.requests.length;
  await searchPatients(fhirServer, interceptor);
  const statuses = fhirServer.requests.slice(seen).map(({ status }) => status);
  show('behind it', `${statuses.join(', then ')}: one new token, one retry`);
  expect(statuses.join() === '401,200', 'the refused token was not replaced');
}

/** @param {Context} context */
export async function secretFlow({ authorizationServer, fhirServer, create, clientSecret }) {
  step('The same with a client secret');
  const interceptor = create({ clientId: 'start-with-secret', clientSecret });
  await interceptor.getAuthorizationHeader();
  const { headers, form } = authorizationServer.tokenRequests.at(-1);
  const [scheme] = headers.authorization.split(' ');
  show('sent as', `${scheme} authentication; parameters: ${[...form.keys()].join(', ')}`);
  expect(scheme === 'Basic', 'the secret did not travel as HTTP Basic');
  await searchPatients(fhirServer, interceptor);
}

/** @param {Context} context */
export async function preTokenHook({ authorizationServer, fhirServer, create, clientSecret }) {
  step('A token supplied by the pre-token hook');
  const elsewhere = create({ clientId: 'start-with-secret', clientSecret });
  const accessToken = (await elsewhere.getAccessToken()).accessToken;
  const before = requestsOf(authorizationServer);

  // A scope of its own: with the same settings it would share the token that the steps above requested.
  const interceptor = create({ clientId: 'start-with-key', keystore: 'start', scope: 'system/Patient.read' });
  interceptor.registerInterceptor({
    CLIENT_AUTH_PRE_TOKEN_REQUEST({ clientId, scope, reason }) {
      show('hook called', `client ${clientId}, scope ${scope}, reason ${reason}`);
      return { accessToken, expiresIn: 2 };
    },
  });
  await searchPatients(fhirServer, interceptor);
  const made = requestsOf(authorizationServer) - before;
  show('token requests', made);
  expect(made === 0, 'a token was requested although the hook had supplied one');
}

async function searchPatients(fhirServer, interceptor) {
  const response = await interceptor.fetch(`${fhirServer.baseUrl}/Patient?_count=3`);
  show('GET', `${response.url} → HTTP ${response.status}`);
  expect(response.ok, `the search was answered with HTTP ${response.status}`);
  const names = patientNames(await response.json());
  show('patients', names.join(', '));
  expect(names.length > 0, 'the search found no patient');
}

function requestsOf({ tokenRequests }) {
  return tokenRequests.length;
}

function expect(condition, complaint) {
  if (!condition) throw new Error(complaint);
}
