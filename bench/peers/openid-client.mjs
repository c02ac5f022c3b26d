import * as openid from 'openid-client';

const ALGORITHMS = {
  ES384: { name: 'ECDSA', namedCurve: 'P-384' },
  RS384: { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-384' },
};
const importedKeys = new Map();

/** @param {import('../support/clients.mjs').Client} client */
async function configuration({ tokenEndpoint, clientId, clientSecret, key }) {
  const metadata = { issuer: new URL(tokenEndpoint).origin, token_endpoint: tokenEndpoint };
  const authentication =
    key === undefined
      ? openid.ClientSecretBasic(clientSecret)
      : openid.PrivateKeyJwt({ key: await importedKey(key), kid: key.kid });
  return new openid.Configuration(metadata, clientId, undefined, authentication);
}

function importedKey(key) {
  if (!importedKeys.has(key)) {
    importedKeys.set(key, crypto.subtle.importKey('jwk', key.jwk, ALGORITHMS[key.alg], false, ['sign']));
  }
  return importedKeys.get(key);
}

/** As its users write it: the library requests tokens and leaves keeping them to its caller. */
export async function cachedHeader(client) {
  const config = await configuration(client);
  const { scope } = client;
  let token;
  let header;
  const getHeader = async () => {
    if (token === undefined || token.expiresIn() < 30) {
      token = await openid.clientCredentialsGrant(config, { scope });
      header = `Bearer ${token.access_token}`;
    }
    return header;
  };
  return async (calls) => {
    let last;
    for (let call = 0; call < calls; call += 1) last = await getHeader();
    return last;
  };
}

export async function tokenRequest(client) {
  const config = await configuration(client);
  const { scope } = client;
  return async () => {
    const token = await openid.clientCredentialsGrant(config, { scope });
    return token.access_token;
  };
}

export async function firstToken(client) {
  const request = await tokenRequest(client);
  return request();
}

/** A client and the token that its user keeps beside it. */
export async function keptToken(client, localResponse) {
  const config = await configuration(client);
  config[openid.customFetch] = localResponse;
  return { config, token: undefined };
}

export async function renew(kept) {
  kept.token = await openid.clientCredentialsGrant(kept.config, { scope: 'system/*.read' });
}
