import {
  BasicNameValuePair,
  type ClientAuthInterceptor,
  ClientAuthInterceptorFactory,
  type ClientAuthOptions,
  ClientAuthParams,
  ClientAuthState,
  type DiscoverySource,
  type NameValuePair,
} from '@org/smart-m2m';
import { expectType } from './expect-type.js';

// ── the names of the Smile page ──

const pair = new BasicNameValuePair('organisation', 'a');
expectType<string>()(pair.name);
expectType<string>()(pair.value);
const pairs: NameValuePair[] = [pair, { name: 'b', value: 'c' }, ['d', 'e'] as const];

const params: ClientAuthParams = new ClientAuthParams('client')
  .withKeystore('keystore')
  .withClientSecret('secret')
  .withScope('system/Patient.rs')
  .withScope(null)
  .withAdditionalParameters(pairs)
  .withAdditionalParameters(new Set<NameValuePair>([pair]))
  .withAdditionalParameters({ f: 'g' })
  .withForceHttpInTokenRequestAudience()
  .withForceHttpInTokenRequestAudience(false)
  .withFhirBaseUrl('https://fhir.example.org/r4')
  .withIssuer('https://auth.example.org')
  .withTokenEndpoint('https://auth.example.org/token')
  .with({ renewal: { marginSeconds: 5 }, http: { timeoutMs: 10_000 } });

expectType<string>()(params.clientId);
expectType<string | null>()(params.keystoreName);
expectType<string | null | undefined>()(params.scope);
expectType<boolean>()(params.forceHttpInTokenRequestAudience);
expectType<boolean>()(params.hasClientSecret);

class OwnParams extends ClientAuthParams {
  readonly own = true;
}
expectType<OwnParams>()(new OwnParams('client').withScope(null));

const state: ClientAuthState = new ClientAuthState('client');
const sameClass: typeof ClientAuthParams = ClientAuthState;

// ── options by name ──

const options: ClientAuthOptions = {
  clientId: 'client',
  keystore: 'keystore',
  clientSecret: 'secret',
  scope: null,
  additionalParameters: [['a', 'b']],
  forceHttpInTokenRequestAudience: true,
  fhirBaseUrl: 'https://fhir.example.org/r4',
  issuer: 'https://auth.example.org',
  tokenEndpoint: 'https://auth.example.org/token',
  clientAuthMethod: 'client_secret_post',
  basicEncoding: 'raw',
  server: 'epic',
  audience: 'issuer',
  assertion: {
    algorithm: 'PS256',
    keyId: null,
    jwksUrl: 'https://c.example.org/jwks',
    certificateHeaders: ['x5t#S256'],
    lifetimeSeconds: 60,
    issuedAt: false,
    notBefore: true,
    typ: null,
    includeClientId: true,
  },
  requireScopes: 'all',
  allowedOrigins: ['https://files.example.org'],
  allowedTokenEndpointOrigins: ['https://auth.example.org'],
  allowInsecureHttp: false,
  discovery: { order: ['smart-configuration', 'capability-statement'], ttlSeconds: 600, strict: true },
  renewal: { marginSeconds: 10, defaultLifetimeSeconds: 300 },
  retry: { attempts: 3, maxRetryAfterSeconds: 60, deadlineMs: 90_000 },
  http: {
    timeoutMs: 30_000,
    connectTimeoutMs: 10_000,
    proxy: null,
    noProxy: 'localhost',
    ca: ['-----BEGIN CERTIFICATE-----', new Uint8Array()],
    clientCertificate: { pem: '-----BEGIN CERTIFICATE-----', passphrase: 'passphrase' },
    maxResponseBytes: 1_048_576,
    userAgent: 'application/1.0',
  },
};
const methods: NonNullable<ClientAuthOptions['clientAuthMethod']>[] = [
  'private_key_jwt',
  'client_secret_basic',
  'client_secret_post',
  'client_secret_jwt',
  'tls_client_auth',
];
const sources: DiscoverySource[] = ['oauth-authorization-server', 'openid-configuration'];

expectType<ClientAuthParams>()(ClientAuthParams.from(options));
expectType<ClientAuthInterceptor>()(ClientAuthInterceptorFactory.create(options));
expectType<ClientAuthInterceptor>()(ClientAuthInterceptorFactory.create(params));
ClientAuthInterceptorFactory.create(state);

// ── wrong use ──

// @ts-expect-error a client has an id
new ClientAuthParams();
// @ts-expect-error a parameter has a value
new BasicNameValuePair('name');
// @ts-expect-error what an environment variable may be is no scope
params.withScope(undefined);
// @ts-expect-error a keystore is named
params.withKeystore(null);
// @ts-expect-error a number is no parameter's value
params.withAdditionalParameters({ a: 1 });
// @ts-expect-error settings change through their setters
params.clientId = 'other';
// @ts-expect-error the secret cannot be read back
void params.clientSecret;
// @ts-expect-error the id is set once
params.with({ clientId: 'other' });
// @ts-expect-error whether there is a scope has to be said
ClientAuthParams.from({ clientId: 'client' });
// @ts-expect-error a misspelt option
ClientAuthParams.from({ clientId: 'client', scope: null, tokenEndPoint: 'https://auth.example.org/token' });
// @ts-expect-error a misspelt nested option
params.with({ retry: { attempt: 1 } });
params.with({ http: { clientCertificate: { pkcs12: new Uint8Array() } } });
// @ts-expect-error PKCS#12 is binary
params.with({ http: { clientCertificate: { pkcs12: 'text' } } });
// @ts-expect-error an unknown document
params.with({ discovery: { order: ['metadata'] } });
// @ts-expect-error an unknown method
params.with({ clientAuthMethod: 'private_key' });
params.with({ audience: 'urn:example:authorization-server' });
// @ts-expect-error one audience, never several
params.with({ audience: ['https://auth.example.org'] });
params.with({ requireScopes: 'any' });
// @ts-expect-error how many is a word
params.with({ requireScopes: true });
// @ts-expect-error an unknown encoding
params.with({ basicEncoding: 'base64' });

export { methods, sameClass, sources };
