import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import test from 'ava';
import { PACKAGE_ROOT } from '../support/child.mjs';
import { openServer } from '../support/plain-endpoint.mjs';
import { text } from '../support/recording-server.mjs';
import { COMMAND, folderWith, onOneLine, runCommand, runScriptText } from '../support/run-script.mjs';

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
    t.regex(onOneLine(stderr), /^smart-m2m: .*script\.js has no function .*it has later, fetch/, name);
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

test('arguments come from the command line, from a file or from stdin', async (t) => {
  const folder = await folderWith(t, {
    'script.js': 'function main(...args) { return args; }',
    'argument.json': '{"from":"file"}',
  });
  const script = join(folder, 'script.js');
  const args = ['--argument', '-', '--argument', `@${join(folder, 'argument.json')}`, '--argument', 'null'];
  const child = spawn(process.execPath, [COMMAND, 'run', script, ...args], { cwd: PACKAGE_ROOT });
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
    Environment.getProperty('js.api.url'), Environment.getProperty('not.set'),
    Environment.getEnv('toString'), Environment.getProperty('__proto__')];
}`;
  const { stdout } = await runScriptText(t, script, [], {
    env: { JS_API_URL: 'https://x', NOT_SET: undefined },
  });
  t.deepEqual(JSON.parse(stdout), ['https://x', null, 'https://x', null, null, null]);
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
