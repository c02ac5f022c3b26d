'use strict';

/**
 * @typedef {InstanceType<typeof import('./authorization-server.js').AuthorizationServer>} AuthorizationServer
 */

const SCOPES = Object.freeze(
  ['*', 'Patient', 'Observation', 'Group'].flatMap((type) =>
    ['rs', 'cruds', 'read', 'write', '*'].map((access) => `system/${type}.${access}`),
  ),
);
const CAPABILITIES = Object.freeze([
  'client-confidential-asymmetric',
  'client-confidential-symmetric',
  'permission-v1',
  'permission-v2',
]);

/**
 * What every document about the authorization server says (RFC 8414 §2), with what a test has changed.
 *
 * @param {AuthorizationServer} server
 * @param {Record<string, unknown>} members of this kind of document
 */
function metadata(server, members) {
  const { issuer, tokenEndpoint, settings, clients } = server;
  return {
    issuer,
    jwks_uri: `${issuer}/jwks`,
    token_endpoint: tokenEndpoint,
    grant_types_supported: ['client_credentials'],
    token_endpoint_auth_methods_supported: clients.methods(),
    token_endpoint_auth_signing_alg_values_supported: settings.algorithms,
    scopes_supported: SCOPES,
    ...members,
    ...settings.metadata,
  };
}

/**
 * SMART App Launch, Conformance.
 *
 * @param {AuthorizationServer} server
 */
function smartConfiguration(server) {
  return metadata(server, { code_challenge_methods_supported: ['S256'], capabilities: CAPABILITIES });
}

/**
 * RFC 8414.
 *
 * @param {AuthorizationServer} server
 */
function authorizationServerMetadata(server) {
  return metadata(server, { response_types_supported: [] });
}

/**
 * OpenID Connect Discovery §3.
 *
 * @param {AuthorizationServer} server
 */
function openidConfiguration(server) {
  return metadata(server, {
    response_types_supported: [],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: ['ES256'],
  });
}

module.exports = { authorizationServerMetadata, openidConfiguration, smartConfiguration };
