import { randomUUID } from 'node:crypto';
import { importJWK, SignJWT } from 'jose';

/**
 * A client that shares no code with this package: jose signs, Node's own fetch sends.
 *
 * @typedef {{ origin: string, fhirBaseUrl: string, tokenEndpoint: string }} Server
 * @typedef {{ clientId: string, jwks: { keys: any[] } | null }} Client
 */

const JWT_BEARER = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';

/**
 * A member that is undefined in `header` or `claims` is left out.
 *
 * @param {Server} server
 * @param {Client} client
 * @param {{ header?: object, claims?: object, key?: object | Uint8Array }} [changes]
 */
export async function assertionOf({ tokenEndpoint }, { clientId, jwks }, { header, claims, key } = {}) {
  const now = Math.floor(Date.now() / 1000);
  const jwk = jwks?.keys[0];
  const protectedHeader = { alg: jwk?.alg, kid: jwk?.kid, typ: 'JWT', ...header };
  const payload = {
    iss: clientId,
    sub: clientId,
    aud: tokenEndpoint,
    exp: now + 240,
    iat: now,
    jti: randomUUID(),
    ...claims,
  };
  const signingKey = key instanceof Uint8Array ? key : await importJWK(key ?? jwk, protectedHeader.alg);
  return new SignJWT(withoutUndefined(payload))
    .setProtectedHeader(withoutUndefined(protectedHeader))
    .sign(signingKey);
}

/**
 * The form of a token request by assertion, as pairs.
 *
 * @param {string} assertion
 * @param {Record<string, string | undefined>} [changes] undefined leaves a parameter out
 * @returns {[string, string][]}
 */
export function assertionForm(assertion, changes = {}) {
  const form = {
    grant_type: 'client_credentials',
    scope: 'system/Patient.rs',
    client_assertion_type: JWT_BEARER,
    client_assertion: assertion,
    ...changes,
  };
  return Object.entries(withoutUndefined(form));
}

/**
 * @param {string} url
 * @param {[string, string][]} form
 * @param {RequestInit} [init]
 */
export async function postForm(url, form, init = {}) {
  const response = await fetch(url, { method: 'POST', body: new URLSearchParams(form), ...init });
  return { status: response.status, headers: response.headers, body: await jsonOf(response) };
}

/**
 * @param {Server} server
 * @param {Client} client
 * @param {string} [scope]
 */
export async function requestToken(server, client, scope = 'system/Patient.rs') {
  return postForm(server.tokenEndpoint, assertionForm(await assertionOf(server, client), { scope }));
}

/**
 * @param {Server & { issueToken(options?: object): string }} server
 * @param {string} path below the FHIR base
 * @param {RequestInit & { token?: string | null, json?: unknown }} [init] `token`: null for none
 */
export async function fhir(server, path, { token = server.issueToken(), json, ...init } = {}) {
  const headers = new Headers(init.headers);
  if (token !== null) headers.set('authorization', `Bearer ${token}`);
  if (json !== undefined && !headers.has('content-type'))
    headers.set('content-type', 'application/fhir+json');
  const body = json === undefined ? init.body : JSON.stringify(json);
  const response = await fetch(new URL(path, `${server.fhirBaseUrl}/`), { ...init, headers, body });
  return { status: response.status, headers: response.headers, body: await jsonOf(response) };
}

async function jsonOf(response) {
  const text = await response.text();
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function withoutUndefined(object) {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined));
}
