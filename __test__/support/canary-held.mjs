import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { writeHeapSnapshot } from 'node:v8';
import { ClientAuthInterceptorFactory, Keystores } from '@org/smart-m2m';

// Uses every credential, says so, and stays to be looked at; lets go of all of it, says so, and stays again.

const [folder] = process.argv.slice(2);
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();

await holdUntilTold();
for (const { name } of Keystores.list()) Keystores.unregister(name);
for (let round = 0; round < 10; round += 1) {
  globalThis.gc();
  // What the core drops is dropped on its threads.
  await new Promise((resolve) => setTimeout(resolve, 100));
}
console.log('released');
await lines.next();
writeHeapSnapshot(join(folder, 'after.heapsnapshot'));
globalThis.planted = read('planted.txt');
writeHeapSnapshot(join(folder, 'planted.heapsnapshot'));
process.exit();

/** In a function, which leaves no variable behind that holds the last of them. */
async function holdUntilTold() {
  const interceptors = await hold();
  console.log('held');
  await lines.next();
  for (const interceptor of interceptors) interceptor.close();
}

async function hold() {
  const canaries = JSON.parse(read('canaries.json'));
  const { origin, caPem, proxy } = JSON.parse(read('places.json'));
  const { clientSecret, passphrase, parameter, hookToken } = canaries;
  Keystores.register('canary-path', { path: join(folder, 'key.pem'), passphrase });
  Keystores.register('canary-jwks', { path: join(folder, 'key.jwks') });
  const flows = [
    { clientSecret },
    { clientSecret, clientAuthMethod: 'client_secret_post' },
    { clientSecret, clientAuthMethod: 'client_secret_jwt' },
    { keystore: 'canary-path' },
    { keystore: 'canary-jwks' },
    { clientSecret, tokenEndpoint: `${origin}/echo/description` },
    { clientSecret, tokenEndpoint: `${origin}/echo/header` },
    { keystore: 'canary-path', tokenEndpoint: `${origin}/echo/text` },
    { clientSecret, http: { ca: caPem, proxy } },
  ];
  const created = flows.map((flow, index) =>
    ClientAuthInterceptorFactory.create({
      clientId: `canary-${index}`,
      scope: 'system/*.read',
      fhirBaseUrl: `${origin}/fhir`,
      tokenEndpoint: `${origin}/token`,
      additionalParameters: { officekey: parameter },
      retry: { attempts: 1 },
      http: { ca: caPem, proxy: null },
      ...flow,
    }),
  );
  await Promise.allSettled(created.map((interceptor) => interceptor.getAuthorizationHeader()));
  const hooked = ClientAuthInterceptorFactory.create({
    clientId: 'canary-hooked',
    clientSecret,
    scope: null,
    tokenEndpoint: `${origin}/token`,
    http: { ca: caPem, proxy: null },
  });
  hooked.registerInterceptor({ CLIENT_AUTH_PRE_TOKEN_REQUEST: () => hookToken });
  await hooked.getAuthorizationHeader();
  return [...created, hooked];
}

/** Node's own buffer of it is no native memory of ours. @param {string} name */
function read(name) {
  const bytes = readFileSync(join(folder, name));
  const text = bytes.toString();
  bytes.fill(0);
  return text;
}
