import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import { PACKAGE_ROOT } from './support/child.mjs';
import { eventually } from './support/eventually.mjs';
import { startRecordingServer, text } from './support/recording-server.mjs';
import { folderWith, runCommand, runScriptText } from './support/run-script.mjs';

const command = createRequire(import.meta.url)('../lib/cli/run.js');

/** A server of its own in clear text: what is tested is the runner. */
async function openServer(t, handler = text(404, '')) {
  const server = await startRecordingServer({ handler });
  t.teardown(server.close);
  return server;
}

const neverAnswers = (_request, _response, _body) => new Promise(() => {});

// ── loading ──

test('a classic script is called by the name of its function, with no exports', async (t) => {
  const script = `#!/usr/bin/env node
function main(a, b) { return { sum: add(a, b.b) }; }
function add(a, b) { return a + b; }
`;
  const run = await runScriptText(t, script, ['--argument', '1', '--argument', '{"b":2}']);
  t.is(run.stderr, '');
  t.is(run.stdout, '{\n  "sum": 3\n}\n');
  t.is(run.code, 0);
});

test('any function at the top of a script can be called', async (t) => {
  const script = `
async function later() { return 'async'; }
const arrow = () => 'arrow';
let object = { method() {} };
class Thing {}
function fetch() { return 'its own fetch'; }
`;
  const folder = await folderWith(t, { 'script.js': script });
  const call = (name) => runCommand([join(folder, 'script.js'), '--function', name]);
  t.is((await call('later')).stdout, '"async"\n');
  t.is((await call('arrow')).stdout, '"arrow"\n');
  t.is((await call('fetch')).stdout, '"its own fetch"\n');
  for (const name of ['object', 'setTimeout', 'Http', 'FhirClientError', 'toString', 'later()', 'if', '']) {
    const { code, stderr } = await call(name);
    t.is(code, 2, name);
    t.regex(stderr, /^smart-m2m run: .*script\.js has no function .*it has later, fetch/, name);
  }
});

test('a CommonJS module is called by its exports, and requires what is beside it', async (t) => {
  const folder = await folderWith(t, {
    'script.cjs': `
const { suffix } = require('./other.cjs');
const { basename } = require('node:path');
const Log = { info() {} }; // its own, in place of the global
module.exports = { main: (word) => word + suffix() + basename(__filename), other: () => Log.info.length };
`,
    'other.cjs': `exports.suffix = () => { Log.info('the module finds Log'); return '!'; };`,
    'function.js': `module.exports = async () => 'the module itself';`,
  });
  const run = await runCommand([join(folder, 'script.cjs'), '--argument', '"word"']);
  t.is(run.stdout, '"word!script.cjs"\n', run.stderr);
  t.is(run.stderr, 'INFO  the module finds Log\n');
  t.is((await runCommand([join(folder, 'script.cjs'), '--function', 'other'])).stdout, '0\n');
  t.is((await runCommand([join(folder, 'function.js')])).stdout, '"the module itself"\n');
});

test('an ES module is called by its exports, main first', async (t) => {
  const folder = await folderWith(t, {
    'script.mjs': `
import { word } from './other.mjs';
export default () => 'the default export';
export const named = async () => word() + (await Promise.resolve(typeof FhirClientFactory.newClient));
`,
    'other.mjs': `export const word = () => { Log.info('the module finds Log'); return 'a '; };`,
    'main.mjs': 'export default () => 1; export function main() { return 2; }',
    'object.mjs': 'export default { main: () => 3 };',
    'package.json': '{ "type": "module" }',
    'module.js': `import { word } from './other.mjs'; export const main = () => word();`,
    'classic.js': 'function main() { return typeof module.exports; }',
  });
  const call = async (...args) => {
    const run = await runCommand([join(folder, args[0]), ...args.slice(1)]);
    t.is(run.code, 0, run.stderr);
    return JSON.parse(run.stdout);
  };
  t.is(await call('script.mjs'), 'the default export');
  t.is(await call('script.mjs', '--function', 'named'), 'a function');
  t.is(await call('main.mjs'), 2);
  t.is(await call('object.mjs'), 3);
  t.is(await call('module.js'), 'a ');
  t.is(await call('classic.js'), 'object', 'a classic script is one whatever the package says');
});

// ── arguments, result, log ──

