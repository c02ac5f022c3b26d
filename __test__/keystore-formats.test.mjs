import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Keystores } from '@org/smart-m2m';
import test from 'ava';
import { calculateJwkThumbprint } from 'jose';
import { keystoreTable, tableIn } from '../scripts/keystore-fixtures/table.mjs';
import { assertTellsNoSecret } from './support/told-secrets.mjs';

const FIXTURES = new URL('fixtures/keystores/', import.meta.url);
const manifest = JSON.parse(readFileSync(new URL('manifest.json', FIXTURES), 'utf8'));
const PRIVATE_MEMBERS = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k'];

for (const row of manifest) {
  const { file, content, passphrase, keyPassphrase, alias, keyId } = row;
  const path = fileURLToPath(new URL(file, FIXTURES));
  const options = JSON.parse(JSON.stringify({ passphrase, keyPassphrase, alias, keyId }));
  const title = `${file} (${content})`;
  if (row.code) {
    test(`${title} is refused with ${row.code}`, (t) => {
      for (const source of sourcesOf(row, path)) {
        const name = `refused-${randomUUID()}`;
        const error = t.throws(() => Keystores.register(name, { ...source, ...options }), { code: row.code });
        t.true(error.message.includes(name), error.message);
        for (const secret of [passphrase, keyPassphrase].filter(Boolean)) {
          t.false(error.message.includes(secret), error.message);
        }
        assertTellsNoSecret(t, error, readFileSync(path));
        t.false(Keystores.list().some((info) => info.name === name));
      }
    });
  } else {
    test(`${title} is read by path and by data, and signs ${row.algorithm}`, async (t) => {
      for (const source of sourcesOf(row, path)) {
        const name = `read-${randomUUID()}`;
        const info = Keystores.register(name, { ...source, ...options });
        t.teardown(() => Keystores.unregister(name));
        const { format, algorithm, certificates } = row;
        t.like(info, { name, format, algorithm, certificates, path: source.path ?? null });
        const { keys } = Keystores.publicJwks(name);
        await assertPublicHalf(t, keys[0], row, info);
        for (const key of keys) {
          for (const member of PRIVATE_MEMBERS) t.false(member in key, member);
        }
        const isAlone = !/two|second/.test(content);
        t.is(keys.length, isAlone ? 1 : 2);
      }
    });
  }
}

test('passphrases may be bytes, in UTF-8', (t) => {
  for (const { file, passphrase, keyPassphrase } of manifest.filter(
    (row) => row.algorithm && row.passphrase,
  )) {
    const bytes = {
      passphrase: Buffer.from(passphrase),
      ...(keyPassphrase && { keyPassphrase: Buffer.from(keyPassphrase) }),
    };
    const name = `bytes-${randomUUID()}`;
    const path = fileURLToPath(new URL(file, FIXTURES));
    t.notThrows(() => Keystores.register(name, { path, ...bytes }), file);
    Keystores.unregister(name);
  }
});

test('a passphrase that nothing asks for does no harm', (t) => {
  const isPlain = ({ format, passphrase, code }) => !code && passphrase === undefined && format !== 'pkcs12';
  for (const { file } of manifest.filter(isPlain)) {
    const name = `plain-${randomUUID()}`;
    const path = fileURLToPath(new URL(file, FIXTURES));
    t.notThrows(() => Keystores.register(name, { path, passphrase: 'not-needed-7' }), file);
    Keystores.unregister(name);
  }
});

test('every format, every kind of refusal and every algorithm is among the tested files', (t) => {
  const all = (member) => [...new Set(manifest.map((row) => row[member]).filter(Boolean))].sort();
  t.deepEqual(all('format'), ['der', 'jks', 'jwks', 'pem', 'pkcs12']);
  t.deepEqual(all('code'), [
    'ERR_KEYSTORE_PASSPHRASE',
    'ERR_KEYSTORE_UNSUPPORTED',
    'ERR_KEYSTORE_UNUSABLE_KEY',
  ]);
  t.deepEqual(all('algorithm'), ['ES256', 'ES384', 'ES512', 'EdDSA', 'PS256', 'RS256', 'RS384']);
});

test('the table in docs/keystores.md is the one of the manifest', (t) => {
  const document = readFileSync(new URL('../docs/keystores.md', import.meta.url), 'utf8');
  t.is(tableIn(document), keystoreTable(manifest));
});

/** The file by its path, as bytes, and where it is text also as text. */
function sourcesOf({ format }, path) {
  const bytes = readFileSync(path);
  const sources = [{ path }, { data: bytes }, { data: new Uint8Array(bytes) }];
  const isText = Buffer.from(bytes.toString()).equals(bytes) && !bytes.includes(0);
  if (isText) sources.push({ data: bytes.toString() });
  if (format === 'jwks') sources.push({ jwks: bytes.toString() });
  return sources;
}

async function assertPublicHalf(t, key, { publicJwk, keyId, file }, info) {
  const { kid, alg, use, key_ops, ...numbers } = key;
  t.deepEqual(numbers, publicJwk, file);
  t.is(kid, info.keyId);
  t.is(alg, info.algorithm);
  t.is(use, 'sig');
  const named = /"kid"/.test(readFileSync(new URL(file, FIXTURES), 'latin1'));
  if (keyId) t.is(kid, keyId);
  else if (!named) t.is(kid, await calculateJwkThumbprint(publicJwk, 'sha256'));
}
