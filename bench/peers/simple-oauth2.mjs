import { Agent } from 'node:https';
import { ClientCredentials } from 'simple-oauth2';

/** Without one it makes a new connection for every request. */
const agent = new Agent({ keepAlive: true });

function newClient({ tokenEndpoint, clientId, clientSecret }) {
  const { origin, pathname } = new URL(tokenEndpoint);
  return new ClientCredentials({
    client: { id: clientId, secret: clientSecret },
    auth: { tokenHost: origin, tokenPath: pathname },
    http: { agent },
  });
}

/** As its users write it: the token knows when it ends, and who asks it is the caller. */
export function cachedHeader(client) {
  const oauth = newClient(client);
  const { scope } = client;
  let accessToken;
  const getHeader = async () => {
    if (accessToken === undefined || accessToken.expired(30)) accessToken = await oauth.getToken({ scope });
    return `Bearer ${accessToken.token.access_token}`;
  };
  return async (calls) => {
    let header;
    for (let call = 0; call < calls; call += 1) header = await getHeader();
    return header;
  };
}

export function tokenRequest(client) {
  const oauth = newClient(client);
  const { scope } = client;
  return async () => {
    const { token } = await oauth.getToken({ scope });
    return token.access_token;
  };
}

export function firstToken(client) {
  return tokenRequest(client)();
}