test('arguments come from the command line, from a file or from stdin', async (t) => {
  const folder = await folderWith(t, {
    'script.js': 'function main(...args) { return args; }',
    'argument.json': '{"from":"file"}',
  });
  const script = join(folder, 'script.js');
  const launcher = fileURLToPath(new URL('support/run-command.mjs', import.meta.url));
  const args = ['--argument', '-', '--argument', `@${join(folder, 'argument.json')}`, '--argument', 'null'];
  const child = spawn(process.execPath, [launcher, 'run', script, ...args], { cwd: PACKAGE_ROOT });
  child.stdin.end('{"from":"stdin"}');
  let stdout = '';
  child.stdout.on('data', (chunk) => {
    stdout += chunk;
  });
  const [code] = await once(child, 'close');
  t.is(code, 0);
  t.deepEqual(JSON.parse(stdout), [{ from: 'stdin' }, { from: 'file' }, null]);
});

test('Log and console go to stderr, from the level that was asked for', async (t) => {
  const script = `function main() {
  for (const level of ['trace', 'debug', 'info', 'warn', 'error']) Log[level](level, { a: 1 });
  console.log('console');
}`;
  const usual = await runScriptText(t, script);
  t.is(usual.stdout, '');
  t.is(usual.stderr, 'INFO  info { a: 1 }\nWARN  warn { a: 1 }\nERROR error { a: 1 }\nconsole\n');
  const { stderr } = await runScriptText(t, script, ['--log-level', 'error']);
  t.is(stderr, 'ERROR error { a: 1 }\nconsole\n');
  t.regex((await runScriptText(t, script, ['--log-level', 'trace'])).stderr, /^TRACE trace/);
});

test('Environment reads the environment, and what is not set is null', async (t) => {
  const script = `function main() {
  return [Environment.getEnv('JS_API_URL'), Environment.getEnv('NOT_SET'),
    Environment.getProperty('js.api.url'), Environment.getProperty('not.set')];
}`;
  const { stdout } = await runScriptText(t, script, [], {
    env: { JS_API_URL: 'https://x', NOT_SET: undefined },
  });
  t.deepEqual(JSON.parse(stdout), ['https://x', null, 'https://x', null]);
});

test('text utilities do what those of Smile do', async (t) => {
  const script = `function main() {
  return [Converter.urlEncodeString('a b&ü/*~'), Base64.encode('ü:x'), Base64.decode('w7w6eA=='), Uuid.newPlaceholderId()];
}`;
  const [encoded, base64, decoded, placeholder] = JSON.parse((await runScriptText(t, script)).stdout);
  t.is(encoded, 'a+b%26%C3%BC%2F*%7E', "as Java's URLEncoder");
  t.is(base64, 'w7w6eA==');
  t.is(decoded, 'ü:x');
  t.regex(placeholder, /^urn:uuid:[\da-f-]{36}$/);
});

test('Http tells of an answer and of a failure, without throwing', async (t) => {
  const server = await openServer(t);
  server.on('POST /ok', ({ body, headers }) => ({
    body: JSON.stringify({ body, type: headers['content-type'] }),
  }));
  server.on('GET /moved', { status: 302, headers: { location: '/ok2' } });
  server.on('GET /ok2', text(200, 'moved here'));
  server.on('PUT /moved', { status: 307, headers: { location: '/ok2' } });
  const script = `async function main(origin) {
  const results = [];
  const post = Http.post(origin + '/ok');
  post.setContentJson({ a: 1 });
  await post.execute();
  results.push([post.isSuccess(), post.getStatusCode(), post.getFailureMessage(), post.parseResponseAsJson()]);
  for (const request of [Http.get(origin + '/moved'), Http.put(origin + '/moved'), Http.delete(origin + '/none'),
    Http.head(origin + '/none'), Http.get('http://127.0.0.1:9/')]) {
    const executed = await request.execute();
    results.push([executed.isSuccess(), request.getStatusCode(), request.getFailureMessage(), request.getResponseString()]);
  }
  return results;
}`;
  const { stdout, stderr } = await runScriptText(t, script, ['--argument', JSON.stringify(server.origin)]);
  t.is(stderr, '');
  t.deepEqual(JSON.parse(stdout), [
    [true, 200, null, { body: '{"a":1}', type: 'application/json' }],
    [true, 200, null, 'moved here'],
    [false, 307, 'HTTP 307 Temporary Redirect', ''],
    [false, 404, 'HTTP 404 Not Found', ''],
    [false, 404, 'HTTP 404 Not Found', ''],
    [false, null, 'bad port', ''],
  ]);
});

// ── failures ──

