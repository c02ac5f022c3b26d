// A script for `smart-m2m run` that logs whatever it has, as scripts do.

const { readFileSync } = require('node:fs');
const { join } = require('node:path');

// biome-ignore lint/correctness/noUnusedVariables: the command calls it.
async function main({ folder, planted }) {
  const canaries = JSON.parse(readFileSync(join(folder, 'canaries.json'), 'utf8'));
  const { origin, plainOrigin, echoes } = JSON.parse(readFileSync(join(folder, 'places.json'), 'utf8'));
  Log.info(`planted: ${Buffer.from(planted).toString('base64url')}`);
  const results = [];
  for (const path of ['/token', ...echoes]) {
    const params = new ClientAuthParams('script')
      .withClientSecret(canaries.clientSecret)
      .withScope('system/*.read')
      .withAdditionalParameters([new BasicNameValuePair('officekey', canaries.parameter)])
      .withFhirBaseUrl(`${plainOrigin}/fhir`)
      .withTokenEndpoint(`${origin}${path}`);
    Log.info(params);
    const interceptor = ClientAuthInterceptorFactory.create(params);
    const client = FhirClientFactory.newClient(`${plainOrigin}/fhir`);
    client.registerInterceptor(interceptor);
    Log.debug(interceptor, client);
    for (const id of ['1', 'echo-header', 'echo-outcome', 'echo-page']) {
      try {
        results.push(await client.read(`Patient/${id}`));
      } catch (error) {
        Log.error(error);
        Log.warn(`${error} ${error.stack} ${JSON.stringify(error)}`);
        results.push({ error });
      }
    }
    results.push({ params, interceptor, client, stats: interceptor.stats() });
  }
  try {
    Keystores.register('script', { path: join(folder, 'key.pem'), passphrase: canaries.clientSecret });
  } catch (error) {
    Log.error(error);
  }
  Keystores.register('script', { path: join(folder, 'key.pem'), passphrase: canaries.passphrase });
  Log.trace(Keystores.list());
  return results;
}
