import { createPrivateKey } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { PACKAGE_ROOT, runNode } from '../support/child.mjs';
import { smartM2m } from '../support/command-line.mjs';
import { ecJwks, pkcs8Pem } from '../support/keys.mjs';
import { openPlainServer } from '../support/open-servers.mjs';
import { json, tokenResponse } from '../support/recording-server.mjs';

// What the doctor prints when an experiment has brought a token: a program that runs, without a secret in it.

const SECRET = 'a-secret-of-the-client';
const PASSPHRASE = 'open sesame, please';
const PARAMETER = 'a-value-that-counts-as-a-secret';

let directory;

test.before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'smart-m2m-code-'));
  const encrypted = createPrivateKey(pkcs8Pem(ecJwks())).export({
    type: 'pkcs8',
    format: 'pem',
    cipher: 'aes-256-cbc',
    passphrase: PASSPHRASE,
  });
  await Promise.all([
    writeFile(path('key.jwks'), JSON.stringify(ecJwks())),
    writeFile(path('in-the-folder.jwks'), JSON.stringify(ecJwks())),
    writeFile(path('encrypted.pem'), encrypted),
    writeFile(path('passphrase'), `${PASSPHRASE}\n`),
    writeFile(path('object.json'), JSON.stringify({ additionalParameters: { resource: PARAMETER } })),
    writeFile(
      path('pairs.json'),
      JSON.stringify({ additionalParameters: [{ name: 'resource', value: PARAMETER }] }),
    ),
  ]);
});

test.after.always(() => directory && rm(directory, { recursive: true, force: true }));

const CASES = {
  'a key file': () => ({ args: ['--key', path('key.jwks')] }),
  'a key file that the environment names': () => ({ env: { SMART_M2M_KEY: path('key.jwks') } }),
  'a key file that a passphrase opens': () => ({
    args: ['--key', path('encrypted.pem'), '--passphrase-file', path('passphrase')],
    runEnv: { PASSPHRASE },
    says: /passphrase: process\.env\.PASSPHRASE/,
  }),
  "a folder's keystore, whatever key the environment names": () => ({
    args: ['--keystore', 'in-the-folder'],
    env: { SMART_M2M_KEY: path('encrypted.pem'), SMART_M2M_KEYSTORE_DIR: directory },
    runEnv: { SMART_M2M_KEYSTORE_DIR: directory },
    says: /keystore: 'in-the-folder'/,
  }),
  'a secret and parameters as an object': () => ({
    args: ['--options', path('object.json')],
    env: { SMART_M2M_CLIENT_SECRET: SECRET },
    runEnv: { CLIENT_SECRET: SECRET },
    says: /additionalParameters: \[\['resource', '…'\]\]/,
  }),
  'a secret and parameters as pairs': () => ({
    args: ['--options', path('pairs.json')],
    env: { SMART_M2M_CLIENT_SECRET: SECRET },
    runEnv: { CLIENT_SECRET: SECRET },
    says: /additionalParameters: \[\['resource', '…'\]\]/,
  }),
};

for (const [name, circumstances] of Object.entries(CASES)) {
  test(`the code for ${name} brings a token, and holds no secret`, async (t) => {
    const { args = [], env, runEnv, says } = circumstances();
    const server = await openPlainServer(t);
    const granted = tokenResponse({ scope: 'system/Patient.rs' });
    server.on('POST /token', ({ body, headers }) =>
      isChanged(new URLSearchParams(body), headers) ? granted : json(401, { error: 'invalid_client' }),
    );
    const command = ['doctor', server.fhirBaseUrl, '--client-id', 'c', ...args, '--experiment'];
    const { stdout, stderr } = await smartM2m(command, env);
    t.is(stderr, '');
    for (const secret of [SECRET, PASSPHRASE, PARAMETER]) t.false(stdout.includes(secret), stdout);
    if (says !== undefined) t.regex(stdout, says);
    const code = stdout.slice(
      stdout.indexOf('A token is granted with:\n') + 'A token is granted with:\n'.length,
    );
    const { code: inJson } = JSON.parse((await smartM2m([...command, '--json'], env)).stdout);
    t.is(inJson, code.replaceAll(/^ {2}/gm, '').trimEnd());
    const program = path(`${t.title.replaceAll(/\W+/g, '-')}.cjs`);
    const end = '\ninterceptor.getAuthorizationHeader().then(console.log);\n';
    await writeFile(program, code.replaceAll('@org/smart-m2m', PACKAGE_ROOT.replaceAll('\\', '/')) + end);
    const run = await runNode(program, { env: { ...env, ...runEnv } });
    t.is(run.stdout, 'Bearer test-token\n', run.stderr + code);
  });
}

/** Whether it is one of the experiments that is asked for: another typ, or the secret in the form. */
function isChanged(form, { authorization }) {
  const assertion = form.get('client_assertion');
  if (assertion === null) return authorization === undefined;
  const [header] = assertion.split('.');
  return JSON.parse(Buffer.from(header, 'base64url')).typ !== 'JWT';
}

function path(name) {
  return join(directory, name);
}
