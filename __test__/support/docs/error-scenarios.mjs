import { join } from 'node:path';
import { ClientAuthInterceptorFactory, Keystores } from '../../../index.mjs';
import { glibcTooOld, notFound } from '../addon-search.mjs';
import { PACKAGE_ROOT } from '../child.mjs';
import { ecJwks } from '../keys.mjs';
import { answer, openNames } from './named-servers.mjs';

export const FIXTURES = join(PACKAGE_ROOT, '__test__', 'fixtures', 'keystores');
const HTML = '<!doctype html><title>Sign in</title><form action="/login"></form>';
const BASE = 'https://fhir.example.org/r4';
const ENDPOINT = 'https://auth.example.org/token';
export const TOKEN = { access_token: 'token-of-the-docs', token_type: 'bearer', expires_in: 300 };
const FHIR = 'fhir.example.org';
const AUTH = 'auth.example.org';

/** What the pages about errors are about: settings and servers that end in a code. */
export class ErrorScenarios {
  #names;

  static async start() {
    const scenarios = new ErrorScenarios();
    // A message says whether it is set.
    delete process.env.SMART_M2M_KEYSTORE_DIR;
    scenarios.#names = await openNames([FHIR, AUTH]);
    Keystores.register('my-keystore', { jwks: ecJwks({ kid: 'key-2026' }) });
    return scenarios;
  }

  get caPem() {
    return this.#names.caPem;
  }

  get proxyUrl() {
    return this.#names.proxyUrl;
  }

  get http() {
    return this.#names.http;
  }

  get ports() {
    return this.#names.ports;
  }

  close() {
    return this.#names.close();
  }

  /**
   * What the servers do, for the calls that follow.
   *
   * @param {object} servers
   * @param {object | string | number} [servers.metadata] members of smart-configuration besides the usual ones, a page,
   *   or a status without a body
   * @param {[body: object | string, status?: number, headers?: Record<string, string>]} [servers.token] what the token
   *   endpoint answers; none: no answer at all
   */
  async #play({ metadata = {}, token }) {
    await this.#names.serve(FHIR, (request, response) => {
      if (typeof metadata === 'number') return answer(response, '', metadata);
      if (typeof metadata === 'string') return answer(response, metadata);
      if (!request.url.endsWith('/.well-known/smart-configuration')) return answer(response, '', 404);
      const usual = {
        token_endpoint: ENDPOINT,
        token_endpoint_auth_methods_supported: ['private_key_jwt', 'client_secret_basic'],
        token_endpoint_auth_signing_alg_values_supported: ['RS384', 'ES384'],
        grant_types_supported: ['client_credentials'],
        capabilities: ['client-confidential-asymmetric', 'client-confidential-symmetric'],
      };
      return answer(response, { ...usual, ...metadata });
    });
    await this.#names.serve(AUTH, (request, response) => {
      request.resume();
      if (request.method === 'GET') return answer(response, metadata.ofIssuer ?? {});
      if (token !== undefined) answer(response, ...token);
    });
  }

  /**
   * @param {Scenario} scenario
   * @returns {Promise<Error>} what a program gets
   */
  async errorOf(scenario) {
    try {
      if (scenario.act !== undefined) await scenario.act();
      else await this.#headerFor(scenario);
    } catch (error) {
      return error;
    }
    throw new Error(`${scenario.code}: there was no error`);
  }

  /**
   * Makes the servers ready for it, as `errorOf` does, for a command line that is to see the same.
   *
   * @param {Scenario} scenario
   */
  async prepare({ servers, setUp }) {
    setUp?.();
    if (servers !== undefined) await this.#play(servers);
  }

  async #headerFor(scenario) {
    await this.prepare(scenario);
    const { http, ...options } = { ...USUAL, ...scenario.options };
    const network = { ...this.#names.http, ...http };
    const interceptor = ClientAuthInterceptorFactory.create({ ...options, http: network });
    scenario.before?.(interceptor);
    try {
      await interceptor.getAuthorizationHeader();
    } finally {
      interceptor.close();
    }
  }
}

