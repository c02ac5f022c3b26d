import { join } from 'node:path';
import test from 'ava';
import { neverAnswers, openServer } from '../support/plain-endpoint.mjs';
import { text } from '../support/recording-server.mjs';
import { folderWith, onOneLine, runCommand, runScriptText } from '../support/run-script.mjs';

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
    t.regex(onOneLine(stderr), said);
    t.regex(stderr, /^smart-m2m: [\s\S]*\nsmart-m2m run --help tells more\.\n$/);
    t.false(stderr.includes('secret'));
    t.is(stdout, '');
  }
});

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

test('a function that waits for what nothing can bring about any more is a failure', async (t) => {
  const script = `async function main() { await new Promise(() => {}); }`;
  const { code, stdout, stderr } = await runScriptText(t, script);
  t.is(code, 1);
  t.is(stdout, '');
  t.is(stderr, 'Error: the script waits for a promise that nothing can settle any more\n');
  const module = await runScriptText(t, 'await new Promise(() => {}); export const main = () => 1;', [], {
    name: 'script.mjs',
  });
  t.is(module.code, 1);
  t.is(module.stderr, stderr);
});

test('what a timer of the script throws is its failure, told as any other', async (t) => {
  const script = `function main() {
  setTimeout(() => { throw new TypeError('late'); }, 5);
  return new Promise(() => {});
}
function nothing() {
  setTimeout(() => { throw undefined; }, 5);
  return new Promise(() => {});
}`;
  const { code, stdout, stderr, path } = await runScriptText(t, script);
  t.is(code, 1);
  t.is(stdout, '');
  t.true(stderr.startsWith(`TypeError: late\n    at Timeout._onTimeout (${path}:2:`), stderr);
  const nothing = await runScriptText(t, script, ['--function', 'nothing']);
  t.is(nothing.code, 1);
  t.is(nothing.stderr, 'the script threw undefined\n');
});

test('an error that refuses to be looked at is a failure like others', async (t) => {
  const script = `function main() {
  throw Object.defineProperty(new Error('x'), 'message', { get() { throw new Error('trap'); } });
}
function symbol() { throw Object.assign(new Error('x'), { message: Symbol('no text') }); }`;
  for (const name of ['main', 'symbol']) {
    const { code, stderr } = await runScriptText(t, script, ['--function', name]);
    t.is(code, 1);
    t.is(stderr, 'the script threw an error that cannot be shown\n');
  }
});
