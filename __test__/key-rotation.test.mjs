import { randomUUID } from 'node:crypto';
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ClientAuthInterceptorFactory, Keystores } from '@org/smart-m2m';
import test from 'ava';
import { runNode } from './support/child.mjs';
import { startKeyCheckingEndpoint } from './support/key-checking-endpoint.mjs';
import { ecJwks, pkcs8Pem, rsaJwks } from './support/keys.mjs';
import { collectWarnings } from './support/warnings.mjs';
import { startTokenWorker } from './support/workers.mjs';

/** A file is looked at again no sooner after this. */
const LOOK_INTERVAL_MS = 1000;

let directory;
let endpoint;

test.before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'smart-m2m-rotation-'));
  endpoint = await startKeyCheckingEndpoint();
});

test.after.always(async () => {
  await endpoint?.close();
  if (directory) await rm(directory, { recursive: true, force: true });
});

test('a token from before the change stays in use until its end', async (t) => {
  const path = await writeFileAt(ecJwks());
  const { interceptor, kids } = client(t, { path });
  const header = await interceptor.getAuthorizationHeader();
  await replaceByRename(path, ecJwks());
  await sleep(LOOK_INTERVAL_MS);
  t.is(await interceptor.getAuthorizationHeader(), header);
  t.is(kids().length, 1);
});

test('a bad new file leaves the last good key in use, with a warning, until it is mended', async (t) => {
  const [before, after] = [ecJwks(), ecJwks()];
  const path = await writeFileAt(before);
  const { interceptor, kids, clientId } = client(t, { path });
  const warnings = collectWarnings(t, clientId);
  await interceptor.getAuthorizationHeader();
  for (const bad of ['{"keys":[', JSON.stringify({ keys: [] }), null]) {
    if (bad === null) await rm(path);
    else await writeFile(path, bad);
    await sleep(LOOK_INTERVAL_MS);
    interceptor.invalidate();
    await interceptor.getAuthorizationHeader();
  }
  await writeFile(path, JSON.stringify(after));
  await sleep(LOOK_INTERVAL_MS);
  interceptor.invalidate();
  await interceptor.getAuthorizationHeader();
  const old = before.keys[0].kid;
  t.deepEqual(kids(), [old, old, old, old, after.keys[0].kid]);
  t.deepEqual(
    warnings.map(({ code }) => code),
    Array(3).fill('KEYSTORE_NOT_RELOADED'),
  );
  for (const { message } of warnings) t.true(message.includes(path), message);
});

test('a refusal has the file looked at, and its new key asked with at once', async (t) => {
  const [before, after] = [ecJwks(), ecJwks()];
  const strict = await startKeyCheckingEndpoint({ accepted: before });
  t.teardown(strict.close);
  const path = await writeFileAt(before);
  const { interceptor } = client(t, { path }, strict);
  await interceptor.getAuthorizationHeader();
  interceptor.invalidate();
  await replaceByRename(path, after);
  strict.accept(after);
  await interceptor.getAuthorizationHeader();
  t.deepEqual(
    strict.assertionHeaders().map(({ kid }) => kid),
    [before, before, after].map(({ keys }) => keys[0].kid),
  );
});

test('a refusal with nothing new in the file is told once, with what is wrong with the file', async (t) => {
  const strict = await startKeyCheckingEndpoint({ accepted: ecJwks() });
  t.teardown(strict.close);
  const path = await writeFileAt(ecJwks());
  const { interceptor } = client(t, { path }, strict);
  await writeFile(path, 'not a key');
  const error = await t.throwsAsync(interceptor.getAuthorizationHeader());
  t.is(error.oauth.error, 'invalid_client');
  t.is(strict.tokenRequests().length, 1);
  interceptor.invalidate();
  await sleep(LOOK_INTERVAL_MS);
  const second = await t.throwsAsync(interceptor.getAuthorizationHeader());
  t.regex(second.message, /cannot be read|neither|not a key|in use/);
});

test('registering another key under a name in use reaches the clients that have it', async (t) => {
  const [before, after] = [ecJwks(), rsaJwks()];
  const { interceptor, kids, keystore } = client(t, { jwks: before });
  const header = await interceptor.getAuthorizationHeader();
  Keystores.register(keystore, { jwks: after });
  t.is(await interceptor.getAuthorizationHeader(), header, 'the token lives');
  interceptor.invalidate();
  await interceptor.getAuthorizationHeader();
  t.deepEqual(kids(), [before.keys[0].kid, after.keys[0].kid]);
});