export const USUAL = {
  clientId: 'my-client-id',
  keystore: 'my-keystore',
  scope: 'system/*.read',
  fhirBaseUrl: BASE,
  retry: { attempts: 1 },
  // Each scenario is the first one for its server.
  renewal: { failureCooldownSeconds: 0 },
};
const fixture = (name) => join(FIXTURES, name);
const { d: _, ...publicJwk } = ecJwks({ kid: 'kms-2026' }).keys[0];
const signWith = (sign) => () => Keystores.register('in-kms', { publicJwk, sign });
const throwing = (errorOf) => () => {
  throw errorOf();
};
const register = (source) => () => Keystores.register('my-other-keystore', source);

/**
 * @typedef {object} Scenario
 * @property {string} code
 * @property {boolean} [doctor] whether its page shows the doctor's words
 * @property {() => unknown} [act] in place of a token request
 * @property {Record<string, unknown>} [options] besides the usual ones; undefined takes one away
 * @property {object} [servers] see `#play`
 * @property {() => void} [setUp] before the interceptor is created
 * @property {(interceptor: import('../../../index.js').ClientAuthInterceptor) => void} [before] its first call
 *
 * @type {readonly Scenario[]}
 */
export const SCENARIOS = [
  { code: 'ERR_INVALID_CONFIG', options: { scope: undefined } },
  { code: 'ERR_INVALID_CONFIG', doctor: true, options: { retrys: { attempts: 2 } } },
  { code: 'ERR_INVALID_CONFIG', options: { retry: { attempts: 100 }, keystore: undefined } },
  { code: 'ERR_KEYSTORE_NOT_FOUND', doctor: true, options: { keystore: 'not-there' } },
  { code: 'ERR_KEYSTORE_NOT_FOUND', act: register({ path: '/etc/my-application/key.pem' }) },
  { code: 'ERR_KEYSTORE_PASSPHRASE', act: register({ path: fixture('pkcs8-aes-256.pem') }) },
  { code: 'ERR_KEYSTORE_PASSPHRASE', act: register({ path: fixture('openssl.p12'), passphrase: 'wrong' }) },
  { code: 'ERR_KEYSTORE_UNSUPPORTED', act: register({ path: fixture('openssh.key') }) },
  { code: 'ERR_KEYSTORE_UNSUPPORTED', act: register({ path: fixture('camellia.pem'), passphrase: 'any' }) },
  { code: 'ERR_KEYSTORE_CORRUPT', act: register({ data: 'this is no key' }) },
  { code: 'ERR_KEYSTORE_CORRUPT', act: register({ jwks: '{"keys": [' }) },
  { code: 'ERR_KEYSTORE_UNUSABLE_KEY', act: register({ path: fixture('public.jwk') }) },
  { code: 'ERR_KEYSTORE_UNUSABLE_KEY', act: register({ path: fixture('rsa1024.jwk') }) },
  {
    code: 'ERR_KEYSTORE_UNUSABLE_KEY',
    act: register({ jwks: ecJwks({ kid: 'key-2026' }), keyId: 'key-2025' }),
  },
  { code: 'ERR_DISCOVERY', doctor: true, servers: { metadata: 404 } },
  { code: 'ERR_DISCOVERY', doctor: true, servers: { metadata: HTML } },
  { code: 'ERR_DISCOVERY', servers: { metadata: { token_endpoint: undefined } } },
  {
    code: 'ERR_DISCOVERY',
    options: { discovery: { strict: true } },
    servers: { metadata: { token_endpoint_auth_methods_supported: ['client_secret_basic'] } },
  },
  {
    code: 'ERR_ISSUER_MISMATCH',
    doctor: true,
    options: { issuer: 'https://auth.example.org' },
    servers: { metadata: { ofIssuer: { issuer: 'https://auth.example.org/', token_endpoint: ENDPOINT } } },
  },
  { code: 'ERR_INSECURE_URL', doctor: true, options: { fhirBaseUrl: 'http://fhir.example.org/r4' } },
  {
    code: 'ERR_INSECURE_URL',
    servers: { metadata: { token_endpoint: 'http://auth.example.org/token' } },
  },
  {
    code: 'ERR_ORIGIN_NOT_ALLOWED',
    doctor: true,
    options: { allowedTokenEndpointOrigins: ['https://login.example.org'] },
    servers: {},
  },
  { code: 'ERR_TOKEN_REJECTED', doctor: true, servers: { token: [{ error: 'invalid_client' }, 401] } },
  {
    code: 'ERR_TOKEN_REJECTED',
    doctor: true,
    servers: { token: [{ error: 'invalid_scope', error_description: 'Unknown scope' }, 400] },
  },
  { code: 'ERR_TOKEN_REJECTED', servers: { token: [{ error: 'unauthorized_client' }, 400] } },
  {
    code: 'ERR_TOKEN_REJECTED',
    options: { keystore: undefined, clientSecret: 'a secret of the docs' },
    servers: { token: [{ error: 'invalid_client' }, 401] },
  },
  {
    code: 'ERR_TOKEN_REJECTED',
    doctor: true,
    servers: {
      get token() {
        const date = new Date(Date.now() - 600_000).toUTCString();
        return [{ error: 'invalid_client' }, 401, { date }];
      },
    },
  },
  { code: 'ERR_TOKEN_REJECTED', servers: { token: ['', 404] } },
  { code: 'ERR_TOKEN_RESPONSE', doctor: true, servers: { token: [HTML] } },
  { code: 'ERR_TOKEN_RESPONSE', servers: { token: [{ token: 'under another name' }] } },
  { code: 'ERR_UNSUPPORTED_TOKEN_TYPE', doctor: true, servers: { token: [{ ...TOKEN, token_type: 'mac' }] } },
  {
    code: 'ERR_SCOPE_NOT_GRANTED',
    doctor: true,
    options: { scope: 'system/Patient.read system/Group.read', requireScopes: 'all' },
    servers: { token: [{ ...TOKEN, scope: 'system/Patient.read' }] },
  },
  {
    code: 'ERR_REDIRECT',
    doctor: true,
    servers: { token: ['', 307, { location: 'https://login.example.org/token' }] },
  },
  {
    code: 'ERR_NETWORK',
    doctor: true,
    options: { fhirBaseUrl: 'https://localhost:1/r4', http: { proxy: null } },
  },
  { code: 'ERR_NETWORK', options: { fhirBaseUrl: 'https://other.example.org/r4' } },
  { code: 'ERR_TLS', doctor: true, options: { http: { ca: [] } }, servers: {} },
  { code: 'ERR_TIMEOUT', doctor: true, options: { http: { timeoutMs: 200 } }, servers: {} },
  { code: 'ERR_RATE_LIMITED', doctor: true, servers: { token: ['', 429, { 'retry-after': '120' }] } },
  {
    code: 'ERR_SERVER',
    doctor: true,
    servers: { token: ['Bad gateway', 502, { 'content-type': 'text/plain' }] },
  },
  {
    code: 'ERR_PRE_TOKEN_HOOK',
    before: (interceptor) =>
      interceptor.registerInterceptor({
        CLIENT_AUTH_PRE_TOKEN_REQUEST() {
          throw new Error('the vault is sealed');
        },
      }),
  },
  {
    code: 'ERR_PRE_TOKEN_HOOK',
    before: (interceptor) => interceptor.registerInterceptor({ CLIENT_AUTH_PRE_TOKEN_REQUEST: () => '' }),
  },
  {
    code: 'ERR_SIGNER',
    options: { keystore: 'in-kms' },
    servers: {},
    setUp: signWith(() => {
      throw new Error('the key service is away');
    }),
  },
  {
    code: 'ERR_SIGNER',
    options: { keystore: 'in-kms' },
    servers: {},
    setUp: signWith(() => new Uint8Array(96)),
  },
  { code: 'ERR_CLOSED', before: (interceptor) => interceptor.close() },
  { code: 'ERR_NATIVE_ADDON', act: throwing(() => notFound()) },
  { code: 'ERR_NATIVE_ADDON', act: throwing(() => notFound({ error: glibcTooOld() }, { glibc: '2.31' })) },
  {
    code: 'ERR_NATIVE_ADDON',
    act: throwing(() => notFound({ platform: 'freebsd', libc: null, builds: [] })),
  },
];
