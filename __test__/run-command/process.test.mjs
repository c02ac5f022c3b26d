import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import test from 'ava';
import { PACKAGE_ROOT } from '../support/child.mjs';
import { eventually } from '../support/eventually.mjs';
import { neverAnswers, openServer } from '../support/plain-endpoint.mjs';
import { COMMAND, folderWith } from '../support/run-script.mjs';

const command = createRequire(import.meta.url)('../../lib/cli/run.js');

test('Ctrl-C ends the requests of the script', async (t) => {
  const server = await openServer(t, neverAnswers);
  const folder = await folderWith(t, {
    'script.js': `async function main(origin) { await FhirClientFactory.newClient(origin, { timeoutMs: 0 }).read('Patient/1'); }`,
  });
  const args = [COMMAND, 'run', join(folder, 'script.js'), '--argument', JSON.stringify(server.origin)];
  const child = spawn(process.execPath, args, { cwd: PACKAGE_ROOT });
  t.teardown(() => child.kill('SIGKILL'));
  let stderr = '';
  child.stderr.on('data', (chunk) => {
    stderr += chunk;
  });
  await eventually(() => server.requests.length === 1);
  child.kill('SIGINT');
  const [code] = await once(child, 'close');
  t.is(code, 130);
  t.is(stderr, 'interrupted\n');
});

/** The command in this very process, with streams of the test. */
async function runHere(script, { isTTY = false, env = {}, args = [] } = {}) {
  const io = {
    stdin: new PassThrough(),
    stdout: new PassThrough(),
    stderr: new PassThrough(),
    env,
    isTerminal: isTTY,
  };
  Object.assign(io.stderr, { isTTY, columns: 40 });
  const { signal } = new AbortController();
  const values = { argument: args };
  const code = await command.run({ values, positionals: [script], io: { ...io, signal } });
  const [stdout, stderr] = [io.stdout, io.stderr].map((stream) => stream.read()?.toString() ?? '');
  return { code, stdout, stderr };
}

test.serial('a run leaves nothing in the process: globals, listeners', async (t) => {
  const folder = await folderWith(t, {
    'script.mjs': `globalThis.seen = typeof Log; export const main = () => Environment.getEnv('ONLY_HERE');`,
    'failing.js': `function main() { throw new Error('no'); }`,
  });
  const names = () => Object.getOwnPropertyNames(globalThis);
  const before = names();
  const listeners = process.listenerCount('unhandledRejection');
  const { console: own } = globalThis;
  const run = await runHere(join(folder, 'script.mjs'), { env: { ONLY_HERE: 'yes' } });
  t.is(run.stdout, '"yes"\n');
  t.is(globalThis.seen, 'object');
  delete globalThis.seen;
  t.is((await runHere(join(folder, 'failing.js'))).code, 1);
  t.deepEqual(names(), before);
  t.is(globalThis.console, own);
  t.is(process.listenerCount('unhandledRejection'), listeners);
});

test.serial('after the run a script makes no more requests', async (t) => {
  const server = await openServer(t);
  const folder = await folderWith(t, {
    'script.cjs': `exports.main = (origin) => { globalThis.kept = FhirClientFactory.newClient(origin); };`,
  });
  await runHere(join(folder, 'script.cjs'), { args: [JSON.stringify(server.origin)] });
  const { kept } = globalThis;
  delete globalThis.kept;
  await t.throwsAsync(kept.read('Patient/1'), { message: 'the run is over' });
  t.is(server.requests.length, 0);
});

test.serial('a terminal shows what is going on, and other streams do not', async (t) => {
  const script = `async function main() {
  Log.info('before');
  await new Promise((resolve) => setTimeout(resolve, 1300));
  Log.info('after');
}`;
  const folder = await folderWith(t, { 'script.js': script });
  const shown = await runHere(join(folder, 'script.js'), { isTTY: true });
  const clearLine = '\r\u001b[K';
  t.true(shown.stderr.startsWith(`INFO  before\n${clearLine}script.js: `), shown.stderr);
  t.true(shown.stderr.endsWith(`${clearLine}INFO  after\n`), shown.stderr);
  const plain = await runHere(join(folder, 'script.js'));
  t.is(plain.stderr, 'INFO  before\nINFO  after\n');
});

test('the command tells what it is', (t) => {
  t.regex(command.summary, /^[a-z].*[^.]$/);
  for (const name of Object.keys(command.options)) t.true(command.usage.includes(`--${name}`), name);
  for (const line of command.usage.split('\n')) t.true(line.length <= 80, line);
});
