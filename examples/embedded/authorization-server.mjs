import { text } from 'node:stream/consumers';
import { openLoopbackServer } from './loopback-server.mjs';
import { generatePrivateKey } from './private-keys.mjs';

export const ASYMMETRIC_ALGORITHMS = [
  ...['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'],
  ...['ES256', 'ES384', 'ES512', 'EdDSA'],
];
export const SYSTEM_SCOPES = ['*', 'Patient', 'Observation', 'Group'].flatMap((resource) =>
  ['rs', 'r', 'cruds', 'read', 'write', '*'].map((access) => `system/${resource}.${access}`),
);
export const CLIENT_AUTH_METHODS = [
  'private_key_jwt',
  'client_secret_basic',
  'client_secret_post',
  'client_secret_jwt',
];

/**
 * @typedef {object} TokenRequest
 * @property {Date} at when it arrived
 * @property {import('node:http').IncomingHttpHeaders} headers
 * @property {URLSearchParams} form
 * @property {number | null} status null while it is being answered
 * @property {string | null} refusal what oidc-provider found wrong, in more detail than it tells the client
 *
 * @typedef {object} AuthorizationServer
 * @property {string} issuer
 * @property {string} tokenEndpoint
 * @property {TokenRequest[]} tokenRequests
 * @property {(token: string) => Promise<{ active: boolean, scope?: string, client_id?: string,
 *   iat?: number, exp?: number }>} introspect members as in RFC 7662
 * @property {(token: string) => Promise<void>} revoke
 * @property {(failure?: { status?: number, headers?: Record<string, string>, body?: string,
 *   times?: number }) => void} failNext answers the next token requests itself
 * @property {() => Promise<void>} close
 */

/**
 * oidc-provider on loopback, for clients that authenticate by key or by secret.
 *
 * @param {object} options
 * @param {{ certificatePem: string, privateKeyPem: string }} [options.tls] without it: plain http
 * @param {object[]} options.clients oidc-provider client metadata (`client_id`, `token_endpoint_auth_method`, `jwks` …)
 * @param {number} [options.accessTokenTtlSeconds]
 * @param {number} [options.port]
 * @param {string} [options.host]
 * @param {(origin: string) => string | Promise<string>} [options.front] puts a proxy before it, and says the issuer
 * @param {object} [options.settings] of oidc-provider's own, besides those here and in place of them
 * @returns {Promise<AuthorizationServer>}
 */
export async function startAuthorizationServer({ tls, port = 0, host = 'localhost', ...options }) {
  const Provider = await loadProvider();
  const loopback = await openLoopbackServer({ tls, host, port });
  try {
    return await serve(Provider, loopback, options);
  } catch (error) {
    await loopback.close();
    throw error;
  }
}

async function serve(
  Provider,
  { server, origin, close },
  { clients, accessTokenTtlSeconds = 3600, front, settings },
) {
  const adapter = memoryAdapter();
  const issuer = front ? await front(origin) : origin;
  const provider = new Provider(
    issuer,
    configuration({ adapter, clients, accessTokenTtlSeconds, ...settings }),
  );
  // X-Forwarded-Proto counts, where the proxy sends it.
  provider.proxy = front !== undefined;
  const tokenEndpoint = provider.urlFor('token');
  const tokenRequests = [];
  const failures = [];

  provider.use(async (context, next) => {
    if (context.method !== 'POST' || context.path !== new URL(tokenEndpoint).pathname) {
      return next();
    }
    const record = {
      at: new Date(),
      headers: { ...context.headers },
      form: new URLSearchParams(),
      status: null,
      refusal: null,
    };
    tokenRequests.push(record);
    context.state.tokenRequest = record;
    const failure = failures.shift();
    if (failure) {
      record.form = new URLSearchParams(await text(context.req));
      context.status = failure.status;
      context.set(failure.headers);
      context.body = failure.body;
    } else {
      await next();
      record.form = formOf(context.oidc.body);
    }
    record.status = context.status;
  });
  provider.on('grant.error', (context, error) => {
    context.state.tokenRequest.refusal = error.error_detail ?? error.error_description ?? error.message;
  });
  // oidc-provider keeps these to itself otherwise.
  provider.on('server_error', (_context, error) => console.error(error));
  server.on('request', provider.callback());

  const tokens = adapter('ClientCredentials');
  return {
    issuer,
    tokenEndpoint,
    tokenRequests,
    async introspect(token) {
      const found = await tokens.find(token);
      if (!found) return { active: false };
      const { scope, clientId, iat, exp } = found;
      return { active: true, scope, client_id: clientId, iat, exp };
    },
    revoke: (token) => tokens.destroy(token),
    failNext({ status = 503, headers = {}, body = '', times = 1 } = {}) {
      for (let count = 0; count < times; count += 1) failures.push({ status, headers, body });
    },
    close,
  };
}

function configuration({ adapter, clients, accessTokenTtlSeconds, features, ...settings }) {
  const signingKey = generatePrivateKey('ec', { namedCurve: 'P-256' });
  return {
    adapter,
    clients,
    clientDefaults: {
      grant_types: ['client_credentials'],
      response_types: [],
      redirect_uris: [],
      id_token_signed_response_alg: 'ES256', // of no use here, but checked against `jwks`
    },
    clientAuthMethods: CLIENT_AUTH_METHODS,
    enabledJWA: {
      clientAuthSigningAlgValues: [...ASYMMETRIC_ALGORITHMS, 'HS256', 'HS384', 'HS512'],
    },
    scopes: SYSTEM_SCOPES,
    ttl: { ClientCredentials: accessTokenTtlSeconds },
    jwks: { keys: [signingKey.export({ format: 'jwk' })] },
    features: {
      clientCredentials: { enabled: true },
      devInteractions: { enabled: false },
      // Off, `resource` is a parameter like any other unknown one: ignored.
      resourceIndicators: { enabled: false },
      ...features,
    },
    ...settings,
  };
}

/**
 * oidc-provider's storage. Its own counts in whole seconds and would end a 3-second token up to a second
 * early; this one keeps it for exactly as long as `expires_in` promised.
 */
export function memoryAdapter() {
  const entries = new Map();
  return (model) => ({
    async upsert(id, payload, expiresIn) {
      const endsAt = expiresIn === undefined ? Infinity : Date.now() + expiresIn * 1000;
      entries.set(`${model}:${id}`, { payload, endsAt });
    },
    async find(id) {
      const entry = entries.get(`${model}:${id}`);
      if (entry && entry.endsAt > Date.now()) return entry.payload;
      entries.delete(`${model}:${id}`);
      return undefined;
    },
    async destroy(id) {
      entries.delete(`${model}:${id}`);
    },
  });
}

/** @param {Record<string, string | string[]> | undefined} body as oidc-provider parsed it */
function formOf(body = {}) {
  const form = new URLSearchParams();
  for (const [name, values] of Object.entries(body)) {
    for (const value of [values].flat()) form.append(name, value);
  }
  return form;
}

/** Without what the import prints of the runtime. */
export async function loadProvider() {
  const { warn } = console;
  // On Node 20 the import itself prints that only Node 22 is supported; what is used here runs on both.
  console.warn = (message, ...rest) => {
    if (!String(message).includes('oidc-provider WARNING: Unsupported runtime')) {
      warn.call(console, message, ...rest);
    }
  };
  try {
    return (await import('oidc-provider')).Provider;
  } finally {
    console.warn = warn;
  }
}
