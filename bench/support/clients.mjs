/**
 * What a client is registered with. With a key it signs assertions, else it has a secret.
 *
 * @typedef {{ tokenEndpoint: string, clientId: string, scope: string, clientSecret?: string,
 *   key?: { alg: string, kid: string, jwk: object, pem: string } }} Client
 */

/** @type {(tokenEndpoint: string, clientId?: string) => Client} */
export function secretClient(tokenEndpoint, clientId = 'bench') {
  return { tokenEndpoint, clientId, scope: 'system/*.read', clientSecret: 'bench-secret' };
}

/** @type {(tokenEndpoint: string, key: Client['key'], clientId?: string) => Client} */
export function keyClient(tokenEndpoint, key, clientId = 'bench') {
  return { tokenEndpoint, clientId, scope: 'system/*.read', key };
}