test('registering reaches the clients of other threads', async (t) => {
  const [before, after] = [ecJwks(), ecJwks()];
  const { options, kids, keystore } = client(t, { jwks: before });
  const worker = await startTokenWorker({ ...options, clientId: `worker-${randomUUID()}` });
  t.teardown(worker.end);
  await worker.header();
  Keystores.register(keystore, { jwks: after });
  const other = ClientAuthInterceptorFactory.create({ ...options, scope: 'system/Patient.rs' });
  await other.getAuthorizationHeader();
  t.is(kids().at(-1), after.keys[0].kid);
});

test('a client made after the change does not get the token of the key before it', async (t) => {
  const { interceptor, options, keystore } = client(t, { jwks: ecJwks() });
  const header = await interceptor.getAuthorizationHeader();
  Keystores.register(keystore, { jwks: ecJwks() });
  const later = ClientAuthInterceptorFactory.create(options);
  t.not(await later.getAuthorizationHeader(), header);
});

test('a keystore of the folder is read again as well, and registering its name replaces it', async (t) => {
  const { stdout } = await runNode(
    `
    import { renameSync, writeFileSync } from 'node:fs';
    import { ClientAuthInterceptorFactory, Keystores } from '@org/smart-m2m';
    const key = () => Keystores.generate({ algorithm: 'ES256' });
    const path = process.env.SMART_M2M_KEYSTORE_DIR + '/k.jwks';
    const write = (jwks) => { writeFileSync(path + '.new', JSON.stringify(jwks)); renameSync(path + '.new', path); return jwks.keys[0].kid; };
    const first = write(key());
    const options = { clientId: 'c', keystore: 'k', scope: 's', tokenEndpoint: 'https://127.0.0.1:9/' };
    const early = ClientAuthInterceptorFactory.create(options);
    const second = write(key());
    const late = ClientAuthInterceptorFactory.create(options);
    const kid = (interceptor) => interceptor.publicJwks().keys[0].kid;
    const third = key();
    const seen = [kid(late) === second, kid(early) === second && first !== second];
    Keystores.register('k', { jwks: third });
    seen.push(kid(early) === third.keys[0].kid, kid(late) === third.keys[0].kid);
    console.log(JSON.stringify(seen));
    `,
    { evaluate: true, env: { SMART_M2M_KEYSTORE_DIR: await mkdtemp(join(directory, 'folder-')) } },
  );
  t.deepEqual(JSON.parse(stdout), [true, true, true, true]);
});

test('under 100 calls a second no call fails while the key is replaced and the server drops the old one', async (t) => {
  const CALLS = 600;
  const EVERY_MS = 10;
  let current = ecJwks();
  const strict = await startKeyCheckingEndpoint({ accepted: current, lifetimeSeconds: 1 });
  t.teardown(strict.close);
  const path = await writeFileAt(current);
  const { interceptor } = client(t, { path }, strict);
  const calls = [];
  for (let call = 1; call <= CALLS; call += 1) {
    calls.push(interceptor.getAuthorizationHeader());
    if (call % 100 === 0) {
      current = call % 200 === 0 ? ecJwks() : rsaJwks();
      await (call % 300 === 0 ? writeFile(path, JSON.stringify(current)) : replaceByRename(path, current));
      strict.accept(current);
    }
    await sleep(EVERY_MS);
  }
  const failed = (await Promise.allSettled(calls)).filter(({ status }) => status === 'rejected');
  t.deepEqual(failed, []);
  t.true(new Set(strict.assertionHeaders().map(({ kid }) => kid)).size >= 6);
  t.log(`${calls.length} calls, ${strict.tokenRequests().length} token requests, 6 rotations`);
});

test('the right key is asked with at once, although its predecessor was refused a moment ago', async (t) => {
  const right = ecJwks();
  const strict = await startKeyCheckingEndpoint({ accepted: right });
  t.teardown(strict.close);
  const { interceptor, keystore } = client(t, { jwks: ecJwks() }, strict);
  for (let call = 0; call < 2; call += 1) {
    t.is((await t.throwsAsync(interceptor.getAuthorizationHeader())).code, 'ERR_TOKEN_REJECTED');
  }
  t.is(strict.tokenRequests().length, 1, 'a refusal is remembered');
  Keystores.register(keystore, { jwks: right });
  t.regex(await interceptor.getAuthorizationHeader(), /^Bearer /);
});

