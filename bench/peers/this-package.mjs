import { ClientAuthInterceptorFactory, Keystores } from '../../index.mjs';

const registeredKeys = new Set();

/** @param {import('../support/clients.mjs').Client} client */
export function createInterceptor({ key, ...client }, options = {}) {
  if (key !== undefined && !registeredKeys.has(key)) {
    Keystores.register(key.kid, { jwks: { keys: [key.jwk] } });
    registeredKeys.add(key);
  }
  return ClientAuthInterceptorFactory.create({
    ...client,
    ...(key && { keystore: key.kid }),
    http: { proxy: null },
    ...options,
  });
}

export function cachedHeader(client) {
  const interceptor = createInterceptor(client);
  return async (calls) => {
    let header;
    for (let call = 0; call < calls; call += 1) header = await interceptor.getAuthorizationHeader();
    return header;
  };
}

/** As where one interceptor serves several servers. */
export function cachedHeaderOfServer(client) {
  const interceptor = createInterceptor(client);
  const server = { fhirBaseUrl: 'https://fhir.example.org/r4' };
  return async (calls) => {
    let header;
    for (let call = 0; call < calls; call += 1) header = await interceptor.getAuthorizationHeader(server);
    return header;
  };
}

/**
 * Every call makes a request. Equal interceptors would share the requests of one another: a parameter tells
 * those of each `slot` apart.
 */
export function tokenRequest(client, slot) {
  const interceptor = createInterceptor(client, { additionalParameters: { slot: String(slot) } });
  return () => renewed(interceptor);
}

/** A client that keeps its token, which `renew` replaces. */
export { createInterceptor as keptToken };

/** The second call finds the token: what is kept for the calls to come counts as well. */
export async function renew(interceptor) {
  await renewed(interceptor);
  await interceptor.getAuthorizationHeader();
}

/** An invalidated token is not handed out again. */
function renewed(interceptor) {
  interceptor.invalidate();
  return interceptor.getAuthorizationHeader();
}
