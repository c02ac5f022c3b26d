import { OAuth2Client } from 'google-auth-library';

/**
 * The library's own requests go to Google alone. `refreshHandler` is its way to have tokens from elsewhere, and
 * what it keeps and how it checks their end is the same for all of its clients.
 */
function cachingClient(fetchToken) {
  const oauth = new OAuth2Client();
  oauth.refreshHandler = async () => {
    const token = await fetchToken();
    return { access_token: token.access_token, expiry_date: Date.now() + token.expires_in * 1_000 };
  };
  return oauth;
}

export function cachedHeader({ tokenEndpoint, clientId, clientSecret, scope }) {
  const oauth = cachingClient(async () => {
    const credentials = Buffer.from(`${clientId}:${clientSecret}`).toString('base64');
    const response = await fetch(tokenEndpoint, {
      method: 'POST',
      headers: { authorization: `Basic ${credentials}` },
      body: new URLSearchParams({ grant_type: 'client_credentials', scope }),
    });
    return response.json();
  });
  return async (calls) => {
    let header;
    for (let call = 0; call < calls; call += 1) header = `Bearer ${(await oauth.getAccessToken()).token}`;
    return header;
  };
}

/** A client that keeps its token, which `renew` replaces. */
export function keptToken(_client, localResponse) {
  return cachingClient(() => localResponse().json());
}

export function renew(oauth) {
  oauth.setCredentials({});
  return oauth.getAccessToken();
}
