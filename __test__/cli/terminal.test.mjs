import { createRequire } from 'node:module';
import { PassThrough, Writable } from 'node:stream';
import { stripVTControlCharacters } from 'node:util';
import { startSmartServer } from '@org/smart-m2m/testing';
import test from 'ava';

const require = createRequire(import.meta.url);
const { main } = require('../../lib/cli/main.js');
const { terminalOf } = require('../../lib/cli/terminal.js');

const ESCAPE = '\u001b[';

for (const [what, stream, env, isColoured] of [
  ['a terminal', { isTTY: true }, {}, true],
  ['a pipe', {}, {}, false],
  ['a terminal with NO_COLOR', { isTTY: true }, { NO_COLOR: '1' }, false],
  ['a terminal with an empty NO_COLOR', { isTTY: true }, { NO_COLOR: '' }, true],
  ['a dumb terminal', { isTTY: true }, { TERM: 'dumb' }, false],
  ['a pipe with FORCE_COLOR', {}, { FORCE_COLOR: '1' }, true],
  ['a terminal with FORCE_COLOR 0', { isTTY: true }, { FORCE_COLOR: '0' }, false],
]) {
  test(`${what} gets ${isColoured ? 'colours' : 'no colours'}`, (t) => {
    t.is(terminalOf(stream, env).styled('failed', 'x').includes(ESCAPE), isColoured);
  });
}

for (const [columns, expected] of [
  [undefined, 80],
  [60, 60],
  [200, 100],
  [0, 80],
  [10, 40],
]) {
  test(`a terminal of ${columns} columns is written to in ${expected}`, (t) => {
    const terminal = terminalOf({ columns }, {});
    t.is(terminal.columns, expected);
    const lines = terminal.paragraph('word '.repeat(100), '    ', '> ').split('\n');
    t.true(lines.every((line) => line.length <= expected));
    t.true(lines[0].startsWith('> word') && lines[1].startsWith('    word'));
  });
}

test('a word that is longer than a line, as a URL can be, stays whole', (t) => {
  const url = `https://h/${'x'.repeat(100)}`;
  t.deepEqual(terminalOf({}, {}).paragraph(`see ${url} there`, '  ').split('\n'), [
    '  see',
    `  ${url}`,
    '  there',
  ]);
});

test('the doctor in 60 columns keeps to them, but for words that are longer', async (t) => {
  const server = await openServer(t);
  const client = server.registerClient({ clientSecret: 'a-secret' });
  const { screen, run } = terminal({ columns: 60, env: { SMART_M2M_CLIENT_SECRET: 'a-secret' } });
  t.is(await run('doctor', ...asFor(server, client)), 0);
  t.true(screen().includes(ESCAPE));
  for (const line of stripVTControlCharacters(screen()).split(/[\r\n]+/)) {
    // Behind the name of the step and a label.
    t.true(line.length <= 60 || !line.slice(30).trim().includes(' '), line);
  }
});

test('a secret that is missing is asked for, and does not appear', async (t) => {
  const server = await openServer(t);
  const client = server.registerClient({ clientSecret: 'typed-in-secret' });
  const { screen, type, run } = terminal();
  const code = run('token', ...asFor(server, client));
  await type(/Client secret: $/, 'typed-in-secret\n');
  t.is(await code, 0, screen());
  t.false(screen().includes('typed-in'));
});

test('after a refusal the doctor asks before each experiment', async (t) => {
  const server = await openServer(t, { basicEncoding: 'raw', explain: false });
  const client = server.registerClient({ clientSecret: 'sec ret+%41' });
  const { screen, type, run } = terminal({ env: { SMART_M2M_CLIENT_SECRET: 'sec ret+%41' } });
  const code = run('doctor', ...asFor(server, client));
  await type(/Try basicEncoding: 'raw'\? .*: $/, 'y\n');
  t.is(await code, 1);
  t.regex(screen(), /basicEncoding: 'raw': a token is granted/);
  t.regex(screen(), /clientSecret: process\.env\.CLIENT_SECRET/);
  t.false(screen().includes('sec ret'));
});

test('an experiment that is declined is not made', async (t) => {
  const server = await openServer(t, { basicEncoding: 'raw', explain: false });
  const client = server.registerClient({ clientSecret: 'sec ret+%41' });
  const { type, run } = terminal({ env: { SMART_M2M_CLIENT_SECRET: 'sec ret+%41' } });
  const code = run('doctor', ...asFor(server, client));
  await type(/Try basicEncoding: 'raw'\? .*: $/, 'n\n');
  await type(/Try clientAuthMethod: .*: $/, 'q\n');
  t.is(await code, 1);
  t.is(server.requestsTo('token').length, 1);
});

test('an interrupted command ends with exit code 130', async (t) => {
  const server = await openServer(t);
  server.fail('token', { delayMs: 60_000, times: 10 });
  const client = server.registerClient({ clientSecret: 'a-secret' });
  const { interrupt, run } = terminal({ env: { SMART_M2M_CLIENT_SECRET: 'a-secret' } });
  const code = run('token', ...asFor(server, client));
  while (server.requestsTo('discovery').length === 0) await new Promise((resolve) => setTimeout(resolve, 10));
  interrupt();
  t.is(await code, 130);
});

function asFor(server, client) {
  return [server.fhirBaseUrl, '--client-id', client.clientId, '--scope', 'system/Patient.rs'];
}

async function openServer(t, options) {
  const server = await startSmartServer({ tls: false, ...options });
  t.teardown(() => server.close());
  return server;
}

/** Somebody sits in front of it. */
function terminal({ columns = 80, env = {} } = {}) {
  const stdin = new PassThrough();
  const interruption = new AbortController();
  let text = '';
  let onText = () => {};
  const stream = Object.assign(
    new Writable({
      write(chunk, _encoding, done) {
        text += chunk;
        onText();
        done();
      },
    }),
    { isTTY: true, columns },
  );
  return {
    screen: () => text,
    run: (...args) =>
      main(args, {
        stdin,
        stdout: stream,
        stderr: stream,
        env,
        isTerminal: true,
        signal: interruption.signal,
      }),
    interrupt: () => interruption.abort(new Error('interrupted')),
    /** Types once the screen ends like this. */
    async type(prompt, keys) {
      while (!prompt.test(text)) {
        await new Promise((resolve) => {
          onText = resolve;
        });
      }
      stdin.write(keys);
    },
  };
}
