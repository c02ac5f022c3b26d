import { randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Keystores } from '@org/smart-m2m';
import test from 'ava';
import { createRemoteJWKSet, jwtVerify, SignJWT } from 'jose';
import { ecJwks, privateKeyOf, rsaJwks } from './support/keys.mjs';
import { collectWarnings } from './support/warnings.mjs';

const OLD = ecJwks();
const NEW = rsaJwks();
const BOTH = { keys: [...NEW.keys, ...OLD.keys] };

let directory;

test.before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'smart-m2m-jwks-'));
});

test.after.always(() => directory && rm(directory, { recursive: true, force: true }));

test('a server fetches every public key, old ones too, and nothing private', async (t) => {
  const url = await serve(t, { jwks: BOTH });
  const response = await fetch(url);
  t.is(response.status, 200);
  t.is(response.headers.get('content-type'), 'application/json');
  t.is(response.headers.get('cache-control'), 'public, max-age=3600');
  const { keys } = await response.json();
  t.deepEqual(
    keys.map(({ kid }) => kid),
    [NEW.keys[0].kid, OLD.keys[0].kid],
  );
  for (const key of keys) {
    t.true(key.use === 'sig' && typeof key.alg === 'string');
    for (const name of ['d', 'p', 'q', 'dp', 'dq', 'qi', 'k']) t.false(name in key);
  }
});

test('a verifier that others use finds the keys of both overlapping generations', async (t) => {
  const url = await serve(t, { jwks: BOTH });
  const keys = createRemoteJWKSet(new URL(url));
  for (const jwks of [OLD, NEW]) {
    const { alg, kid } = jwks.keys[0];
    const token = await new SignJWT({}).setProtectedHeader({ alg, kid }).sign(privateKeyOf(jwks));
    t.is((await jwtVerify(token, keys)).protectedHeader.kid, kid);
  }
});

test('an unchanged key set costs 304, a changed one does not', async (t) => {
  const name = `served-${randomUUID()}`;
  const url = await serve(t, { jwks: OLD }, { maxAgeSeconds: 60 }, name);
  const first = await fetch(url);
  const etag = first.headers.get('etag');
  t.is(first.headers.get('cache-control'), 'public, max-age=60');
  for (const condition of [etag, `W/${etag}`, `"other", ${etag}`, '*']) {
    const again = await fetch(url, { headers: { 'if-none-match': condition } });
    t.is(again.status, 304);
    t.is(await again.text(), '');
    t.is(again.headers.get('etag'), etag);
  }
  Keystores.register(name, { jwks: NEW });
  const changed = await fetch(url, { headers: { 'if-none-match': etag } });
  t.is(changed.status, 200);
  t.not(changed.headers.get('etag'), etag);
});

test('a file that has changed is read before it is served, however rarely it is asked for', async (t) => {
  const path = join(directory, `${randomUUID()}.jwks`);
  await writeFile(path, JSON.stringify(OLD));
  const url = await serve(t, { path });
  await writeFile(path, JSON.stringify(BOTH));
  await sleep(1000);
  const { keys } = await (await fetch(url)).json();
  t.is(keys.length, 2);
});

test('HEAD has no body, and other methods are refused', async (t) => {
  const url = await serve(t, { jwks: OLD });
  const head = await fetch(url, { method: 'HEAD' });
  t.is(head.status, 200);
  t.true(Number(head.headers.get('content-length')) > 0);
  const post = await fetch(url, { method: 'POST', body: 'x' });
  t.is(post.status, 405);
  t.is(post.headers.get('allow'), 'GET, HEAD');
});

test('called with a fetch Request it returns a Response', async (t) => {
  const name = `fetch-${randomUUID()}`;
  Keystores.register(name, { jwks: OLD });
  const handler = Keystores.jwksHandler(name);
  const response = await handler(new Request('https://client.example.org/jwks.json'));
  t.is((await response.json()).keys[0].kid, OLD.keys[0].kid);
  const inContext = await handler(new Request('https://client.example.org/jwks.json'), { waitUntil() {} });
  t.is(inContext.status, 200, 'frameworks pass a context of their own');
  const headers = { 'if-none-match': response.headers.get('etag') };
  const again = await handler(new Request('https://client.example.org/jwks.json', { headers }));
  t.is(again.status, 304);
});

test('a keystore that is gone goes to next, or is a 500 that says nothing of it', async (t) => {
  const name = `gone-${randomUUID()}`;
  const url = await serve(t, { jwks: OLD }, {}, name);
  const handler = Keystores.jwksHandler(name);
  Keystores.unregister(name);
  const answer = await fetch(url);
  t.is(answer.status, 500);
  t.false((await answer.text()).includes(name));
  const error = await new Promise((resolve) => {
    handler({ method: 'GET', headers: {} }, { headersSent: false }, resolve);
  });
  t.is(error.code, 'ERR_KEYSTORE_NOT_FOUND');
});

test('what is wrong with a file is told, once, although no client has it', async (t) => {
  const path = join(directory, `${randomUUID()}.jwks`);
  await writeFile(path, JSON.stringify(OLD));
  const url = await serve(t, { path });
  const warnings = collectWarnings(t, null);
  await writeFile(path, '{');
  await sleep(1000);
  for (let request = 0; request < 3; request += 1) t.is((await fetch(url)).status, 200);
  const own = warnings.filter(({ message }) => message.includes(path));
  t.deepEqual(
    own.map(({ code }) => code),
    ['KEYSTORE_NOT_RELOADED'],
  );
});

test('a repeated condition is as good as a list', async (t) => {
  const name = `conditions-${randomUUID()}`;
  Keystores.register(name, { jwks: OLD });
  const handler = Keystores.jwksHandler(name);
  const etag = (await handler(new Request('https://c.example.org/'))).headers.get('etag');
  const status = await new Promise((resolve) => {
    const response = { headersSent: false, writeHead: resolve, end() {} };
    handler({ method: 'GET', headers: { 'if-none-match': ['"x"', etag] } }, response);
  });
  t.is(status, 304);
});

test('wrong arguments are refused when the handler is made', (t) => {
  const name = `arguments-${randomUUID()}`;
  t.is(t.throws(() => Keystores.jwksHandler(name)).code, 'ERR_KEYSTORE_NOT_FOUND');
  Keystores.register(name, { jwks: OLD });
  for (const options of [
    null,
    5,
    { maxAgeSeconds: -1 },
    { maxAgeSeconds: 0.5 },
    { maxAgeSeconds: '60' },
    { maxAge: 60 },
  ]) {
    t.is(t.throws(() => Keystores.jwksHandler(name, options)).code, 'ERR_INVALID_CONFIG');
  }
});

async function serve(t, source, options, name = `served-${randomUUID()}`) {
  Keystores.register(name, source);
  const server = createServer(Keystores.jwksHandler(name, options));
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => server.close());
  return `http://127.0.0.1:${server.address().port}/jwks.json`;
}
