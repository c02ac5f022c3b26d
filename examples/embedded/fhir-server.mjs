import { ASYMMETRIC_ALGORITHMS, CLIENT_AUTH_METHODS, SYSTEM_SCOPES } from './authorization-server.mjs';
import { openLoopbackServer } from './loopback-server.mjs';
import { PATIENTS } from './patients.mjs';

/** The extension that announced OAuth endpoints before smart-configuration did. */
const OAUTH_URIS = 'http://fhir-registry.smarthealthit.org/StructureDefinition/oauth-uris';

/**
 * @typedef {object} FhirRequest
 * @property {Date} at
 * @property {string} method
 * @property {string} url
 * @property {import('node:http').IncomingHttpHeaders} headers
 * @property {number} status
 */

/**
 * A FHIR R4 endpoint with a few made-up patients, read with a token of the given authorization server.
 *
 * @param {object} options
 * @param {{ certificatePem: string, privateKeyPem: string }} options.tls
 * @param {import('./authorization-server.mjs').AuthorizationServer} options.authorizationServer
 * @param {string} [options.basePath]
 * @param {number} [options.port]
 * @param {string} [options.host]
 * @param {string} [options.origin] what its URLs say, where that is not its own address
 * @returns {Promise<{ baseUrl: string, port: number, requests: FhirRequest[], close(): Promise<void> }>}
 */
export async function startFhirServer({
  tls,
  authorizationServer,
  basePath = '/fhir',
  port = 0,
  host = 'localhost',
  origin,
}) {
  const { server, close, ...opened } = await openLoopbackServer({ tls, host, port, origin });
  const baseUrl = opened.origin + basePath.replace(/\/+$/, '');
  const requests = [];

  server.on('request', async (request, response) => {
    const { method, url, headers } = request;
    const record = { at: new Date(), method, url, headers, status: 0 };
    requests.push(record);
    const answer = await respond(request, { baseUrl, authorizationServer }).catch((error) =>
      outcome(500, 'exception', error.message),
    );
    record.status = answer.status;
    response.writeHead(answer.status, {
      'content-type': 'application/fhir+json; charset=utf-8',
      ...answer.headers,
    });
    response.end(JSON.stringify(answer.body));
  });

  return { baseUrl, port: opened.port, requests, close };
}

async function respond(request, { baseUrl, authorizationServer }) {
  const url = new URL(request.url, baseUrl);
  const base = new URL(baseUrl).pathname.replace(/\/$/, '');
  if (!url.pathname.startsWith(`${base}/`)) return outcome(404, 'not-found', 'Outside the FHIR base.');
  if (request.method !== 'GET') return outcome(405, 'not-supported', 'Only GET is supported.');
  const path = url.pathname.slice(base.length + 1);

  if (path === '.well-known/smart-configuration') {
    return {
      status: 200,
      headers: { 'content-type': 'application/json' },
      body: smartConfiguration(authorizationServer),
    };
  }
  if (path === 'metadata') {
    return { status: 200, body: capabilityStatement(baseUrl, authorizationServer) };
  }

  const [type, id, ...rest] = path.split('/');
  if (type !== 'Patient' || rest.length > 0) {
    return outcome(404, 'not-found', `Nothing at ${path}.`);
  }
  const refusal = await authorize(request, authorizationServer, id ? 'r' : 's');
  if (refusal) return refusal;
  if (!id) return { status: 200, body: search(baseUrl, url) };
  const patient = PATIENTS.find((candidate) => candidate.id === id);
  return patient ? { status: 200, body: patient } : outcome(404, 'not-found', `There is no Patient/${id}.`);
}

/** @returns {Promise<object | null>} what to answer instead, or null when the request may go on */
async function authorize(request, authorizationServer, permission) {
  const token = /^Bearer ([^\s]+)$/i.exec(request.headers.authorization ?? '')?.[1];
  const { active, scope } = token
    ? await authorizationServer.introspect(token)
    : { active: false, scope: undefined };
  if (!active) {
    return outcome(401, 'login', 'A live access token is needed.', {
      'www-authenticate': 'Bearer error="invalid_token"',
    });
  }
  if (!(scope ?? '').split(' ').some((granted) => covers(granted, permission))) {
    return outcome(403, 'forbidden', 'The token does not cover reading patients.', {
      'www-authenticate': 'Bearer error="insufficient_scope", scope="system/Patient.rs"',
    });
  }
  return null;
}

/**
 * @param {string} scope SMART v2 (`system/Patient.rs`) or v1 (`system/Patient.read`)
 * @param {'r' | 's'} permission
 */
function covers(scope, permission) {
  const access = /^system\/(?:\*|Patient)\.(read|write|\*|c?r?u?d?s?)$/.exec(scope)?.[1] ?? '';
  if (access === 'write') return false;
  return access === '*' || access === 'read' || access.includes(permission);
}

function search(baseUrl, url) {
  const family = url.searchParams.get('family')?.toLowerCase();
  const matches = PATIENTS.filter(
    ({ name: [name] }) => !family || name.family.toLowerCase().startsWith(family),
  );
  const count = Number(url.searchParams.get('_count') ?? matches.length);
  return {
    resourceType: 'Bundle',
    type: 'searchset',
    total: matches.length,
    link: [{ relation: 'self', url: url.href }],
    entry: matches.slice(0, count).map((resource) => ({
      fullUrl: `${baseUrl}/Patient/${resource.id}`,
      resource,
      search: { mode: 'match' },
    })),
  };
}

function smartConfiguration({ issuer, tokenEndpoint }) {
  return {
    // SMART asks for `issuer` only from servers that also sign people in; many name it regardless.
    issuer,
    jwks_uri: `${issuer}/jwks`,
    token_endpoint: tokenEndpoint,
    token_endpoint_auth_methods_supported: CLIENT_AUTH_METHODS,
    token_endpoint_auth_signing_alg_values_supported: ASYMMETRIC_ALGORITHMS,
    grant_types_supported: ['client_credentials'],
    scopes_supported: SYSTEM_SCOPES,
    code_challenge_methods_supported: ['S256'],
    capabilities: [
      'client-confidential-asymmetric',
      'client-confidential-symmetric',
      'permission-v1',
      'permission-v2',
    ],
  };
}

function capabilityStatement(baseUrl, { tokenEndpoint }) {
  return {
    resourceType: 'CapabilityStatement',
    status: 'active',
    date: '2026-01-01',
    kind: 'instance',
    implementation: { description: 'smart-m2m example FHIR server', url: baseUrl },
    fhirVersion: '4.0.1',
    format: ['json'],
    rest: [
      {
        mode: 'server',
        security: {
          extension: [{ url: OAUTH_URIS, extension: [{ url: 'token', valueUri: tokenEndpoint }] }],
        },
        resource: [{ type: 'Patient', interaction: [{ code: 'read' }, { code: 'search-type' }] }],
      },
    ],
  };
}

function outcome(status, code, diagnostics, headers = {}) {
  return {
    status,
    headers,
    body: {
      resourceType: 'OperationOutcome',
      issue: [{ severity: 'error', code, diagnostics }],
    },
  };
}
