import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { PACKAGE_ROOT, runNode } from '../support/child.mjs';
import { rsaJwks } from '../support/keys.mjs';
import { keyClient, startSmartServers } from '../support/smart-servers.mjs';

// Every block of docs/adapters.md runs as it stands, behind the first one, which makes the interceptor.

const [prologue, ...blocks] = await codeBlocks();

for (const { heading, number, code } of blocks) {
  test(`the code under "${heading}" in docs/adapters.md runs (block ${number})`, async (t) => {
    const { servers, env } = await start(t);
    const {
      code: exitCode,
      stdout,
      stderr,
    } = await runNode(`${prologue.code}\n${code}`, {
      evaluate: true,
      env,
    });
    t.is(exitCode, 0, stderr);
    t.is(stderr, '');
    t.regex(stdout, /^.+\n$/);
    t.is(servers.authorizationServer.tokenRequests.length, 1);
    const asked = servers.fhirServer.requests.filter(({ url }) => url.includes('Patient'));
    for (const { status, headers } of asked) {
      t.true(status === 200 || status === 404, `${status}`);
      t.regex(headers.authorization, /^Bearer /);
    }
    t.is(asked.length, heading === 'OpenTelemetry' ? 0 : 1);
  });
}

async function codeBlocks() {
  const text = await readFile(join(PACKAGE_ROOT, 'docs', 'adapters.md'), 'utf8');
  let heading = '';
  const found = [];
  for (const { groups } of text.matchAll(/^## (?<title>.+)$|^```js\n(?<code>[\s\S]*?)^```$/gm)) {
    if (groups.title !== undefined) heading = groups.title;
    else found.push({ heading, number: found.length + 1, code: groups.code });
  }
  return found;
}

async function start(t) {
  const jwks = rsaJwks();
  const servers = await startSmartServers({ clients: [keyClient('my-client-id', jwks)] });
  t.teardown(servers.close);
  const folder = await mkdtemp(join(tmpdir(), 'smart-m2m-adapters-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  await writeFile(join(folder, 'my-keystore.jwks'), JSON.stringify(jwks));
  await writeFile(join(folder, 'ca.pem'), servers.caPem);
  const env = {
    FHIR_BASE_URL: servers.fhirServer.baseUrl,
    SMART_M2M_KEYSTORE_DIR: folder,
    NODE_EXTRA_CA_CERTS: join(folder, 'ca.pem'),
    NO_PROXY: 'localhost',
    no_proxy: 'localhost',
  };
  return { servers, env };
}
