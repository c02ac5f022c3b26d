import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { ClientAuthInterceptorFactory, Keystores } from '../../../index.mjs';
import { rsaJwks } from '../keys.mjs';
import { TOKEN, USUAL } from './error-scenarios.mjs';

const CHANNEL = 'smart-m2m:warning';
/** Keys without `alg`, or of another one, or behind one that cannot sign. */
const rsa = rsaJwks({ alg: 'RS384', kid: 'key-2026' });
const KEYSTORES = {
  'without-alg': { keys: rsa.keys.map(({ alg: _, ...key }) => key) },
  'with-alg': rsa,
  'second-signs': { keys: [{ ...rsaJwks({ kid: 'key-2025' }).keys[0], use: 'enc' }, ...rsa.keys] },
};

/**
 * What brings each warning about: settings, members of the metadata, and of the token response.
 *
 * @type {Record<string, { options?: object, metadata?: object, token?: object, origin?: string }>}
 */
const WARNINGS = {
  KEYSTORE_KEY_SKIPPED: { options: { keystore: 'second-signs' } },
  TOKEN_ENDPOINT_ORIGIN: {},
  AUTH_METHOD_NOT_LISTED: { metadata: { token_endpoint_auth_methods_supported: ['client_secret_basic'] } },
  ALGORITHM_NOT_LISTED: { metadata: { token_endpoint_auth_signing_alg_values_supported: ['RS256'] } },
  GRANT_TYPE_NOT_LISTED: { metadata: { grant_types_supported: ['authorization_code'] } },
  CAPABILITY_NOT_LISTED: { metadata: { capabilities: ['launch-standalone'] } },
  ALGORITHM_BY_SERVER: {
    options: { keystore: 'without-alg' },
    metadata: { token_endpoint_auth_signing_alg_values_supported: ['PS256'] },
  },
  ALGORITHM_OVERRIDES_KEY: {
    options: { keystore: 'with-alg', assertion: { algorithm: 'RS512' } },
    metadata: { token_endpoint_auth_signing_alg_values_supported: ['RS512'] },
  },
  EXPIRES_IN_MISSING: { token: { expires_in: undefined } },
  TOKEN_TYPE_MISSING: { token: { token_type: undefined } },
  SCOPE_NOT_GRANTED: {
    options: { scope: 'system/Patient.read system/Group.read' },
    token: { scope: 'system/Patient.read' },
  },
  TOKEN_WITHHELD: { origin: 'https://files.example.org' },
};

/**
 * The message of each warning that can be brought about at once, by code.
 *
 * @param {import('./error-scenarios.mjs').ErrorScenarios} scenarios
 * @returns {Promise<Record<string, string | undefined>>}
 */
export async function collectWarningMessages(scenarios) {
  for (const [name, jwks] of Object.entries(KEYSTORES)) Keystores.register(name, { jwks });
  const found = {};
  for (const [code, { options, metadata, token, origin }] of Object.entries(WARNINGS)) {
    await scenarios.prepare({ servers: { metadata, token: [{ ...TOKEN, ...token }] } });
    // Discovery is shared: a client for each, with a base of its own.
    const clientId = `client-of-${code}`;
    const fhirBaseUrl = `${USUAL.fhirBaseUrl}/${code}`;
    const warnings = [];
    const onWarning = (warning) => warnings.push(warning);
    subscribe(CHANNEL, onWarning);
    const interceptor = ClientAuthInterceptorFactory.create({
      ...USUAL,
      ...options,
      clientId,
      fhirBaseUrl,
      http: scenarios.http,
    });
    await interceptor.getAuthorizationHeader();
    if (origin !== undefined) await interceptor.interceptRequest({ url: `${origin}/1.ndjson`, headers: {} });
    // Warnings come on their own way to the thread.
    for (let turns = 0; turns < 200 && !warnings.some((warning) => warning.code === code); turns += 1) {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    unsubscribe(CHANNEL, onWarning);
    interceptor.close();
    const said = warnings.find((warning) => warning.code === code && warning.clientId === clientId);
    found[code] = said?.message.replaceAll(`/${code}`, '');
  }
  return found;
}
