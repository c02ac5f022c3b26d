import fhirStarter from '@fhirstarter/backend';

/** Resolves with its first token in hand. */
function newProvider({ tokenEndpoint, clientId, clientSecret, scope, key }) {
  return fhirStarter({
    serverUrl: 'https://fhir.example.org/r4',
    tokenEndpointUrl: tokenEndpoint,
    clientId,
    scopes: [scope],
    ...(key === undefined
      ? { clientAuthMethod: 'client_secret_basic', clientSecret }
      : { privateKey: key.pem, keyId: key.kid }),
  });
}

export async function cachedHeader(client) {
  const provider = await newProvider(client);
  return async (calls) => {
    let header;
    for (let call = 0; call < calls; call += 1) header = `Bearer ${await provider.getAccessToken()}`;
    return header;
  };
}

/** A provider makes one request at a time: a change of scopes is what it makes another one for. */
export async function tokenRequest(client) {
  const provider = await newProvider(client);
  return () => provider.applyScopes([client.scope]);
}

export async function firstToken(client) {
  const { accessToken } = await newProvider(client);
  return accessToken;
}
