import { text } from 'node:stream/consumers';
import * as jose from 'jose';
import { answer } from './named-servers.mjs';

/**
 * @typedef {object} Site a server of a vendor, as far as the recipes are about it
 * @property {string} fhir host of the FHIR server
 * @property {string} base path of its FHIR base
 * @property {string} tokenEndpoint
 * @property {string} [issuer] whose metadata is served too
 * @property {(request: TokenRequest) => void} check throws where the vendor would refuse
 * @property {object} [token] members of the token response besides the usual ones
 *
 * @typedef {object} TokenRequest
 * @property {URLSearchParams} form
 * @property {import('node:http').IncomingHttpHeaders} headers
 * @property {Record<string, any>} header of the assertion
 * @property {Record<string, any>} claims
 */

/** msal-node rounds `nbf` up. */
const CLOCK_TOLERANCE = '1 minute';

const now = () => Math.floor(Date.now() / 1000);

/** The rules are those of requirements QK and docs/servers.md. */
const expectSmart = ({ header, claims }, { tokenEndpoint }) => {
  expect(header.typ === 'JWT', 'typ is JWT');
  expect(['RS384', 'ES384'].includes(header.alg), 'RS384 or ES384');
  expect(claims.aud === tokenEndpoint, 'aud is the token endpoint');
  expect(claims.exp <= now() + 300, 'exp within 300 s');
};

/** @type {Record<string, Site>} */
export const SITES = {
  epic: {
    fhir: 'fhir.epic.com',
    base: '/interconnect-fhir-oauth/api/FHIR/R4',
    tokenEndpoint: 'https://fhir.epic.com/interconnect-fhir-oauth/oauth2/token',
    check(request) {
      expectSmart(request, this);
      expect(typeof request.claims.jti === 'string' && request.claims.jti.length <= 151, 'jti');
      expect(request.claims.exp - request.claims.iat <= 300, 'exp - iat');
    },
  },
  'oracle-health': {
    fhir: 'fhir-ehr-code.cerner.com',
    base: '/r4/ec2458f2-1e24-41c8-b71b-0e701af7583d',
    tokenEndpoint:
      'https://authorization.cerner.com/tenants/ec2458f2-1e24-41c8-b71b-0e701af7583d/hosts/fhir-ehr-code.cerner.com/protocols/oauth2/profiles/smart-v1/token',
    check(request) {
      expectSmart(request, this);
      expect(request.form.get('scope') !== null, 'scope is needed');
    },
    token: { expires_in: 570 },
  },
  keycloak: {
    fhir: 'fhir.example.com',
    base: '/fhir',
    issuer: 'https://keycloak.example.com/realms/health',
    tokenEndpoint: 'https://keycloak.example.com/realms/health/protocol/openid-connect/token',
    check({ claims }) {
      expect([this.issuer, this.tokenEndpoint].includes(claims.aud), 'one audience');
      expect(typeof claims.iat === 'number', 'iat is needed');
    },
  },
  entra: {
    fhir: 'my-workspace-my-service.fhir.azurehealthcareapis.com',
    base: '',
    tokenEndpoint: 'https://login.microsoftonline.com/00000000-0000-0000-0000-000000000000/oauth2/v2.0/token',
    check({ form, header, claims }) {
      expect(header.alg === 'PS256' && header.kid === undefined, 'PS256 without kid');
      expect(typeof header['x5t#S256'] === 'string', 'the certificate is named');
      expect(claims.aud === this.tokenEndpoint && typeof claims.nbf === 'number', 'aud and nbf');
      expect(form.get('client_id') === claims.sub, 'client_id is in the form');
      expect(form.get('scope') === `https://${this.fhir}/.default`, 'scope is .default');
    },
  },
  okta: {
    fhir: 'fhir.example.net',
    base: '/fhir',
    issuer: 'https://my-company.okta.com/oauth2/default',
    tokenEndpoint: 'https://my-company.okta.com/oauth2/default/v1/token',
    check({ claims }) {
      expect(claims.aud === this.tokenEndpoint, 'aud is the endpoint as it is called');
      expect(claims.exp <= now() + 3600, 'exp within an hour');
    },
  },
  'cms-bcda': {
    fhir: 'sandbox.bcda.cms.gov',
    base: '/api/v2',
    tokenEndpoint: 'https://sandbox.bcda.cms.gov/auth/token',
    check({ form, headers }) {
      expect(/^Basic [\w+/]+=*$/.test(headers.authorization ?? ''), 'Basic');
      expect(headers.accept === 'application/json', 'accept');
      expect(!form.has('scope') && !form.has('client_assertion'), 'no scope, no assertion');
    },
    token: { expires_in: '1200' },
  },
  'smile-cdr': {
    fhir: 'smile.example.org',
    base: '/fhir',
    tokenEndpoint: 'https://smile.example.org/smartauth/oauth/token',
    check({ claims }) {
      // Behind a proxy that ends TLS it knows itself under http:.
      expect(claims.aud === this.tokenEndpoint.replace('https:', 'http:'), 'aud says http:');
      expect(claims.jti !== undefined, 'jti');
    },
  },
};

/**
 * Starts what the recipes are about. A client is known if its assertion is signed by a key of `keys`.
 *
 * @param {Awaited<ReturnType<typeof import('./named-servers.mjs').openNames>>} names
 * @param {Parameters<typeof jose.createLocalJWKSet>[0]} keys
 * @returns {Promise<Map<string, string[]>>} what became of the token requests, by site
 */
export async function startVendorSites(names, keys) {
  const keySet = jose.createLocalJWKSet(keys);
  const outcomes = new Map();
  for (const [name, site] of Object.entries(SITES)) {
    outcomes.set(name, []);
    const listener = (request, response) =>
      respond(site, request, response, keySet, outcomes.get(name)).catch((error) => {
        outcomes.get(name).push(`refused: ${error.message}`);
        answer(response, { error: 'invalid_client', error_description: error.message }, 401);
      });
    for (const host of new Set([site.fhir, new URL(site.tokenEndpoint).host])) {
      await names.serve(host, listener);
    }
  }
  return outcomes;
}

async function respond(site, request, response, keySet, outcomes) {
  const url = new URL(request.url, `https://${request.headers.host}`);
  // Without the query, in which msal-node names its request.
  if (request.method === 'POST' && url.origin + url.pathname === site.tokenEndpoint) {
    const form = new URLSearchParams(await text(request));
    const assertion = form.get('client_assertion');
    const verified =
      assertion === null ? {} : await jose.jwtVerify(assertion, keySet, { clockTolerance: CLOCK_TOLERANCE });
    site.check({
      form,
      headers: request.headers,
      header: verified.protectedHeader ?? {},
      claims: verified.payload ?? {},
    });
    outcomes.push('token');
    return answer(response, {
      access_token: 'a-token',
      token_type: 'bearer',
      expires_in: 300,
      ...site.token,
    });
  }
  if (url.pathname.endsWith('/.well-known/smart-configuration') && site.issuer === undefined) {
    return answer(response, { token_endpoint: site.tokenEndpoint, capabilities: [] });
  }
  if (url.pathname.includes('/.well-known/') && url.host === new URL(site.tokenEndpoint).host) {
    return answer(response, { issuer: site.issuer, token_endpoint: site.tokenEndpoint });
  }
  const isAuthorised = request.headers.authorization === 'Bearer a-token';
  if (!url.pathname.startsWith(site.base) || !isAuthorised) return answer(response, '', 401);
  return answer(response, { resourceType: 'Bundle', type: 'searchset', total: 0 });
}

function expect(condition, rule) {
  if (!condition) throw new Error(rule);
}
