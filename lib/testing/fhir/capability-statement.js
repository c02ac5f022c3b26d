'use strict';

/** The extension that announced OAuth endpoints before smart-configuration did (SMART App Launch 1.0). */
const OAUTH_URIS = 'http://fhir-registry.smarthealthit.org/StructureDefinition/oauth-uris';
const INTERACTIONS = ['read', 'create', 'update', 'delete', 'search-type'];

/**
 * `{base}/metadata` (FHIR R4).
 *
 * @param {object} server
 * @param {string} server.baseUrl
 * @param {unknown} server.tokenEndpoint
 * @param {readonly string[]} server.types
 */
function capabilityStatement({ baseUrl, tokenEndpoint, types }) {
  return {
    resourceType: 'CapabilityStatement',
    status: 'active',
    date: '2026-01-01',
    kind: 'instance',
    implementation: { description: 'smart-m2m test server', url: baseUrl },
    fhirVersion: '4.0.1',
    format: ['application/fhir+json', 'json'],
    rest: [
      {
        mode: 'server',
        security: {
          service: [{ coding: [{ code: 'SMART-on-FHIR' }] }],
          extension: [{ url: OAUTH_URIS, extension: [{ url: 'token', valueUri: tokenEndpoint }] }],
        },
        resource: types.map((type) => ({ type, interaction: INTERACTIONS.map((code) => ({ code })) })),
        interaction: [{ code: 'transaction' }, { code: 'batch' }],
      },
    ],
  };
}

module.exports = { capabilityStatement };
