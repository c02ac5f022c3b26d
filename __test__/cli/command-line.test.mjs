import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import test from 'ava';
import { BIN, smartM2m } from '../support/command-line.mjs';
import { ecJwks, pkcs8Pem } from '../support/keys.mjs';
import { keyClient, secretClient, startSmartServers } from '../support/smart-servers.mjs';

const SECRET = 'a secret of the command line';
const JWKS = ecJwks();

let directory;
let servers;

test.before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'smart-m2m-cli-'));
  servers = await startSmartServers({
    clients: [keyClient('with-key', JWKS), secretClient('with-secret', SECRET)],
  });
  await Promise.all([
    writeFile(path('ca.pem'), servers.caPem),
    writeFile(path('key.jwks'), JSON.stringify(JWKS)),
    writeFile(path('key.pem'), pkcs8Pem(ecJwks())),
    writeFile(path('secret'), `${SECRET}\n`),
    writeFile(path('array.json'), '[]'),
  ]);
});

test.after.always(async () => {
  await servers?.close();
  if (directory !== undefined) await rm(directory, { recursive: true, force: true });
});

test('--help lists the commands, and each command has a help of its own', async (t) => {
  const { code, stdout } = await smartM2m(['--help']);
  t.is(code, 0);
  for (const command of ['doctor', 'token', 'keygen', 'jwks', 'inspect', 'run']) {
    t.regex(stdout, new RegExp(`^ {2}${command} `, 'm'));
    const help = await smartM2m([command, '--help']);
    t.is(help.code, 0);
    t.regex(help.stdout, new RegExp(`^Usage: smart-m2m ${command} `));
    const lines = help.stdout.split('\n').filter((line) => line.length > 120);
    t.deepEqual(lines, []);
    // As zsh has it, * without quotes has to match a file.
    t.notRegex(help.stdout, /--scope [^'"<\s]*\*/);
  }
});

test('wrong use ends with exit code 2 and says what is wrong', async (t) => {
  for (const [args, words] of [
    [[], /Usage: smart-m2m <command>/],
    [['tokn'], /no command "tokn"/],
    [['token', '--clientid', 'c'], /--clientid/],
    [['token', 'https://h', 'https://i'], /one FHIR base URL/],
    [['token', '--show', 'everything'], /--show: expected header or token/],
    [['token', 'https://h', '--client-id', 'c'], /nothing proves who asks/],
    [['token', 'https://h', '--timeout', 'soon'], /--timeout: expected a number of seconds/],
    [['token', 'https://h', '--parameter', 'x'], /--parameter: expected name=value/],
    [['token', 'https://h', '--options', path('key.pem')], /holds no JSON object/],
    [['token', 'https://h', '--options', path('array.json')], /holds no JSON object/],
    [['token', '--client-id', 'c', '--key', path('key.jwks')], /give the FHIR base URL, --issuer or/],
    [
      ['doctor', '--client-id', 'c', '--key', path('key.jwks'), '--json'],
      /give the FHIR base URL, --issuer or/,
    ],
    [['doctor', 'https://h', '--probe', 'http://[bad'], /--probe: expected a query/],
    [
      ['token', 'https://h', '--proxy', 'http://me:hunter2@h:3128'],
      /--proxy: .* the environment \(HTTPS_PROXY\)/,
    ],
    [['jwks', path('key.jwks'), '--serve', ''], /expected a port/],
    [['jwks', path('key.jwks'), '--serve', portInUse(), '--host', 'localhost'], /--serve: .*\(EADDRINUSE\)/],
    [['jwks', path('key.jwks'), '--serve', '0', '--host', 'no host'], /--serve: .*\(ENOTFOUND\)/],
    [['token', 'https://h', '--client-secret-file', path('none')], /cannot be read \(ENOENT\)/],
    [['keygen'], /--out/],
    [['inspect'], /one key file/],
    [['jwks', path('key.jwks'), '--serve', 'x'], /expected a port/],
  ]) {
    const { code, stdout, stderr } = await smartM2m(args);
    t.is(code, 2, args.join(' '));
    t.is(stdout, '');
    t.regex(stderr.replaceAll(/\s+/g, ' '), words);
    t.notRegex(stderr, /hunter2|^ {4}at /m);
  }
});

test('a secret on the command line is refused, and not repeated', async (t) => {
  for (const option of ['--client-secret', '--secret', '--password', '--passphrase=hunter2-hunter2']) {
    const { code, stderr } = await smartM2m(['token', 'https://h', option, 'hunter2-hunter2']);
    t.is(code, 2);
    t.regex(stderr, /a command line is seen by every user/);
    t.false(stderr.includes('hunter2'), stderr);
  }
});

test('token prints what a token is good for, and the token only when asked', async (t) => {
  const masked = await smartM2m(withKey('token'));
  t.is(masked.code, 0, masked.stderr);
  t.regex(
    masked.stdout,
    /^Bearer \S{6}… \(43 characters\)\nexpires +20\S+Z\ngranted scopes +system\/\*\.read\n$/,
  );
  const header = await smartM2m(withKey('token', '--show', 'header'));
  t.regex(header.stdout, /^Bearer \S{43}\n$/);
  const bare = await smartM2m(withKey('token', '--show', 'token'));
  t.regex(bare.stdout, /^\S{43}\n$/);
  const json = JSON.parse((await smartM2m(withKey('token', '--json'))).stdout);
  t.deepEqual(json.grantedScopes, ['system/*.read']);
  t.regex(json.token, /…/);
});

test('the secret comes from a file or from the environment', async (t) => {
  const args = ['token', ...server(), '--client-id', 'with-secret'];
  for (const [more, env] of [
    [['--client-secret-file', path('secret')], {}],
    [[], { SMART_M2M_CLIENT_SECRET: SECRET }],
  ]) {
    const { code, stderr } = await smartM2m([...args, ...more], env);
    t.is(code, 0, stderr);
  }
});

test('everything can be named by the environment', async (t) => {
  const { code, stderr } = await smartM2m(['token', '--ca', path('ca.pem')], {
    SMART_M2M_FHIR_BASE_URL: servers.fhirServer.baseUrl,
    SMART_M2M_CLIENT_ID: 'with-key',
    SMART_M2M_KEY: path('key.jwks'),
    SMART_M2M_SCOPE: 'system/*.read',
  });
  t.is(code, 0, stderr);
});

test('a variable that is empty is as good as none', async (t) => {
  const empty = Object.fromEntries(
    ['FHIR_BASE_URL', 'CLIENT_ID', 'KEY', 'CLIENT_SECRET', 'PASSPHRASE', 'SCOPE'].map((name) => [
      `SMART_M2M_${name}`,
      '',
    ]),
  );
  const nobody = await smartM2m(['token', 'https://h', '--client-id', 'c'], empty);
  t.is(nobody.code, 2);
  t.regex(nobody.stderr.replaceAll(/\s+/g, ' '), /nothing proves who asks/);
  await writeFile(path('scope.json'), JSON.stringify({ scope: 'system/*.read' }));
  const [fhirBaseUrl] = server();
  const given = ['--ca', path('ca.pem'), '--client-id', 'with-key', '--key', path('key.jwks')];
  const args = ['token', fhirBaseUrl, ...given, '--options', path('scope.json'), '--json'];
  const { stdout, stderr } = await smartM2m(args, empty);
  t.deepEqual(JSON.parse(stdout || '{}').grantedScopes, ['system/*.read'], stderr);
});

test('doctor --json is a document also where the settings end the walk', async (t) => {
  for (const args of [
    ['https://h', '--client-id', 'c', '--key', path('none')],
    ['https://h', '--client-id', 'c', '--key', path('ca.pem')],
    ['https://h', '--client-id', '', '--key', path('key.jwks')],
  ]) {
    const { code, stdout, stderr } = await smartM2m(['doctor', ...args, '--json']);
    t.is(code, 1);
    t.is(stderr, '');
    const { steps, token } = JSON.parse(stdout);
    t.like(steps, [{ name: 'Settings', status: 'failed' }]);
    t.is(steps.length, 1);
    t.false(token);
  }
});

test('--options has every other option, and what is given beside it wins', async (t) => {
  const options = {
    clientId: 'nobody',
    scope: 'nothing',
    retry: { attempts: 1 },
    tokenEndpoint: 'https://localhost:1/',
  };
  await writeFile(path('options.json'), JSON.stringify(options));
  const elsewhere = await smartM2m(withKey('token', '--options', path('options.json')));
  t.is(elsewhere.code, 1);
  t.regex(elsewhere.stderr, /^ERR_NETWORK: https:\/\/localhost:1\//);
  const endpoint = ['--token-endpoint', servers.authorizationServer.tokenEndpoint];
  const here = await smartM2m(withKey('token', '--options', path('options.json'), ...endpoint));
  t.is(here.code, 0, here.stderr);
});

test('a failure ends with exit code 1 and says what the error says', async (t) => {
  const { code, stdout, stderr } = await smartM2m(withKey('token', '--key', path('key.pem')));
  t.is(code, 1);
  t.is(stdout, '');
  t.regex(stderr, /^ERR_TOKEN_REJECTED: .*HTTP 401/s);
  for (const line of stderr.split('\n')) t.true(line.length <= 80 || !line.includes(' '), line);
});

test('keygen writes a private key for its owner alone, and prints the public one', async (t) => {
  const out = path('new.jwks');
  const { code, stdout, stderr } = await smartM2m([
    'keygen',
    '--algorithm',
    'ES384',
    '--kid',
    'k1',
    '--out',
    out,
  ]);
  t.is(code, 0, stderr);
  const [published] = JSON.parse(stdout).keys;
  const [kept] = JSON.parse(await readFile(out, 'utf8')).keys;
  t.is(published.kid, 'k1');
  t.is(published.d, undefined);
  t.is(kept.x, published.x);
  t.truthy(kept.d);
  if (process.platform !== 'win32') t.is((await stat(out)).mode & 0o777, 0o600);
  const again = await smartM2m(['keygen', '--out', out]);
  t.is(again.code, 2);
  t.regex(again.stderr, /is there already/);
});

test('inspect tells what is in a key file, and nothing private', async (t) => {
  const { stdout } = await smartM2m(['inspect', path('key.jwks')]);
  t.regex(stdout, /^format +jwks$/m);
  t.true(stdout.includes(JWKS.keys[0].kid));
  t.false(stdout.includes(JWKS.keys[0].d));
  const json = JSON.parse((await smartM2m(['inspect', path('key.pem'), '--json'])).stdout);
  t.like(json, { format: 'pem', algorithm: 'ES384', publicKeys: [{ type: 'EC', curve: 'P-384' }] });
});

test('jwks prints the public keys of a file', async (t) => {
  const { stdout } = await smartM2m(['jwks', path('key.jwks')]);
  const { keys } = JSON.parse(stdout);
  t.deepEqual(
    keys.map(({ kid, d }) => [kid, d]),
    [[JWKS.keys[0].kid, undefined]],
  );
});

test('jwks --serve serves them until it is interrupted', async (t) => {
  const child = spawn(process.execPath, [BIN, 'jwks', path('key.jwks'), '--serve', '0'], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  t.teardown(() => child.kill('SIGKILL'));
  const ended = once(child, 'exit');
  const [line] = await once(createInterface({ input: child.stderr }), 'line');
  const [url] = /http:\/\/\S+/.exec(line);
  const { keys } = await (await fetch(url)).json();
  t.is(keys[0].kid, JWKS.keys[0].kid);
  child.kill('SIGINT');
  const [code] = await ended;
  // Windows has no signals to send.
  if (process.platform !== 'win32') t.is(code, 0);
});

if (process.platform !== 'win32') {
  for (const [command, args] of [
    ['doctor', ['http://127.0.0.1:1/fhir', '--client-id', 'c']],
    ['inspect', ['--help']],
  ]) {
    test(`${command}: a reader that goes away ends it without a word`, async (t) => {
      const child = spawn(process.execPath, [BIN, command, ...args], {
        env: { ...process.env, SMART_M2M_CLIENT_SECRET: SECRET },
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      t.teardown(() => child.kill('SIGKILL'));
      child.stdout.destroy();
      let stderr = '';
      child.stderr.on('data', (text) => {
        stderr += text;
      });
      const [code] = await once(child, 'close');
      t.is(stderr, '');
      t.is(code, 141);
    });
  }
}

function path(name) {
  return join(directory, name);
}

function portInUse() {
  return new URL(servers.fhirServer.baseUrl).port;
}

function server() {
  return [servers.fhirServer.baseUrl, '--ca', path('ca.pem'), '--scope', 'system/*.read'];
}

function withKey(command, ...more) {
  return [command, ...server(), '--client-id', 'with-key', '--key', path('key.jwks'), ...more];
}
