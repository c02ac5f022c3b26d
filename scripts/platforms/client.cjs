// Runs on the platform, beside node_modules with the package and the platform's: one token, one authorised request,
// both over TLS. Its settings are in settings.json; what it saw goes to result.json.

const { readFileSync, writeFileSync } = require('node:fs');
const { get } = require('node:https');
const { join } = require('node:path');
const { ClientAuthInterceptorFactory, Keystores } = require('@org/smart-m2m');

const { clientId, jwks, options, ca } = JSON.parse(readFileSync(join(__dirname, 'settings.json'), 'utf8'));

async function main() {
  Keystores.register('platform', { jwks });
  const interceptor = ClientAuthInterceptorFactory.create({
    ...options,
    clientId,
    keystore: 'platform',
    scope: 'system/Patient.rs',
  });
  const authorization = await interceptor.getAuthorizationHeader();
  const { version, platform, arch } = process;
  const status = await statusOf(`${options.fhirBaseUrl}/Patient/1`, authorization);
  const addons = Object.keys(require.cache).filter((path) => path.endsWith('.node'));
  const result = { version, platform, arch, addons, scheme: authorization.split(' ')[0], status };
  writeFileSync(join(__dirname, 'result.json'), JSON.stringify(result));
}

function statusOf(url, authorization) {
  return new Promise((resolve, reject) => {
    get(url, { ca, headers: { authorization } }, (response) => {
      response.resume().once('end', () => resolve(response.statusCode));
    }).once('error', reject);
  });
}

main();
