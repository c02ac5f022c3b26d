import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { PACKAGE_ROOT, runNode } from './support/child.mjs';
import { startFhirStore } from './support/fhir-store.mjs';
import { accessTo, runCommand, runScriptText } from './support/run-script.mjs';

const IDENTIFIERS = ['MRN-1', 'MRN-2', 'MRN-3', 'MRN-4'];

async function openStore(t) {
  const store = await startFhirStore();
  t.teardown(store.close);
  for (const value of IDENTIFIERS.slice(0, 3)) {
    const identifier = [{ system: 'urn:example:mrn', value }];
    store.put({
      resourceType: 'Patient',
      id: value,
      active: true,
      identifier,
      name: [{ family: `Family-${value}` }],
    });
  }
  return { store, env: await accessTo(t, store) };
}

/** Runs one of the examples for all identifiers, of which the last one is nobody's. */
async function runExample(t, name) {
  const { store, env } = await openStore(t);
  const script = join(PACKAGE_ROOT, 'examples', 'smile-script', name);
  const run = await runCommand([script, '--argument', JSON.stringify(IDENTIFIERS)], { env });
  t.is(run.code, 0, run.stderr);
  t.deepEqual(JSON.parse(run.stdout), [
    { id: 'MRN-1', family: 'Family-MRN-1' },
    { id: 'MRN-2', family: 'Family-MRN-2' },
    { id: 'MRN-3', family: 'Family-MRN-3' },
    null,
  ]);
  t.is(
    run.stderr,
    'INFO  found Patient/MRN-1\nINFO  found Patient/MRN-2\nINFO  found Patient/MRN-3\nWARN  there is no patient MRN-4\n',
  );
  t.is(store.fhirRequests().length, IDENTIFIERS.length);
  return store.tokenRequests();
}

test('the client credentials grant by hand costs a token request for every call', async (t) => {
  const requests = await runExample(t, 'by-hand.js');
  t.is(requests.length, IDENTIFIERS.length);
  for (const { body } of requests) {
    t.deepEqual(
      [...new URLSearchParams(body)],
      [
        ['grant_type', 'client_credentials'],
        ['client_id', 'my-client-id'],
        ['client_secret', 'test-secret'],
        ['scope', 'system/Patient.rs'],
      ],
    );
  }
});

test('the same script with an interceptor costs one token request', async (t) => {
  const requests = await runExample(t, 'with-interceptor.js');
  t.is(requests.length, 1);
  t.regex(requests[0].headers.authorization, /^Basic /);
});

test('the interceptor mends a token that was revoked, and the grant by hand does not', async (t) => {
  const { store, env } = await openStore(t);
  // The first look-up succeeds; then every token that was given out is void.
  let isRevoked = false;
  store.answerBy(({ url }) => {
    if (!isRevoked && url.includes('MRN-2')) {
      isRevoked = true;
      store.revokeTokens();
    }
    return undefined;
  });
  const run = (name) =>
    runCommand([join(PACKAGE_ROOT, 'examples', 'smile-script', name), '--argument', '["MRN-1","MRN-2"]'], {
      env,
    });
  const byHand = await run('by-hand.js');
  t.is(byHand.code, 1);
  t.regex(byHand.stderr, /the script threw 'HTTP 401 Unauthorized'/);
  isRevoked = false;
  const withInterceptor = await run('with-interceptor.js');
  t.is(withInterceptor.code, 0, withInterceptor.stderr);
});

const SCRIPTS = [
  { file: 'docs/smile-scripts.md', part: (text) => text, least: 5 },
  { file: 'README.md', part: (text) => text.split('\n## Smile scripts\n')[1].split('\n## ')[0], least: 1 },
];
for (const { file, part, least } of SCRIPTS) {
  test(`every script in ${file} runs as it stands`, async (t) => {
    const text = part(await readFile(join(PACKAGE_ROOT, file), 'utf8'));
    const blocks = Array.from(text.matchAll(/^```js\n(?<code>.*?)^```$/gms), ({ groups }) => groups.code);
    t.true(blocks.length >= least);
    for (const code of blocks) {
      const { store, env } = await openStore(t);
      const run = /^import\s/m.test(code)
        ? await runNode(code, { evaluate: true, env })
        : await runScriptText(t, code, ['--argument', '"MRN-1"'], { env });
      t.is(run.code, 0, `${code}\n${run.stderr}`);
      t.not(run.stdout, '', code);
      t.true(store.fhirRequests().length > 0, code);
    }
  });
}
