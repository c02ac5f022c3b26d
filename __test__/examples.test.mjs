import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { PACKAGE_ROOT, runNode } from './support/child.mjs';

const EXAMPLES = join(PACKAGE_ROOT, 'examples');
const isWindows = process.platform === 'win32';

/** A folder for temporary files, in which a run has to leave nothing. */
async function temporaryFolder(t) {
  const folder = await mkdtemp(join(tmpdir(), 'smart-m2m-examples-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  return { folder, env: { TMPDIR: folder, TEMP: folder, TMP: folder } };
}

/** Runs an example by its one command, and resolves to what it has shown under a label. */
async function run(t, name) {
  const { folder, env } = await temporaryFolder(t);
  const { code, stdout, stderr } = await runNode(join('examples', name, 'run.mjs'), { env });
  t.is(stderr, '');
  t.is(code, 0, stdout);
  t.regex(stdout, /\nDone: \d+ token requests?, nothing left running\.\n$/);
  t.deepEqual(await readdir(folder), []);
  const lines = stdout.split('\n');
  return (label) =>
    lines.filter((line) => line.startsWith(`   ${label.padEnd(16)}`)).map((line) => line.slice(19));
}

test('an Express service asks for one token for all its callers, and for one more when that is revoked', async (t) => {
  const shown = await run(t, 'express-service');
  t.deepEqual(shown('answers'), ['50', '50']);
  t.deepEqual(shown('found'), ['Okafor']);
  t.deepEqual(shown('without a name'), ['HTTP 400 {"error":"which family?"}']);
  t.deepEqual(shown('token requests'), ['1', '2', '3']);
});

test("an Express service's log says why there is no token, and its callers hear nothing of it", async (t) => {
  const shown = await run(t, 'express-service');
  t.deepEqual(shown('answer'), ['HTTP 502 {"error":"the FHIR server could not be asked"}']);
  const [, , problem, ...more] = shown('service');
  t.regex(problem, /^ERR_TOKEN_REJECTED: .*invalid_client/);
  t.deepEqual(more, []);
});

test('a Fastify service sends its requests through undici with one token, and passes answers on', async (t) => {
  const shown = await run(t, 'fastify-undici');
  t.deepEqual(shown('answers'), ['200', '404, 400, 502', '200']);
  t.deepEqual(shown('token requests'), ['1', '2']);
});

test('a pool of worker threads costs one token request', async (t) => {
  const shown = await run(t, 'worker-pool');
  t.deepEqual(
    shown('pool')
      .map((line) => line.replace(/ \(thread \d+\)$/, ''))
      .toSorted(),
    Array.from({ length: 24 }, (_, at) => `Patient/patient-${at + 1}: heart rates 62, 66, 70`).toSorted(),
  );
  t.deepEqual(shown('searches'), ['24']);
  t.deepEqual(shown('token requests'), ['1']);
});

test('a bulk export waits as it is told, downloads without the token, and tells the server when it is cancelled', async (t) => {
  const shown = await run(t, 'bulk-export');
  const [busy, first, second, patients, observations, deleted, broken, kept, ...cancelled] = shown('export');
  t.is(busy, 'in progress (HTTP 429), asking again in 1 s');
  t.is(first, 'in progress (1 more to go), asking again in 1 s');
  t.is(second, 'in progress (0 more to go), asking again in 1 s');
  t.regex(patients, /^Patient: 2 resources in .*1\.Patient\.ndjson$/);
  t.regex(observations, /^Observation: 2 resources in .*2\.Observation\.ndjson$/);
  t.is(deleted, 'export deleted: HTTP 202');
  t.deepEqual(shown('files'), ['1.Patient.ndjson, 2.Observation.ndjson']);
  t.regex(shown('downloads').join(), /^2 from https:\/\/localhost:\d+, 0 with the token$/);
  t.is(broken, 'the download of Patient has broken off: terminated');
  t.regex(kept, /^the server may have the export still, at https:.*\/bulk-status\//);
  if (isWindows) return;
  // Of stdout and stderr, which keep no order between them.
  t.deepEqual(cancelled.toSorted(), [
    'export deleted: HTTP 202',
    'in progress (999 more to go), asking again in 60 s',
    'interrupted',
  ]);
  t.deepEqual(shown('last request'), ["DELETE of the export's status → HTTP 202"]);
  t.deepEqual(shown('token requests'), ['1', '3, one for each process']);
});

test('a Lambda handler keeps its token from one invocation to the next', async (t) => {
  const shown = await run(t, 'aws-lambda');
  t.deepEqual(shown('answers'), ['200, 200, 200, 200, 400', '200, 200, 200, 200, 400']);
  const families = shown('lambda').map((line) => JSON.parse(JSON.parse(line).body)[0]?.name[0].family);
  const each = ['Lindqvist', 'Okafor', 'Haddad', undefined, undefined];
  t.deepEqual(families, [...each, ...each]);
  t.deepEqual(shown('token requests'), ['1', '2']);
});

test('the Smile scripts run against the test kit: a token request for each call, and one for all', async (t) => {
  const shown = await run(t, 'smile-script');
  const lines = shown('script'); // of both, each with what it returns and what it logs
  const [byHand, withInterceptor] = [lines.slice(0, lines.length / 2), lines.slice(lines.length / 2)];
  t.true(byHand.includes('INFO  found Patient/3'), lines.join('\n'));
  t.true(byHand.includes('    "family": "Haddad"'));
  t.deepEqual(withInterceptor.toSorted(), byHand.toSorted());
  t.deepEqual(shown('token requests'), ['4', '1']);
});

// Windows has no signals.
if (!isWindows) {
  test('an example that is interrupted ends its program, and leaves no key behind', async (t) => {
    const { folder, env } = await temporaryFolder(t);
    const command = spawn(process.execPath, [join(EXAMPLES, 'bulk-export', 'run.mjs')], {
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    t.teardown(() => command.kill('SIGKILL'));
    let shown = '';
    command.stdout.setEncoding('utf8').on('data', (text) => {
      if (!shown.includes('in progress') && `${shown}${text}`.includes('in progress')) command.kill('SIGINT');
      shown += text;
    });
    const [code] = await once(command, 'close');
    t.is(code, 1);
    t.false(shown.includes('Done'), shown);
    t.deepEqual(await readdir(folder), []);
  });
}

test('examples/README.md has the command of every example', async (t) => {
  const readme = await readFile(join(EXAMPLES, 'README.md'), 'utf8');
  const files = await readdir(EXAMPLES, { recursive: true });
  const names = files.flatMap((file) => /^([^/\\]+)[/\\]run\.mjs$/.exec(file)?.[1] ?? []);
  t.is(names.length, 6);
  for (const name of names) t.true(readme.includes(`\`node examples/${name}/run.mjs\``), name);
});
