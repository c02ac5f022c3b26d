import { readdirSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { connect as tlsConnect } from 'node:tls';
import { startSmartServer } from '@org/smart-m2m/testing';
import test from 'ava';
import { PACKAGE_ROOT, runNode } from '../support/child.mjs';
import { fhir, requestToken } from '../support/foreign-client.mjs';
import { openSmartServer } from '../support/test-kit.mjs';

test('several servers run side by side and know nothing of one another', async (t) => {
  const servers = await Promise.all([1, 2, 3].map(() => openSmartServer(t)));
  t.is(new Set(servers.flatMap(({ origin, downloadOrigin }) => [origin, downloadOrigin])).size, 6);
  const [one, two] = servers;
  const { body } = await requestToken(one, one.registerClient());
  t.is((await fhir(one, 'Patient', { token: body.access_token })).status, 200);
  t.is((await fhir(two, 'Patient', { token: body.access_token })).status, 401);
  t.deepEqual(
    servers.map(({ requests }) => requests.length),
    [2, 1, 0],
  );
});

test('making keys does not hang Node, however much garbage collection comes in between', async (t) => {
  const program = `import { startSmartServer } from '@org/smart-m2m/testing';
    const server = await startSmartServer({ tls: false });
    const client = server.registerClient();
    for (let count = 0; count < 4000; count += 1) client.rotateKeys({ algorithm: 'ES256' });
    await server.close();`;
  // Several, as a process in which it can hang sometimes comes through.
  const runs = [1, 2, 3, 4].map(() =>
    runNode(program, { evaluate: true, nodeArgs: ['--gc-interval=37'], timeoutMs: 120_000 }),
  );
  for (const { signal, stderr } of await Promise.all(runs)) t.is(signal, null, stderr);
});

test('reset brings back the first settings and resources, and keeps clients and their tokens', async (t) => {
  const server = await openSmartServer(t, { tokenLifetimeSeconds: 60 });
  const client = server.registerClient();
  const { body } = await requestToken(server, client);
  server.configure({ tokenLifetimeSeconds: 5, pageSize: 1 });
  t.is((await requestToken(server, client)).body.expires_in, 5);
  await fhir(server, 'Patient/1', { method: 'DELETE' });
  await fhir(server, 'Patient', { method: 'POST', json: { resourceType: 'Patient' } });
  server.fail('any', { status: 500, times: Infinity });

  server.reset();
  t.deepEqual(server.requests, []);
  t.is((await requestToken(server, client)).body.expires_in, 60);
  t.is((await fhir(server, 'Patient', { token: body.access_token })).body.total, 3);
  const { body: created } = await fhir(server, 'Patient', {
    method: 'POST',
    json: { resourceType: 'Patient' },
  });
  t.is(created.id, '1001');
});

test('a closed server has no connection left, also one that has never sent a request', async (t) => {
  const server = await startSmartServer({ tls: true });
  const socket = connect(Number(new URL(server.origin).port), '127.0.0.1');
  await new Promise((resolve) => socket.once('connect', resolve));
  const ended = new Promise((resolve) => {
    socket.on('error', () => {}).once('close', resolve);
  });
  await server.close();
  await ended;
  await server.close();
  t.pass();
});

test("closing the server gives up the client's keys that it waits for", async (t) => {
  const server = await openSmartServer(t);
  const publisher = await openSmartServer(t);
  const holder = publisher.registerClient();
  publisher.fail('client-jwks', { delayMs: 3_600_000 });
  const client = server.registerClient({ jwksUrl: holder.jwksUrl });
  const answer = requestToken(server, { ...client, jwks: holder.jwks });
  const refused = t.throwsAsync(answer);
  while (publisher.requests.length === 0) await new Promise(setImmediate);
  await server.close();
  await refused;
});

test('await using closes a server, where the runtime has it', async (t) => {
  const server = await startSmartServer({ tls: false });
  await server[Symbol.asyncDispose]();
  await t.throwsAsync(fetch(server.fhirBaseUrl));
});

test('nothing of a closed server keeps the process alive', async (t) => {
  const script = `
    import { startSmartServer } from '@org/smart-m2m/testing';
    const server = await startSmartServer({ tls: false });
    server.fail('fhir', { delayMs: 3_600_000 });
    server.fail('fhir', { dripMs: 3_600_000 });
    const waiting = [1, 2].map(() => fetch(server.fhirBaseUrl + '/Patient').then((it) => it.text()).catch(() => 'ended'));
    while (server.requests.length < 2) await new Promise(setImmediate);
    await server.close();
    console.log(await Promise.all(waiting));
  `;
  const { code, signal, stdout, stderr } = await runNode(script, { evaluate: true });
  t.is(stderr, '');
  t.deepEqual([code, signal, stdout], [0, null, "[ 'ended', 'ended' ]\n"]);
});

test('many answers that wait at the same time are no reason for a warning', async (t) => {
  const script = `
    import { startSmartServer } from '@org/smart-m2m/testing';
    const server = await startSmartServer({ tls: false });
    server.fail('fhir', { delayMs: 50, times: 30 });
    await Promise.all(Array.from({ length: 30 }, async () => (await fetch(server.fhirBaseUrl + '/Patient')).text()));
    await server.close();
  `;
  const { code, stderr } = await runNode(script, { evaluate: true });
  t.deepEqual([code, stderr], [0, '']);
});

test('an id that the server makes for a client is a free one', async (t) => {
  const server = await openSmartServer(t, { clients: [{ clientId: 'client-2' }] });
  const ids = [1, 2].map(() => server.registerClient().clientId);
  t.deepEqual(ids, ['client-3', 'client-4']);
});

test('a registration that no client could use is told at once', async (t) => {
  const server = await openSmartServer(t);
  const { jwks, jwksUrl } = server.registerClient();
  for (const [registration, message] of [
    [
      { clientAuthMethod: 'client_secret_basic' },
      /^registerClient: client_secret_basic takes a clientSecret$/,
    ],
    [
      { clientSecret: 'abc', algorithm: 'RS384' },
      /^registerClient: algorithm is of a key that is made here; /,
    ],
    [{ jwks, keyId: 'other' }, /^registerClient: keyId is of a key that is made here; /],
    [{ jwks, jwksUrl }, /^registerClient: jwks and jwksUrl do not go together$/],
  ]) {
    t.throws(() => server.registerClient(registration), { instanceOf: TypeError, message });
  }
});

test('a client that is registered for private_key_jwt has a key, also where it has a secret', async (t) => {
  const server = await openSmartServer(t);
  const clientAuthMethod = ['client_secret_basic', 'private_key_jwt'];
  const client = server.registerClient({ clientSecret: 'abc', clientAuthMethod, keyId: 'own' });
  t.is(client.jwks.keys[0].kid, 'own');
  t.is((await requestToken(server, client)).status, 200);
});

test('what is asked for that there is not, is told at once', async (t) => {
  const wrong = [
    [
      { token_lifetime: 5 },
      /^startSmartServer: unknown option token_lifetime; known are tls, host, port, clients, /,
    ],
    [{ tokenLifetimeSeconds: '5' }, /tokenLifetimeSeconds: expected a number of seconds/],
    [{ tls: { expired: true } }, /startSmartServer: tls: expired: expected 'ca' or 'certificate'/],
    [{ host: '0.0.0.0' }, /host: expected a name, or an address of the loopback interface/],
    [{ tls: { ca: 'x' } }, /unknown option ca; known are hostnames, expired/],
    [{ checks: { exp: false } }, /checks: expected a boolean, or an object with some of method, /],
    [{ algorithms: ['none'] }, /algorithms: expected a list of RS256, /],
    [{ clients: [{ clientID: 'a' }] }, /registerClient: unknown option clientID; known are clientId, /],
    [{ resources: [{ id: '1' }] }, /resources: expected a list of FHIR resources/],
    [{ documents: ['jwks'] }, /documents: expected a list of smart-configuration, /],
    [null, /startSmartServer: expected an object/],
  ];
  for (const [options, message] of wrong) {
    await t.throwsAsync(startSmartServer(options), { instanceOf: TypeError, message });
  }
  const server = await openSmartServer(t, { clients: [{ clientId: 'taken' }] });
  t.throws(() => server.registerClient({ clientId: 'taken' }), {
    message: /there is a client taken already/,
  });
  t.throws(() => server.issueToken({ scopes: 'a' }), { message: /unknown option scopes/ });
  t.throws(() => server.revokeTokens({ client: 'a' }), { message: /unknown option client;/ });
  t.throws(() => server.configure({ clients: [] }), { message: /^configure: unknown option clients/ });
  t.throws(() => server.registerClient({ jwks: { kty: 'EC' } }), { message: /jwks: expected a JWKS/ });
});

test('a port that is taken is an error of Node, and leaves nothing open', async (t) => {
  const { origin } = await openSmartServer(t);
  const port = Number(new URL(origin).port);
  await t.throwsAsync(startSmartServer({ tls: false, port }), { code: 'EADDRINUSE' });
});

test('the metadata names what the server is, and what a test has changed', async (t) => {
  const server = await openSmartServer(t, { clients: [{ clientSecret: 'abc' }] });
  const smart = await (await fetch(`${server.fhirBaseUrl}/.well-known/smart-configuration`)).json();
  t.is(smart.token_endpoint, server.tokenEndpoint);
  t.is(smart.issuer, server.issuer);
  t.deepEqual(smart.token_endpoint_auth_methods_supported, [
    'client_secret_basic',
    'client_secret_post',
    'client_secret_jwt',
  ]);
  t.true(smart.capabilities.includes('client-confidential-asymmetric'));
  t.is((await (await fetch(smart.jwks_uri)).json()).keys.length, 1);

  server.configure({ metadata: { token_endpoint: 'token', issuer: undefined }, algorithms: ['RS384'] });
  const urls = [
    `${server.origin}/.well-known/oauth-authorization-server/auth`,
    `${server.issuer}/.well-known/openid-configuration`,
    `${server.fhirBaseUrl}/.well-known/smart-configuration`,
  ];
  for (const url of urls) {
    const document = await (await fetch(url)).json();
    t.is(document.token_endpoint, 'token');
    t.false('issuer' in document);
    t.deepEqual(document.token_endpoint_auth_signing_alg_values_supported, ['RS384']);
  }
  const { body } = await fhir(server, 'metadata', { token: null });
  t.is(body.rest[0].security.extension[0].extension[0].valueUri, 'token');

  server.configure({ documents: ['openid-configuration'] });
  const statuses = await Promise.all(urls.map(async (url) => (await fetch(url)).status));
  t.deepEqual(statuses, [404, 200, 404]);
  t.is((await fhir(server, 'metadata')).status, 404);
});

test('a document can be read, also without its body, and not be written', async (t) => {
  const server = await openSmartServer(t);
  for (const [path, type] of [
    ['metadata', 'application/fhir+json; charset=utf-8'],
    ['.well-known/smart-configuration', 'application/json'],
  ]) {
    const url = `${server.fhirBaseUrl}/${path}`;
    const head = await fetch(url, { method: 'HEAD' });
    t.deepEqual([head.status, head.headers.get('content-type'), await head.text()], [200, type, '']);
    t.is((await fetch(url, { method: 'POST' })).status, 405);
  }
});

test('a body of more than 4 MiB is refused, and in the log', async (t) => {
  const server = await openSmartServer(t);
  const body = Buffer.alloc(5 * 1024 * 1024, 0x20);
  const { status } = await fetch(server.tokenEndpoint, { method: 'POST', body });
  t.is(status, 413);
  t.like(server.requests[0], { endpoint: 'token', status: 413 });
});

test('a server of another name has it in its URLs and its certificate', async (t) => {
  const server = await openSmartServer(t, { tls: true, host: 'fhir.localhost' });
  t.regex(server.tokenEndpoint, /^https:\/\/fhir\.localhost:\d+\/auth\/token$/);
  const { port } = new URL(server.origin);
  const socket = tlsConnect({ host: '127.0.0.1', port, servername: 'fhir.localhost', ca: server.ca });
  t.teardown(() => socket.destroy());
  await new Promise((resolve, reject) => socket.once('secureConnect', resolve).once('error', reject));
  t.true(socket.authorized);
});

test("the server's own clock is in its Date header and its checks", async (t) => {
  const server = await openSmartServer(t, { clockOffsetSeconds: -3600 });
  const client = server.registerClient();
  const { status, headers } = await requestToken(server, client);
  t.is(status, 401);
  t.true(Date.now() - Date.parse(headers.get('date')) > 3_590_000);
  t.regex(server.requests.at(-1).explanation, /exp is \d+ min \d+ s ahead by the server's clock/);
  server.configure({ leewaySeconds: 3700 });
  t.is((await requestToken(server, client)).status, 200);
});

test('the test kit uses built-ins of Node and its own files, and nothing else of the package', (t) => {
  const folder = `${PACKAGE_ROOT}/lib/testing`;
  const sources = readdirSync(folder, { recursive: true }).filter((name) => /\.m?js$/.test(name));
  t.true(sources.length > 20);
  for (const name of sources) {
    const text = readFileSync(`${folder}/${name}`, 'utf8');
    const depth = name.split(/[\\/]/).length;
    for (const [, module] of text.matchAll(/(?:= require\(|^import .*from |import\()'([^']+)'/gm)) {
      const levels = (module.match(/\.\.\//g) ?? []).length;
      t.true(module.startsWith('node:') || (module.startsWith('.') && levels < depth), `${name}: ${module}`);
    }
  }
});
