import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { ClientAuthError, ClientAuthInterceptorFactory, Keystores } from '@org/smart-m2m';
import test from 'ava';
import { makeCertificates } from '../examples/embedded/certificates.mjs';
import { notFound } from './support/addon-search.mjs';
import { ecJwks, publicJwks } from './support/keys.mjs';
import { json, text, tokenResponse } from './support/recording-server.mjs';
import { createInterceptor as create, openTokenEndpoint } from './support/token-endpoint.mjs';

// Every code has a way here, through what users call, and a message that says where, what happened, and what
// to do next. The exception is ERR_INTERNAL: a defect that can be had by calls would be mended. Its message is
// that of `a_panic_is_an_error_of_those_who_wait_and_the_runtime_goes_on` (crates/core/src/runtime.rs).

const NOT_HERE = ['ERR_INTERNAL'];
const fixture = (name) => fileURLToPath(new URL(`fixtures/keystores/${name}`, import.meta.url));
const FOLDER = fileURLToPath(new URL('fixtures/keystores', import.meta.url));

let certificates;

test.before(async () => {
  certificates = await makeCertificates();
});

/**
 * `produce` returns what fails; `at` where, if there is an address; `status` that of the answer; `cause` and
 * `next` stand in the message in this order.
 */
const WAYS = {
  ERR_INVALID_CONFIG: {
    produce: (server) => () => create(server, { scope: undefined }),
    cause: 'scope is missing',
    next: 'set the scopes to ask for, or null to send none',
  },
  ERR_KEYSTORE_NOT_FOUND: {
    produce: (server) => () => create(server, { keystore: 'no-such-keystore' }),
    cause: "keystore 'no-such-keystore' was not found",
    next: "register it with Keystores.register('no-such-keystore', …) before create",
  },
  ERR_KEYSTORE_PASSPHRASE: {
    produce: () => () => register({ path: fixture('openssl.p12'), passphrase: 'wrong' }),
    cause: 'does not open with the passphrase that was given',
    next: 'check it, also for spaces and line breaks at its ends',
  },
  ERR_KEYSTORE_UNSUPPORTED: {
    produce: () => () => register({ path: fixture('openssh.key') }),
    cause: 'OpenSSH',
    next: 'ssh-keygen',
  },
  ERR_KEYSTORE_CORRUPT: {
    produce: () => () => register({ jwks: '{"keys":[' }),
    cause: 'a JWK or JWKS that is cut short',
    next: 'copy it again, byte for byte, or export it anew',
  },
  ERR_KEYSTORE_UNUSABLE_KEY: {
    produce: () => () => register({ jwks: publicJwks(ecJwks()) }),
    cause: 'only the public half of the key',
    next: 'the private key is needed to sign',
  },
  ERR_DISCOVERY: {
    produce: (server) => {
      server.on('GET /fhir/.well-known/smart-configuration', json(200, { capabilities: [] }));
      return header(create(server));
    },
    at: '/fhir/.well-known/smart-configuration',
    status: 200,
    cause: 'it names no token_endpoint',
    next: 'set tokenEndpoint',
  },
  ERR_ISSUER_MISMATCH: {
    produce: (server) => {
      const issuer = server.url('/issuer');
      const document = { issuer: server.url('/other'), token_endpoint: server.url('/token') };
      server.on('GET /.well-known/oauth-authorization-server/issuer', json(200, document));
      return header(create(server, { fhirBaseUrl: undefined, issuer }));
    },
    at: '/.well-known/oauth-authorization-server/issuer',
    cause: 'names the issuer',
    next: 'set issuer to the exact string that the server publishes, or give tokenEndpoint',
  },
  ERR_INSECURE_URL: {
    produce: (server) => () => create(server, { tokenEndpoint: 'http://auth.example.org/token' }),
    cause: 'tokenEndpoint: http://auth.example.org/token is not https',
    next: 'use https',
  },
  ERR_ORIGIN_NOT_ALLOWED: {
    produce: (server) =>
      header(create(server, { allowedTokenEndpointOrigins: ['https://auth.example.org'] })),
    at: '/token',
    cause: 'on an origin that is not in allowedTokenEndpointOrigins: nothing was sent',
    next: 'add the origin there if it is right, or set tokenEndpoint',
  },
  ERR_TOKEN_REJECTED: {
    produce: (server) => {
      server.on('POST /token', json(401, { error: 'invalid_client', error_description: 'unknown client' }));
      return header(create(server));
    },
    at: '/token',
    status: 401,
    cause: 'invalid_client: unknown client',
    next: 'check clientId and clientSecret',
  },
  ERR_TOKEN_RESPONSE: {
    produce: (server) => {
      server.on('POST /token', tokenResponse({ access_token: undefined }));
      return header(create(server));
    },
    at: '/token',
    status: 200,
    cause: 'it has no access_token',
    next: 'is this the token endpoint? If it is, tell its operator (RFC 6749 §5.1)',
  },
  ERR_UNSUPPORTED_TOKEN_TYPE: {
    produce: (server) => {
      server.on('POST /token', tokenResponse({ token_type: 'mac' }));
      return header(create(server));
    },
    at: '/token',
    status: 200,
    cause: "its token_type is 'mac', and only Bearer is supported (RFC 6749 §7.1)",
    next: 'have the client registered for bearer tokens',
  },
  ERR_SCOPE_NOT_GRANTED: {
    produce: (server) => {
      server.on('POST /token', tokenResponse({ scope: 'openid' }));
      return header(create(server, { requireScopes: 'any' }));
    },
    at: '/token',
    status: 200,
    cause: 'requested system/*.read; granted openid; missing system/*.read',
    next: 'Have the client registered for what is missing, or change scope or requireScopes',
  },
  ERR_REDIRECT: {
    produce: (server) => {
      server.on('POST /token', { status: 307, headers: { location: 'https://auth.example.org/token' } });
      return header(create(server));
    },
    at: '/token',
    status: 307,
    cause: 'it redirects to https://auth.example.org/token; not followed',
    next: 'if the new address is right, set it as tokenEndpoint',
  },
  ERR_NETWORK: {
    produce: async (server) => {
      await server.close();
      return header(create(server, { tokenEndpoint: server.url('/token'), retry: { attempts: 1 } }));
    },
    at: '/token',
    cause: 'onnection refused',
    next: 'check the address, DNS and the firewall',
  },
  ERR_TLS: {
    produce: (server) => header(create(server, { http: { proxy: null } })),
    at: '/fhir/.well-known/smart-configuration',
    cause: 'TLS handshake failed',
    next: 'give that CA in http.ca or NODE_EXTRA_CA_CERTS',
  },
  ERR_TIMEOUT: {
    produce: (server) => {
      server.on('POST /token', { ...tokenResponse(), delayMs: 60_000 });
      const http = { ...server.options.http, timeoutMs: 200 };
      return header(create(server, { http, tokenEndpoint: server.url('/token'), retry: { attempts: 1 } }));
    },
    at: '/token',
    cause: 'no complete answer within 200 ms',
    next: 'check the address, the proxy and the firewall, or raise http.timeoutMs or http.connectTimeoutMs',
  },
  ERR_RATE_LIMITED: {
    produce: (server) => {
      server.on('POST /token', text(429, 'slow down', { 'retry-after': '600' }));
      return header(create(server));
    },
    at: '/token',
    status: 429,
    cause: 'slow down',
    next: 'the server asks to wait 600 s before the next request',
  },
  ERR_SERVER: {
    produce: (server) => {
      server.on('POST /token', text(503, 'maintenance', { 'x-request-id': '4711' }));
      return header(create(server, { retry: { attempts: 1 } }));
    },
    at: '/token',
    status: 503,
    cause: 'maintenance (x-request-id: 4711)',
    next: 'the server failed; if it lasts, ask its operator',
  },
  ERR_PRE_TOKEN_HOOK: {
    produce: (server) => {
      const hooked = create(server).registerInterceptor({
        CLIENT_AUTH_PRE_TOKEN_REQUEST: () => {
          throw new Error('the vault is sealed');
        },
      });
      return header(hooked);
    },
    cause: 'CLIENT_AUTH_PRE_TOKEN_REQUEST threw',
    next: "see the error's cause, which is what it threw",
  },
  ERR_SIGNER: {
    produce: (server) => {
      const keystore = register({ sign: () => new Uint8Array(3), publicJwk: publicJwks(ecJwks()).keys[0] });
      return header(
        create(server, { keystore, clientSecret: undefined, tokenEndpoint: server.url('/token') }),
      );
    },
    cause: 'returned 3 bytes that are no ES384 signature by the key of publicJwk',
    next: 'is it the same key, is the input hashed just once, and is the algorithm the one asked for?',
  },
  ERR_CLOSED: {
    produce: (server) => {
      const interceptor = create(server);
      interceptor.close();
      return header(interceptor);
    },
    cause: 'the interceptor was closed',
    next: 'create another one',
  },
  ERR_NATIVE_ADDON: {
    produce: () => () => {
      throw notFound();
    },
    cause: '@org/smart-m2m-linux-x64-gnu is not installed beside @org/smart-m2m',
    next: 'Delete node_modules and package-lock.json and run npm install here',
  },
};

