import { ConfidentialClientApplication } from '@azure/msal-node';

function newClient({ tokenEndpoint, clientId, clientSecret }) {
  const { origin, host } = new URL(tokenEndpoint);
  // Given here, it is not discovered.
  const authorityMetadata = JSON.stringify({
    issuer: origin,
    authorization_endpoint: `${origin}/authorize`,
    token_endpoint: tokenEndpoint,
    jwks_uri: `${origin}/jwks`,
  });
  return new ConfidentialClientApplication({
    auth: { clientId, clientSecret, authority: origin, knownAuthorities: [host], authorityMetadata },
    system: { protocolMode: 'OIDC' },
  });
}

export function cachedHeader(client) {
  const application = newClient(client);
  const scopes = [client.scope];
  return async (calls) => {
    let header;
    for (let call = 0; call < calls; call += 1) {
      const { accessToken } = await application.acquireTokenByClientCredential({ scopes });
      header = `Bearer ${accessToken}`;
    }
    return header;
  };
}

export function tokenRequest(client) {
  const application = newClient(client);
  const scopes = [client.scope];
  return async () => {
    const { accessToken } = await application.acquireTokenByClientCredential({ scopes, skipCache: true });
    return accessToken;
  };
}

export function firstToken(client) {
  return tokenRequest(client)();
}
