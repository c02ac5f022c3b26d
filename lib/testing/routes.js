'use strict';

const {
  authorizationServerMetadata,
  openidConfiguration,
  smartConfiguration,
} = require('./discovery-documents.js');

/**
 * @typedef {InstanceType<typeof import('./authorization-server.js').AuthorizationServer>} AuthorizationServer
 * @typedef {import('./exchange.js').Answer} Answer
 * @typedef {import('./exchange.js').Exchange} Exchange
 * @typedef {InstanceType<typeof import('./fhir/fhir-endpoint.js').FhirEndpoint>} FhirEndpoint
 * @typedef {{ authorization: AuthorizationServer, fhir: FhirEndpoint, serverKeys: () => unknown }} Parts
 *
 * What a request is for, by the name under which faults and the log know it.
 *
 * @typedef {{ endpoint: import('./index.js').Endpoint, answer: () => Answer | Promise<Answer> }} Route
 */

const TOO_LONG = Object.freeze({ status: 413, body: 'the body is too long\n' });
const NOT_FOUND = Object.freeze({ status: 404, body: 'there is nothing here\n' });

/**
 * @param {Exchange} exchange
 * @param {Parts} server
 * @returns {Route}
 */
function routeOf(exchange, server) {
  const route = endpointOf(exchange, server);
  return exchange.isTooLong ? { ...route, answer: () => TOO_LONG } : route;
}

/**
 * @param {Exchange} exchange
 * @param {Parts} server
 * @returns {Route}
 */
function endpointOf(exchange, { authorization, fhir, serverKeys }) {
  const { pathname } = exchange.url;
  const issuerPath = new URL(authorization.issuer).pathname;
  const fhirPath = new URL(fhir.baseUrl).pathname;
  /** @type {(endpoint: import('./index.js').DiscoveryDocument, make: () => unknown, type?: string) => Route} */
  const document = (endpoint, make, type) => ({
    endpoint,
    answer: () =>
      authorization.settings.documents.includes(endpoint) ? read(exchange, make, type) : NOT_FOUND,
  });

  switch (pathname) {
    case `${issuerPath}/token`:
      return { endpoint: 'token', answer: () => authorization.answerTokenRequest(exchange) };
    case `${issuerPath}/jwks`:
      return { endpoint: 'jwks', answer: () => read(exchange, serverKeys) };
    // RFC 8414 §3.1 puts it in front of the issuer's path, OpenID Connect Discovery §4 behind it.
    case `/.well-known/oauth-authorization-server${issuerPath}`:
      return document('oauth-authorization-server', () => authorizationServerMetadata(authorization));
    case `${issuerPath}/.well-known/openid-configuration`:
      return document('openid-configuration', () => openidConfiguration(authorization));
    case `${fhirPath}/.well-known/smart-configuration`:
      return document('smart-configuration', () => smartConfiguration(authorization));
    case `${fhirPath}/metadata`:
      return document(
        'capability-statement',
        () => fhir.capabilities(),
        'application/fhir+json; charset=utf-8',
      );
  }
  const client = authorization.clients.publishedAt(exchange.url.href);
  if (client !== null)
    return { endpoint: 'client-jwks', answer: () => read(exchange, () => client.publicJwks) };
  if (pathname === fhirPath || pathname.startsWith(`${fhirPath}/`)) {
    const path = pathname.slice(fhirPath.length).split('/').filter(Boolean).map(decoded);
    const isBulk = path.at(-1) === '$export' || path[0] === 'bulk-status';
    return { endpoint: isBulk ? 'bulk' : 'fhir', answer: () => fhir.answer(exchange, path) };
  }
  return { endpoint: 'unknown', answer: () => NOT_FOUND };
}

/**
 * Some clients write `%24export`.
 *
 * @param {string} segment
 */
function decoded(segment) {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}

/**
 * @param {Exchange} exchange
 * @param {() => unknown} make
 * @param {string} [type]
 * @returns {Answer}
 */
function read({ method }, make, type = 'application/json') {
  if (method === 'GET' || method === 'HEAD') {
    return { status: 200, headers: { 'content-type': type }, body: make() };
  }
  return { status: 405, headers: { allow: 'GET, HEAD' }, body: 'this can be read only\n' };
}

module.exports = { routeOf };