test('a failure is shown with the lines of the script alone', async (t) => {
  const script = `async function main(origin) {
  return find(FhirClientFactory.newClient(origin));
}
async function find(client) {
  return await client.read('Patient/1');
}`;
  const server = await openServer(t, text(500, 'broken'));
  const { code, stdout, stderr, path } = await runScriptText(t, script, [
    '--argument',
    JSON.stringify(server.origin),
  ]);
  t.is(code, 1);
  t.is(stdout, '');
  const [message, first, ...rest] = stderr.split('\n');
  t.is(
    message,
    `FhirClientError ERR_FHIR_STATUS: GET ${server.origin}/Patient/1: 500 Internal Server Error: broken`,
  );
  t.true(first.includes(`find (${path}:5:`), stderr);
  t.false(
    rest.some((line) => /node:|lib\/(fhir|script|cli)\//.test(line)),
    stderr,
  );
});

test('where there is no token, the code of the reason and the line of the call are shown', async (t) => {
  const script = `async function main(origin) {
  const interceptor = ClientAuthInterceptorFactory.create({ clientId: 'c', clientSecret: 'hidden', scope: null });
  const client = FhirClientFactory.newClient(origin).registerInterceptor(interceptor);
  await client.read('Patient/1');
}`;
  const server = await openServer(t);
  server.on('GET /.well-known/smart-configuration', () => ({
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ token_endpoint: server.url('/token') }),
  }));
  server.on('POST /token', { status: 400, body: '{"error":"invalid_client"}' });
  const { code, stderr, path } = await runScriptText(t, script, [
    '--argument',
    JSON.stringify(server.origin),
  ]);
  t.is(code, 1);
  t.regex(stderr, /^ClientAuthError ERR_TOKEN_REJECTED: /);
  t.true(stderr.includes(`main (${path}:4:`), stderr);
  t.false(stderr.includes('hidden'));
});

