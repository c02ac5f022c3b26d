import * as badgateway from '../peers/badgateway.mjs';
import * as fhirstarter from '../peers/fhirstarter.mjs';
import * as google from '../peers/google-auth-library.mjs';
import * as handWritten from '../peers/hand-written.mjs';
import * as medplum from '../peers/medplum.mjs';
import * as msal from '../peers/msal-node.mjs';
import * as openid from '../peers/openid-client.mjs';
import * as simpleOauth2 from '../peers/simple-oauth2.mjs';
import * as thisPackage from '../peers/this-package.mjs';
import { secretClient } from '../support/clients.mjs';
import { cpuSince, results, settings } from '../support/process.mjs';
import { measureInTurns } from '../support/rounds.mjs';
import { readToken } from '../support/token.mjs';

// Each candidate has a loop of its own, so that the engine optimises each for itself.

const { tokenEndpoint, rounds, microseconds } = settings();
const client = secretClient(tokenEndpoint);
const candidates = {
  'hand-written class': await handWritten.cachedHeader(client),
  'this package': await thisPackage.cachedHeader(client),
  'this package, { fhirBaseUrl }': await thisPackage.cachedHeaderOfServer(client),
  'openid-client, cached by hand': await openid.cachedHeader(client),
  'simple-oauth2, cached by hand': await simpleOauth2.cachedHeader(client),
  'google-auth-library': await google.cachedHeader(client),
  '@medplum/core': await medplum.cachedHeader(client),
  '@fhirstarter/backend': await fhirstarter.cachedHeader(client),
  '@badgateway/oauth2-client': await badgateway.cachedHeader(client),
  '@azure/msal-node': await msal.cachedHeader(client),
};

const first = new Map();
const calls = new Map();
for (const [name, loop] of Object.entries(candidates)) {
  first.set(name, readToken(await loop(1)).number);
  calls.set(name, await callsWithin(loop, microseconds));
}

const costs = await measureInTurns(candidates, { rounds, warmUp: 5 }, async (loop, name) => {
  const before = process.cpuUsage();
  const header = await loop(calls.get(name));
  const elapsed = cpuSince(before);
  if (readToken(header).number !== first.get(name)) throw new Error(`${name} requested a token meanwhile`);
  return (elapsed * 1_000) / calls.get(name);
});
results(costs);

/** How many take about that long, once the loop is optimised. */
async function callsWithin(loop, wanted) {
  let count = 1_000;
  for (;;) {
    const before = process.cpuUsage();
    await loop(count);
    const elapsed = cpuSince(before);
    if (elapsed >= wanted / 2) return Math.ceil((count * wanted) / elapsed);
    count *= 2;
  }
}
