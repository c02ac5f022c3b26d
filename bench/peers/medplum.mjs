import { MedplumClient } from '@medplum/core';

/** `refreshIfExpired` is what the client awaits before each of its own requests. */
export async function cachedHeader({ tokenEndpoint, clientId, clientSecret }) {
  const { origin } = new URL(tokenEndpoint);
  const medplum = new MedplumClient({ baseUrl: origin, tokenUrl: tokenEndpoint });
  await medplum.startClientLogin(clientId, clientSecret);
  const getHeader = async () => {
    await medplum.refreshIfExpired();
    return `Bearer ${medplum.getAccessToken()}`;
  };
  return async (calls) => {
    let header;
    for (let call = 0; call < calls; call += 1) header = await getHeader();
    return header;
  };
}

/** One login after the other belongs to one client: each slot has its own. */
export function tokenRequest({ tokenEndpoint, clientId, clientSecret }) {
  const { origin } = new URL(tokenEndpoint);
  const medplum = new MedplumClient({ baseUrl: origin, tokenUrl: tokenEndpoint });
  return async () => {
    await medplum.startClientLogin(clientId, clientSecret);
    return medplum.getAccessToken();
  };
}