test('whatever is thrown is told, and causes with it', async (t) => {
  const folder = await folderWith(t, {
    'script.js': `
function text() { throw 'Patient not found'; }
function nothing() { throw undefined; }
function caused() { throw new Error('outer', { cause: new TypeError('inner') }); }
function storage() { return Fhir.search(); }
function builder() { return ResourceBuilder.build('Patient'); }
function typo() { return Htpp.get('x'); }
`,
  });
  const failureOf = async (name) => {
    const { code, stderr } = await runCommand([join(folder, 'script.js'), '--function', name]);
    t.is(code, 1, name);
    return stderr;
  };
  t.is(await failureOf('text'), "the script threw 'Patient not found'\n");
  t.is(await failureOf('nothing'), 'the script threw undefined\n');
  t.regex(
    await failureOf('caused'),
    /^Error: outer\n {4}at caused \(.*\n[\s\S]* {2}caused by TypeError: inner\n$/,
  );
  t.regex(await failureOf('storage'), /Fhir is not defined[\s\S]*FhirClientFactory\.newClient\(base\)/);
  t.regex(await failureOf('builder'), /\{ resourceType: 'Patient', … \}/);
  t.notRegex(await failureOf('typo'), /here/);
});

test('a script that cannot be read shows the place', async (t) => {
  const { code, stderr, path } = await runScriptText(t, 'function main() {\n  return 1 +;\n}\n');
  t.is(code, 1);
  t.true(stderr.startsWith(`${path}:2\n  return 1 +;\n`), stderr);
  t.regex(stderr, /SyntaxError: Unexpected token ';'/);
  const thrown = await runScriptText(t, "Log.info('loading');\nthrow new Error('while loading');\n");
  t.is(thrown.code, 1);
  t.regex(thrown.stderr, /^INFO {2}loading\nError: while loading\n {4}at .*script\.js:2:7/);
});

test('an await in a function that is not async is told as that', async (t) => {
  const { code, stderr, path } = await runScriptText(t, 'function main() {\n  await Http.get("x");\n}\n');
  t.is(code, 1);
  t.true(stderr.startsWith(`${path}:2\n`), stderr);
  t.regex(stderr, /SyntaxError: await is only valid in async functions/);
});

test('a rejection that is awaited later is not a failure', async (t) => {
  const script = `async function main() {
  const failing = Promise.reject(new Error('no'));
  await new Promise((resolve) => setTimeout(resolve, 10));
  return failing.catch(({ message }) => message);
}`;
  const { code, stdout } = await runScriptText(t, script);
  t.is(code, 0);
  t.is(stdout, '"no"\n');
});

test('wrong use is told with what there is', async (t) => {
  const folder = await folderWith(t, { 'script.js': 'function other() {}', 'bad.json': '{' });
  const script = join(folder, 'script.js');
  const cases = [
    [[], /expected one script/],
    [[script, 'more'], /expected one script/],
    [[join(folder, 'none.js')], /there is no file .*none\.js/],
    [[folder], /there is no file/],
    [[script], /has no function main and no default export; it has other/],
    [[script, '--log-level', 'loud'], /--log-level: expected one of trace, debug/],
    [[script, '--argument', 'secret'], /--argument: what was given is no JSON/],
    [
      [script, '--argument', '1', '--argument', `@${join(folder, 'bad.json')}`],
      /number 2: .*bad\.json is no JSON/,
    ],
    [[script, '--argument', `@${join(folder, 'none.json')}`], /none\.json cannot be read \(ENOENT\)/],
    [[script, '--argument', '-', '--argument', '-'], /stdin can be read once/],
  ];
  for (const [args, said] of cases) {
    const { code, stdout, stderr } = await runCommand(args);
    t.is(code, 2, args.join(' '));
    t.regex(stderr, said);
    t.regex(stderr, /^smart-m2m run: .*\nsmart-m2m run --help tells more\.\n$/);
    t.false(stderr.includes('secret'));
    t.is(stdout, '');
  }
});

// ── forgotten awaits ──

test('a request that nobody awaited is waited for and warned of', async (t) => {
  const server = await openServer(t, { status: 201, delayMs: 100 });
  const script = `function main(origin) { FhirClientFactory.newClient(origin).create({ resourceType: 'Patient' }); return 'done'; }`;
  const { code, stdout, stderr } = await runScriptText(t, script, [
    '--argument',
    JSON.stringify(server.origin),
  ]);
  t.is(stdout, '"done"\n');
  t.is(stderr, 'WARN  the function returned with requests under way (1): is an await missing?\n');
  t.is(code, 0);
  t.is(server.requests.length, 1);
});

test('a promise that fails without being awaited fails the script', async (t) => {
  const server = await openServer(t, { status: 403, delayMs: 50 });
  const script = `function main(origin) { FhirClientFactory.newClient(origin).create({ resourceType: 'Patient' }); }
function other() { Promise.reject(new Error('forgotten')); }`;
  const { code, stderr } = await runScriptText(t, script, ['--argument', JSON.stringify(server.origin)]);
  t.is(code, 1);
  t.regex(stderr, /403 Forbidden/);
  const other = await runScriptText(t, script, ['--function', 'other']);
  t.is(other.code, 1);
  t.regex(other.stderr, /^Error: forgotten\n/);
});

test('a failure with requests under way says that an await may be missing, and ends them', async (t) => {
  const server = await openServer(t, neverAnswers);
  const script = `function main(origin) {
  const list = FhirClientFactory.newClient(origin).search().forResource('Patient').asList();
  return list[0].id;
}
function http(origin) {
  const post = Http.post(origin);
  post.execute();
  return post.isSuccess();
}`;
  const origin = JSON.stringify(server.origin);
  const search = await runScriptText(t, script, ['--argument', origin]);
  t.is(search.code, 1);
  t.regex(search.stderr, /^TypeError: [\s\S]*requests were still under way \(1\): is an await missing\?\n$/);
  const http = await runScriptText(t, script, ['--function', 'http', '--argument', origin]);
  t.regex(http.stderr, /isSuccess: the request is still under way; it takes "await request\.execute\(\)"/);
});

test('a result that JSON cannot hold is a failure: a promise, a circle', async (t) => {
  const script = `function main() { return { patient: Promise.resolve(1) }; }
function circle() { const a = {}; a.a = a; return a; }
function promise() { return Promise.resolve({ a: 1 }); }`;
  const { code, stderr } = await runScriptText(t, script);
  t.is(code, 1);
  t.regex(stderr, /the result's "patient" is a promise: it takes an await/);
  t.is((await runScriptText(t, script, ['--function', 'circle'])).code, 1);
  t.is((await runScriptText(t, script, ['--function', 'promise'])).stdout, '{\n  "a": 1\n}\n');
});

// ── the world around it ──

test('Ctrl-C ends the requests of the script', async (t) => {
  const server = await openServer(t, neverAnswers);
  const folder = await folderWith(t, {
    'script.js': `async function main(origin) { await FhirClientFactory.newClient(origin, { timeoutMs: 0 }).read('Patient/1'); }`,
  });
  const launcher = fileURLToPath(new URL('support/run-command.mjs', import.meta.url));
  const args = [launcher, 'run', join(folder, 'script.js'), '--argument', JSON.stringify(server.origin)];
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
