import { OAuth2Client, OAuth2Fetch } from '@badgateway/oauth2-client';
import { ClientAuthInterceptorFactory } from '@org/smart-m2m';
import * as openid from 'openid-client';
import { measureInTurns, printMachine, printTable } from './support/rounds.mjs';
import { startTokenEndpoint, tokenNumber } from './support/token-endpoint.mjs';

// What it costs to be handed the Authorization header while the token lives. Each candidate has a loop of its
// own, so that the engine optimises each for itself, and none asks for a token while the clock runs.

const ROUNDS = 101;
const CALLS = 50_000;
const CLIENT_ID = 'bench';
const CLIENT_SECRET = 'bench-secret';
const SCOPE = 'system/*.read';

/** What a team writes that needs no more than this. */
class CachedHeader {
  #tokenEndpoint;
  #header = '';
  #renewsAt = 0;

  constructor(tokenEndpoint) {
    this.#tokenEndpoint = tokenEndpoint;
  }

  async getAuthorizationHeader() {
    if (Date.now() >= this.#renewsAt) await this.#renew();
    return this.#header;
  }

  async #renew() {
    const credentials = Buffer.from(`${CLIENT_ID}:${CLIENT_SECRET}`).toString('base64');
    const response = await fetch(this.#tokenEndpoint, {
      method: 'POST',
      headers: { authorization: `Basic ${credentials}` },
      body: new URLSearchParams({ grant_type: 'client_credentials', scope: SCOPE }),
    });
    const token = await response.json();
    this.#header = `Bearer ${token.access_token}`;
    this.#renewsAt = Date.now() + (token.expires_in - 30) * 1_000;
  }
}

/** As its users write it: the library requests tokens and leaves keeping them to its caller. */
function openidClientHeader(tokenEndpoint) {
  const metadata = { issuer: new URL(tokenEndpoint).origin, token_endpoint: tokenEndpoint };
  const authentication = openid.ClientSecretBasic(CLIENT_SECRET);
  const config = new openid.Configuration(metadata, CLIENT_ID, undefined, authentication);
  openid.allowInsecureRequests(config);
  let token;
  return async () => {
    if (token === undefined || token.expiresIn() < 30) {
      token = await openid.clientCredentialsGrant(config, { scope: SCOPE });
    }
    return `Bearer ${token.access_token}`;
  };
}

function badgatewayFetch(tokenEndpoint) {
  const client = new OAuth2Client({ clientId: CLIENT_ID, clientSecret: CLIENT_SECRET, tokenEndpoint });
  return new OAuth2Fetch({ client, getNewToken: () => client.clientCredentials({ scope: [SCOPE] }) });
}

const endpoint = await startTokenEndpoint();
const byHand = new CachedHeader(endpoint.url);
const interceptor = ClientAuthInterceptorFactory.create({
  clientId: CLIENT_ID,
  clientSecret: CLIENT_SECRET,
  scope: SCOPE,
  tokenEndpoint: endpoint.url,
  http: { proxy: null },
});
// Made once, as where one interceptor serves several servers.
const server = { fhirBaseUrl: 'https://fhir.example.org/r4' };
const openidHeader = openidClientHeader(endpoint.url);
const badgateway = badgatewayFetch(endpoint.url);

const candidates = {
  async 'hand-written class'(calls) {
    let header;
    for (let call = 0; call < calls; call += 1) header = await byHand.getAuthorizationHeader();
    return header;
  },
  async 'this package'(calls) {
    let header;
    for (let call = 0; call < calls; call += 1) header = await interceptor.getAuthorizationHeader();
    return header;
  },
  async 'this package, { fhirBaseUrl }'(calls) {
    let header;
    for (let call = 0; call < calls; call += 1) header = await interceptor.getAuthorizationHeader(server);
    return header;
  },
  async 'openid-client, cached by hand'(calls) {
    let header;
    for (let call = 0; call < calls; call += 1) header = await openidHeader();
    return header;
  },
  async '@badgateway/oauth2-client'(calls) {
    let header;
    for (let call = 0; call < calls; call += 1) header = `Bearer ${await badgateway.getAccessToken()}`;
    return header;
  },
};

const tokenNumbers = new Map();
for (const loop of Object.values(candidates)) tokenNumbers.set(loop, tokenNumber(await loop(1)));
const costs = await measureInTurns(Object.values(candidates), ROUNDS, async (loop) => {
  const start = process.hrtime.bigint();
  const header = await loop(CALLS);
  const elapsed = process.hrtime.bigint() - start;
  if (tokenNumber(header) !== tokenNumbers.get(loop)) throw new Error('a token was requested meanwhile');
  return Number(elapsed) / CALLS;
});

printMachine();
printTable('awaited, with a live token', 'ns/call', Object.keys(candidates), costs);
interceptor.close();
await endpoint.stop();
