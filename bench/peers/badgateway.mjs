import { OAuth2Client, OAuth2Fetch } from '@badgateway/oauth2-client';

function newClient({ tokenEndpoint, clientId, clientSecret }) {
  const authenticationMethod = 'client_secret_basic';
  return new OAuth2Client({ clientId, clientSecret, tokenEndpoint, authenticationMethod });
}

export function cachedHeader(client) {
  const oauth = newClient(client);
  const scope = [client.scope];
  const cached = new OAuth2Fetch({ client: oauth, getNewToken: () => oauth.clientCredentials({ scope }) });
  return async (calls) => {
    let header;
    for (let call = 0; call < calls; call += 1) header = `Bearer ${await cached.getAccessToken()}`;
    return header;
  };
}

export function tokenRequest(client) {
  const oauth = newClient(client);
  const scope = [client.scope];
  return async () => {
    const { accessToken } = await oauth.clientCredentials({ scope });
    return accessToken;
  };
}

export function firstToken(client) {
  return tokenRequest(client)();
}
