import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { PACKAGE_ROOT, runNode } from './support/child.mjs';
import { rsaJwks } from './support/keys.mjs';
import { keyClient, startSmartServers } from './support/smart-servers.mjs';

const FINISHED = 'the first example has run to its end';

test("the README's first example runs as it stands, in a project that has the package installed", async (t) => {
  const jwks = rsaJwks();
  const servers = await startSmartServers({ clients: [keyClient('my-client-id', jwks)] });
  t.teardown(servers.close);
  const project = await installedProject(t);
  await writeFile(join(project, 'my-keystore.jwks'), JSON.stringify(jwks));
  await writeFile(join(project, 'ca.pem'), servers.caPem);
  const script = await writeExample(project, await firstExample());

  const { code, signal, stdout, stderr } = await runNode(script, {
    env: {
      FHIR_BASE_URL: servers.fhirServer.baseUrl,
      SMART_M2M_KEYSTORE_DIR: project,
      NODE_EXTRA_CA_CERTS: join(project, 'ca.pem'),
      NO_PROXY: 'localhost',
      no_proxy: 'localhost',
    },
  });
  t.is(stderr, '');
  t.is(signal, null);
  t.is(code, 0);
  t.true(stdout.includes(FINISHED), stdout);

  const requests = servers.authorizationServer.tokenRequests;
  t.deepEqual(
    requests.map(({ status }) => status),
    [200],
  );
  const [{ form }] = requests;
  t.is(form.get('grant_type'), 'client_credentials');
  t.is(form.get('scope'), 'system/*.read');
  t.deepEqual(form.getAll('resource'), ['https://example.org/fhir']);
  t.truthy(form.get('client_assertion'));
});

async function firstExample() {
  const readme = await readFile(join(PACKAGE_ROOT, 'README.md'), 'utf8');
  const block = /^```js\n(?<code>.*?)^```$/ms.exec(readme);
  if (!block) throw new Error('README.md has no ```js block');
  return block.groups.code;
}

/** As npm would leave it: the package under node_modules. */
async function installedProject(t) {
  const project = await mkdtemp(join(tmpdir(), 'smart-m2m-readme-'));
  t.teardown(() => rm(project, { recursive: true, force: true }));
  await mkdir(join(project, 'node_modules', '@org'), { recursive: true });
  await symlink(PACKAGE_ROOT, join(project, 'node_modules', '@org', 'smart-m2m'), 'junction');
  return project;
}

/** A block with `require` may await as if it stood in an async function, as examples do. */
async function writeExample(project, code) {
  const ended = `console.log(${JSON.stringify(FINISHED)})`;
  const isModule = /^import\s/m.test(code);
  const path = join(project, isModule ? 'example.mjs' : 'example.cjs');
  await writeFile(
    path,
    isModule ? `${code}\n${ended};\n` : `(async () => {\n${code}\n})().then(() => ${ended});\n`,
  );
  return path;
}
