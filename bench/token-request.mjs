import { generateKeyPairSync } from 'node:crypto';
import { OAuth2Client } from '@badgateway/oauth2-client';
import { ClientAuthInterceptorFactory, Keystores } from '@org/smart-m2m';
import * as openid from 'openid-client';
import { measureInTurns, printMachine, printTable } from './support/rounds.mjs';
import { startTokenEndpoint, tokenNumber } from './support/token-endpoint.mjs';

// What one token request takes of the processor, in user and system time of all threads of this process: the
// token endpoint runs in another one. One request after the other, over one kept connection.

const ROUNDS = 15;
const REQUESTS = 400;
const CLIENT_ID = 'bench';
const CLIENT_SECRET = 'bench-secret';
const SCOPE = 'system/*.read';
const KEYS = {
  'private_key_jwt, ES384': {
    alg: 'ES384',
    pair: generateKeyPairSync('ec', { namedCurve: 'P-384' }),
    imported: { name: 'ECDSA', namedCurve: 'P-384' },
  },
  'private_key_jwt, RS384, RSA-2048': {
    alg: 'RS384',
    pair: generateKeyPairSync('rsa', { modulusLength: 2048 }),
    imported: { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-384' },
  },
};

const endpoint = await startTokenEndpoint();

/** An invalidated token is not handed out again: every call makes a request. */
function thisPackage(authentication) {
  const interceptor = ClientAuthInterceptorFactory.create({
    clientId: CLIENT_ID,
    scope: SCOPE,
    tokenEndpoint: endpoint.url,
    http: { proxy: null },
    ...authentication,
  });
  return () => {
    interceptor.invalidate();
    return interceptor.getAuthorizationHeader();
  };
}

function openidClient(authentication) {
  const metadata = { issuer: new URL(endpoint.url).origin, token_endpoint: endpoint.url };
  const config = new openid.Configuration(metadata, CLIENT_ID, undefined, authentication);
  openid.allowInsecureRequests(config);
  return async () => {
    const token = await openid.clientCredentialsGrant(config, { scope: SCOPE });
    return `Bearer ${token.access_token}`;
  };
}

function badgateway() {
  const client = new OAuth2Client({
    clientId: CLIENT_ID,
    clientSecret: CLIENT_SECRET,
    tokenEndpoint: endpoint.url,
    authenticationMethod: 'client_secret_basic',
  });
  return async () => {
    const token = await client.clientCredentials({ scope: [SCOPE] });
    return `Bearer ${token.accessToken}`;
  };
}

async function compare(title, candidates) {
  const costs = await measureInTurns(Object.values(candidates), ROUNDS, async (request) => {
    const first = tokenNumber(await request());
    const before = process.cpuUsage();
    for (let count = 1; count < REQUESTS; count += 1) await request();
    const last = tokenNumber(await request());
    const { user, system } = process.cpuUsage(before);
    if (last - first !== REQUESTS) throw new Error('a call did not make exactly one token request');
    return (user + system) / REQUESTS;
  });
  printTable(title, 'µs/request', Object.keys(candidates), costs);
  console.log();
}

printMachine();
for (const [title, { alg, pair, imported }] of Object.entries(KEYS)) {
  const jwk = { ...pair.privateKey.export({ format: 'jwk' }), kid: alg, alg };
  Keystores.register(alg, { jwks: { keys: [jwk] } });
  const key = await crypto.subtle.importKey('jwk', jwk, imported, false, ['sign']);
  await compare(title, {
    'this package': thisPackage({ keystore: alg }),
    'openid-client': openidClient(openid.PrivateKeyJwt({ key, kid: alg })),
  });
}
await compare('client_secret_basic', {
  'this package': thisPackage({ clientSecret: CLIENT_SECRET }),
  'openid-client': openidClient(openid.ClientSecretBasic(CLIENT_SECRET)),
  '@badgateway/oauth2-client': badgateway(),
});
await endpoint.stop();
