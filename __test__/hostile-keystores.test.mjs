import { spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Keystores } from '@org/smart-m2m';
import test from 'ava';
import { HOSTILE_DER } from './support/hostile-der.mjs';
import { HOSTILE_JWKS } from './support/hostile-jwks.mjs';
import { HOSTILE_PEM } from './support/hostile-pem.mjs';
import { CORRUPT, fixture, NOT_FOUND, PASSPHRASE, UNSUPPORTED } from './support/hostile-rows.mjs';
import { HOSTILE_STORES } from './support/hostile-stores.mjs';
import { assertTellsNoSecret } from './support/told-secrets.mjs';

// Keystores that were damaged, or made to do harm: each is refused, soon, and the message shows nothing of it.

/** A second on a machine that has nothing else to do; the log has the figure. */
const ALLOWED_MS = 5000;
const LONGEST_MESSAGE = 4000;
const isWindows = process.platform === 'win32';
const KEY = fixture('pkcs8-p256.pem').toString();
const directory = mkdtempSync(join(tmpdir(), 'smart-m2m-hostile-'));

test.after.always(() => rmSync(directory, { recursive: true, force: true }));

const rows = [...HOSTILE_PEM, ...HOSTILE_JWKS, ...HOSTILE_DER, ...HOSTILE_STORES, ...files()];

for (const { name, codes, data, path, passphrase } of rows) {
  test(`${name}: refused with ${codes.join(' or ')}`, (t) => {
    const keystore = `hostile-${randomUUID()}`;
    const source = { ...(path === undefined ? { data } : { path }), ...(passphrase && { passphrase }) };
    const start = performance.now();
    const error = t.throws(() => Keystores.register(keystore, source));
    const tookMs = performance.now() - start;
    t.log(`${tookMs.toFixed(1)} ms: ${error.message.slice(0, 200)}`);
    t.true(codes.includes(error.code), `${error.code}: ${error.message.slice(0, 500)}`);
    t.true(tookMs < ALLOWED_MS, `${tookMs} ms`);
    t.true(error.message.length < LONGEST_MESSAGE, `a message of ${error.message.length} characters`);
    t.notRegex(error.message, /\p{Cc}/u);
    t.false(error.message.includes(PASSPHRASE), error.message);
    assertTellsNoSecret(t, error, Buffer.from(data ?? KEY));
    t.false(Keystores.list().some((info) => info.name === keystore));
  });
}

test('after all of them, a good keystore is still read', (t) => {
  const name = `good-${randomUUID()}`;
  t.is(Keystores.register(name, { data: KEY }).algorithm, 'ES256');
  t.true(Keystores.unregister(name));
});

test('there are sixty hostile keystores and more, each under a name of its own', (t) => {
  t.true(rows.length >= 60);
  t.is(new Set(rows.map(({ name }) => name)).size, rows.length);
});

function files() {
  const at = (name) => join(directory, name);
  const made = (name, content = '') => {
    writeFileSync(at(name), content);
    return at(name);
  };
  truncateSync(made('sparse'), 100 * 2 ** 20);
  const given = [
    ['a file that is not there', at('missing'), NOT_FOUND],
    ['a directory', directory, NOT_FOUND],
    ['a path through a file', join(made('file'), 'key.pem'), NOT_FOUND],
    ['a path with a NUL', `${at('key')}\0.pem`, NOT_FOUND, 'ERR_INVALID_CONFIG'],
    ['a path of 100,000 letters', at('a'.repeat(100_000)), NOT_FOUND],
    ['an empty path', '', NOT_FOUND, 'ERR_INVALID_CONFIG'],
    ['a key in the place of a path', KEY, NOT_FOUND],
    ['an empty file', made('empty'), CORRUPT],
    ['a file of 100 MB', at('sparse'), UNSUPPORTED],
  ];
  return [...given, ...(isWindows ? [] : unixFiles(at))].map(([name, path, ...codes]) => ({
    name,
    path,
    codes,
  }));
}

function unixFiles(at) {
  spawnSync('mkfifo', [at('pipe')]);
  symlinkSync(at('loop'), at('loop'));
  symlinkSync(at('missing'), at('dangling'));
  return [
    ['a pipe that nobody writes to', at('pipe'), NOT_FOUND],
    ['a link to itself', at('loop'), NOT_FOUND],
    ['a link to nothing', at('dangling'), NOT_FOUND],
    ['a device without end', '/dev/zero', NOT_FOUND],
    ['a device without content', '/dev/null', NOT_FOUND, CORRUPT],
  ];
}