test('every code of index.d.ts has a way here', async (t) => {
  const declarations = await readFile(new URL('../index.d.ts', import.meta.url), 'utf8');
  const [, union] = /type ClientAuthErrorCode =([^;]+);/.exec(declarations);
  const codes = union.match(/ERR_[A-Z_]+/g);
  t.deepEqual([...Object.keys(WAYS), ...NOT_HERE].sort(), codes.sort());
});

for (const [code, { produce, at, status, cause, next }] of Object.entries(WAYS)) {
  test(`${code} says where, what happened and what to do next`, async (t) => {
    const server = await openTokenEndpoint(t, { certificates });
    const failing = await produce(server);
    const expected = { instanceOf: ClientAuthError, code };
    const told = { sync: () => t.throws(failing, expected), async: () => t.throwsAsync(failing(), expected) };
    const error = await told[failing.waits ? 'async' : 'sync']();
    t.log(error.message.replaceAll(server.origin, 'https://server').replaceAll(FOLDER, '/keys'));
    t.is(error.url, at && server.url(at));
    t.is(error.status, status);
    if (at !== undefined) t.true(error.message.includes(server.url(at)), error.message);
    if (status !== undefined) t.true(error.message.includes(`(HTTP ${status})`), error.message);
    const [happened, todo] = [cause, next].map((part) => error.message.indexOf(part));
    t.true(happened !== -1 && todo > happened, error.message);
    t.true(error.message.length < 700, `${error.message.length} characters: ${error.message}`);
  });
}

test('several problems are told together, each under its own code', (t) => {
  const error = t.throws(
    () =>
      ClientAuthInterceptorFactory.create({
        keystore: 'no-such-keystore',
        tokenEndpoint: 'http://h.example',
      }),
    { code: 'ERR_INVALID_CONFIG', message: /^4 problems:\n- / },
  );
  t.log(error.message);
  t.deepEqual(error.problems.map(({ code }) => code).sort(), [
    'ERR_INSECURE_URL',
    'ERR_INVALID_CONFIG',
    'ERR_INVALID_CONFIG',
    'ERR_KEYSTORE_NOT_FOUND',
  ]);
});

function header(interceptor) {
  return Object.assign(() => interceptor.getAuthorizationHeader(), { waits: true });
}

function register(source) {
  const name = `codes-${randomUUID()}`;
  Keystores.register(name, source);
  return name;
}
