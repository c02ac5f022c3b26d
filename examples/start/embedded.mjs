import { randomBytes, randomUUID } from 'node:crypto';
import { startAuthorizationServer } from '../embedded/authorization-server.mjs';
import { startFhirServer } from '../embedded/fhir-server.mjs';
import { generatePrivateKey } from '../embedded/private-keys.mjs';
import { done, failed, remark, show, title } from './narration.mjs';
import {
  discovery,
  preTokenHook,
  recovery,
  renewal,
  search,
  secretFlow,
  signedAssertion,
  tokenTimes,
} from './steps.mjs';
import { receiveTask } from './trust.mjs';

// The embedded default: both servers, the client and the story in one process, which ends with it.

/** Short, so that a renewal can be watched. */
const TOKEN_LIFETIME_SECONDS = 4;
const STEPS = [discovery, signedAssertion, tokenTimes, search, renewal, recovery, secretFlow, preTokenHook];

const { tls } = await receiveTask();
const closing = [];
try {
  const { ClientAuthInterceptorFactory, Keystores } = await import('@org/smart-m2m');

  const jwks = newKey();
  const clientSecret = randomBytes(24).toString('base64url');
  const authorizationServer = await startAuthorizationServer({
    tls,
    clients: registrations(jwks, clientSecret),
    accessTokenTtlSeconds: TOKEN_LIFETIME_SECONDS,
  });
  closing.push(authorizationServer);
  const fhirServer = await startFhirServer({ tls, authorizationServer });
  closing.push(fhirServer);

  title('From discovery to an authorised FHIR request');
  show('FHIR server', fhirServer.baseUrl);
  show(
    'authorization',
    `${authorizationServer.issuer} (oidc-provider, tokens live ${TOKEN_LIFETIME_SECONDS} s)`,
  );
  remark('Both speak TLS with a certificate authority of this run, trusted through NODE_EXTRA_CA_CERTS.');

  Keystores.register('start', { jwks });
  const create = (options) => {
    const interceptor = ClientAuthInterceptorFactory.create({
      scope: 'system/*.read',
      fhirBaseUrl: fhirServer.baseUrl,
      ...options,
    });
    closing.push(interceptor);
    return interceptor;
  };
  const context = { authorizationServer, fhirServer, create, clientSecret };
  context.interceptor = create({ clientId: 'start-with-key', keystore: 'start' });
  for (const step of STEPS) await step(context);

  const accepted = authorizationServer.tokenRequests.filter(({ status }) => status === 200).length;
  const searches = fhirServer.requests.filter(
    ({ url, status }) => url.includes('/Patient') && status === 200,
  );
  done(
    `Done: ${STEPS.length} steps, ${accepted} tokens issued, ${searches.length} authorised searches, nothing left running.`,
  );
} catch (error) {
  failed(error);
  process.exitCode = 1;
} finally {
  for (const each of closing.reverse()) await each.close();
}

function newKey() {
  const privateKey = generatePrivateKey('rsa', { modulusLength: 2048 });
  return { keys: [{ ...privateKey.export({ format: 'jwk' }), kid: randomUUID(), alg: 'RS384', use: 'sig' }] };
}

function registrations({ keys: [{ kty, kid, alg, use, n, e }] }, clientSecret) {
  return [
    {
      client_id: 'start-with-key',
      token_endpoint_auth_method: 'private_key_jwt',
      jwks: { keys: [{ kty, kid, alg, use, n, e }] },
    },
    {
      client_id: 'start-with-secret',
      token_endpoint_auth_method: 'client_secret_basic',
      client_secret: clientSecret,
    },
  ];
}