test('two keystores with one key today do not share what they may not share tomorrow', async (t) => {
  const [shared, next] = [ecJwks(), ecJwks()];
  const strict = await startKeyCheckingEndpoint({ accepted: { keys: [...shared.keys, ...next.keys] } });
  t.teardown(strict.close);
  const [one, two] = [1, 2].map(() => client(t, { jwks: shared }, strict));
  const options = { ...two.options, clientId: one.clientId };
  const same = ClientAuthInterceptorFactory.create(options);
  await one.interceptor.getAuthorizationHeader();
  Keystores.register(one.keystore, { jwks: next });
  strict.accept(next);
  one.interceptor.invalidate();
  await one.interceptor.getAuthorizationHeader();
  const error = await t.throwsAsync(same.getAuthorizationHeader());
  t.is(error.oauth.error, 'invalid_client', 'its key is not registered any more');
});

test('a bad file and a refused key are told together, in the first error and as a warning', async (t) => {
  const [before, after] = [ecJwks(), ecJwks()];
  const strict = await startKeyCheckingEndpoint({ accepted: before });
  t.teardown(strict.close);
  const path = await writeFileAt(before);
  const { interceptor, clientId } = client(t, { path }, strict);
  const warnings = collectWarnings(t, clientId);
  await interceptor.getAuthorizationHeader();
  await writeFile(path, 'bad');
  strict.accept(after);
  interceptor.invalidate();
  const error = await t.throwsAsync(interceptor.getAuthorizationHeader());
  t.true(error.message.includes(path), error.message);
  t.deepEqual(
    warnings.map(({ code }) => code),
    ['KEYSTORE_NOT_RELOADED'],
  );
});

test('a new key that the settings do not suit is told with their name and its keystore', async (t) => {
  const { options, keystore } = client(t, { jwks: ecJwks({ alg: 'ES256' }) });
  const interceptor = ClientAuthInterceptorFactory.create({ ...options, assertion: { algorithm: 'ES256' } });
  await interceptor.getAuthorizationHeader();
  Keystores.register(keystore, { jwks: rsaJwks() });
  interceptor.invalidate();
  const error = await t.throwsAsync(interceptor.getAuthorizationHeader());
  t.is(error.code, 'ERR_INVALID_CONFIG');
  t.regex(error.message, /assertion\.algorithm is ES256/);
  t.true(error.message.includes(keystore));
});

test('a relative path stays the same file when the process changes its folder', async (t) => {
  const { stdout } = await runNode(
    `
    import { mkdirSync, writeFileSync } from 'node:fs';
    import { Keystores } from '@org/smart-m2m';
    process.chdir(process.env.FOLDER);
    writeFileSync('k.jwks', JSON.stringify(Keystores.generate({ algorithm: 'ES256' })));
    console.log(Keystores.register('k', { path: 'k.jwks' }).path);
    `,
    { evaluate: true, env: { FOLDER: directory } },
  );
  t.is(stdout.trim(), join(directory, 'k.jwks'));
});

test('a PEM file is watched like any other', async (t) => {
  const [before, after] = [ecJwks(), ecJwks()];
  const path = join(directory, `${randomUUID()}.pem`);
  await writeFile(path, pkcs8Pem(before));
  const { interceptor } = client(t, { path });
  await interceptor.getAuthorizationHeader();
  await writeFile(path, pkcs8Pem(after));
  await sleep(LOOK_INTERVAL_MS);
  interceptor.invalidate();
  await interceptor.getAuthorizationHeader();
  t.is(interceptor.publicJwks().keys[0].x, after.keys[0].x);
});

/** A client of its own, at a path of its own: tests run side by side. */
function client(t, source, server) {
  const keystore = `rotates-${randomUUID()}`;
  const clientId = `client-${randomUUID()}`;
  Keystores.register(keystore, source);
  const { clientSecret, ...common } = (server ?? endpoint).options;
  const options = { ...common, clientId, keystore };
  if (server === undefined) {
    const path = `/token/${clientId}`;
    endpoint.on(`POST ${path}`, () => tokenOf());
    options.tokenEndpoint = endpoint.url(path);
  }
  const interceptor = ClientAuthInterceptorFactory.create(options);
  t.teardown(() => interceptor.close());
  const kids = () => {
    const path = new URL(options.tokenEndpoint).pathname;
    const indices = endpoint.tokenRequests().flatMap(({ url }, index) => (url === path ? [index] : []));
    return indices.map((index) => endpoint.assertionHeaders()[index].kid);
  };
  return { interceptor, options, keystore, clientId, kids };
}

function tokenOf() {
  const body = { access_token: `token-${randomUUID()}`, token_type: 'bearer', expires_in: 300 };
  return { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
}

async function writeFileAt(jwks) {
  const path = join(directory, `${randomUUID()}.jwks`);
  await writeFile(path, JSON.stringify(jwks));
  return path;
}

async function replaceByRename(path, jwks) {
  await writeFile(`${path}.new`, JSON.stringify(jwks));
  await rename(`${path}.new`, path);
}
