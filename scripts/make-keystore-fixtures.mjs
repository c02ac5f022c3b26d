import crypto from 'node:crypto';
import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isDeepStrictEqual } from 'node:util';
import * as jose from 'jose';
import { JWK_ROWS } from './keystore-fixtures/jwk-rows.mjs';
import { makeMaterial } from './keystore-fixtures/material.mjs';
import { PEM_ROWS } from './keystore-fixtures/pem-rows.mjs';
import { readBack } from './keystore-fixtures/read-back.mjs';
import { REFUSAL_ROWS } from './keystore-fixtures/refusal-rows.mjs';
import { JOSE, NODE, WITH_PASSPHRASE, WRONG_PASSPHRASE } from './keystore-fixtures/row.mjs';
import { shell } from './keystore-fixtures/shell.mjs';
import { STORE_ROWS } from './keystore-fixtures/store-rows.mjs';
import { keystoreTable, withTable } from './keystore-fixtures/table.mjs';

// Makes the keystores that the tests read, with the tools that people make theirs with, and reads each back
// with a tool. Needs OpenSSL 3 with its legacy provider, keytool, ssh-keygen and gpg.
// With --table only the table in docs/keystores.md is written, from the manifest.

const FIXTURES = fileURLToPath(new URL('../__test__/fixtures/keystores/', import.meta.url));
const MANIFEST = join(FIXTURES, 'manifest.json');
const DOCUMENT = fileURLToPath(new URL('../docs/keystores.md', import.meta.url));
const SHOWN_BY_FILE = ['file', 'format', 'producer', 'command', 'content'];
const SETTINGS = ['passphrase', 'keyPassphrase', 'alias', 'keyId'];
const EXPECTED = ['algorithm', 'certificates', 'publicJwk', 'code'];

if (!process.argv.includes('--table')) {
  await mkdir(FIXTURES, { recursive: true });
  const manifest = await makeFixtures();
  // A row a line: that is how a change of one is seen.
  const rows = manifest.map((row) => JSON.stringify(row));
  await writeFile(MANIFEST, `[\n${rows.join(',\n')}\n]\n`);
  console.log(`${manifest.length} rows`);
}
const manifest = JSON.parse(await readFile(MANIFEST, 'utf8'));
await writeFile(DOCUMENT, withTable(await readFile(DOCUMENT, 'utf8'), keystoreTable(manifest)));

async function makeFixtures() {
  const root = await mkdtemp(join(tmpdir(), 'keystores-'));
  try {
    const rows = [...JWK_ROWS, ...PEM_ROWS, ...STORE_ROWS, ...REFUSAL_ROWS];
    const makers = new Map(rows.filter(({ command }) => command).map((row) => [row.file, row]));
    const folders = new Map();
    for (const row of makers.values()) {
      const kind = row.key ?? `of-its-own-${row.file.replaceAll('/', '-')}`;
      if (!folders.has(kind)) folders.set(kind, await folderOf(root, kind, row.key));
      console.log(row.file);
      await make(row, folders.get(kind));
    }
    const manifest = [];
    for (const row of rows) {
      const whole = { ...row, command: makers.get(row.file).command };
      if (row.code) {
        manifest.push(entry(whole));
        continue;
      }
      const publicJwk = await readBack(whole, FIXTURES);
      if (row.key) await assertSameKey(whole, publicJwk, folders.get(row.key));
      manifest.push(entry({ ...whole, publicJwk }));
      if (row.family) manifest.push(...(await lockedOut(whole)));
    }
    return manifest;
  } finally {
    await rm(root, { recursive: true, force: true });
  }
}

async function folderOf(root, kind, key) {
  if (key) return makeMaterial(root, key);
  const folder = join(root, kind);
  await mkdir(folder);
  return folder;
}

async function make({ file, prepare, command, format, producer }, folder) {
  if (file.startsWith('../')) return; // published elsewhere
  const isScript = format === 'jwks' || producer === JOSE || producer === NODE;
  if (isScript) {
    const AsyncFunction = (async () => {}).constructor;
    const made = await new AsyncFunction('crypto', 'jose', `return ${command}`)(crypto, jose);
    await writeFile(join(FIXTURES, file), typeof made === 'string' ? made : JSON.stringify(made));
  } else {
    if (prepare) shell(prepare, folder);
    shell(command, folder);
    await copyFile(join(folder, file), join(FIXTURES, file));
  }
}

async function assertSameKey(row, publicJwk, folder) {
  const reference = crypto.createPublicKey(await readFile(join(folder, 'key.pem')));
  const expected = reference.export({ format: 'jwk' });
  if (!isDeepStrictEqual({ ...publicJwk }, { ...expected }))
    throw new Error(`${row.file}: holds another key`);
}

/** The same file with a wrong passphrase and with none, which its own tools refuse as well. */
async function lockedOut(row) {
  const { algorithm, certificates, family, passphrase, keyPassphrase, ...bare } = row;
  const entries = [
    { ...bare, content: `${row.content}; wrong passphrase`, passphrase: WRONG_PASSPHRASE },
    { ...bare, content: `${row.content}; no passphrase` },
  ];
  if (keyPassphrase) {
    entries.push({ ...bare, content: `${row.content}; no key passphrase`, passphrase });
    entries.push({
      ...bare,
      content: `${row.content}; wrong key passphrase`,
      passphrase,
      keyPassphrase: WRONG_PASSPHRASE,
    });
  }
  for (const each of entries) {
    const isOpen = await readBack(each, FIXTURES).then(
      () => true,
      () => false,
    );
    if (isOpen) throw new Error(`${row.file}: opens although ${each.content}`);
  }
  return entries.map((each) => entry({ ...each, code: WITH_PASSPHRASE }));
}

/** What the tests need to know, always in the same order. */
function entry(row) {
  const members = [...SHOWN_BY_FILE, ...SETTINGS, ...EXPECTED].filter((name) => row[name] !== undefined);
  return Object.fromEntries(members.map((name) => [name, row[name]]));
}
