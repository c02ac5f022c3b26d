import { createPrivateKey, createPublicKey, randomInt } from 'node:crypto';
import {
  chmod,
  copyFile,
  mkdir,
  mkdtemp,
  readFile,
  realpath,
  rm,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { openLoopbackServer } from '../../../examples/embedded/loopback-server.mjs';
import { findDebianPrograms } from '../../../scripts/debian-programs.mjs';
import { PACKAGE_ROOT } from '../child.mjs';
import { makeClientAuthority } from '../client-certificates.mjs';
import { BIN } from '../command-line.mjs';
import { ecJwks, pkcs8Pem, privateKeyOf, rsaJwks } from '../keys.mjs';

const FIXTURES = join(PACKAGE_ROOT, '__test__', 'fixtures', 'keystores');
/** Of the fixtures that stand in for a reader's files. */
const STORE_PASSPHRASE = 'kitten-42';
const KEY_PASSPHRASE = 'puppy-2023';
export const CLIENT_SECRET = 'the secret of my-secret-client';

/** Folders that examples name and that a test cannot write to. */
const FOLDERS = new Map([
  ['/etc/my-application', 'etc'],
  ['/run/secrets', 'run'],
  ['C:\\\\keys\\\\', 'keys/'],
]);

/** Keys that a reader has: one for most examples, one with a certificate for Microsoft Entra, one that stays in AWS KMS. */
export async function makeReadersKeys() {
  const authority = await makeClientAuthority();
  const { pem, privateKeyPem, thumbprint } = await authority.issue('my-application', { key: 'RSA' });
  const publicJwk = createPublicKey(createPrivateKey(privateKeyPem)).export({ format: 'jwk' });
  return {
    jwks: rsaJwks({ kid: 'key-2026' }),
    certified: { pem, privateKeyPem, thumbprint, publicJwk },
    inKms: ecJwks({ alg: 'ES384', kid: 'kms-2026' }),
  };
}

/**
 * A folder such as a reader of the documentation has: the package installed as npm would leave it, with the libraries
 * that its own tests use, and the files that the examples read.
 *
 * @param {Awaited<ReturnType<typeof makeReadersKeys>>} keys
 */
export async function makeReaderProject({ jwks, certified }) {
  // As the process itself will see it, on systems whose temporary folder is a link.
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'smart-m2m-docs-')));
  const at = (...parts) => join(folder, ...parts);
  const port = await freePort();
  await mkdir(at('node_modules', '@org'), { recursive: true });
  await symlink(PACKAGE_ROOT, at('node_modules', '@org', 'smart-m2m'), 'junction');
  const { devDependencies } = await packageJson();
  for (const name of Object.keys(devDependencies)) {
    await mkdir(dirname(at('node_modules', name)), { recursive: true });
    await symlink(join(PACKAGE_ROOT, 'node_modules', name), at('node_modules', name), 'junction');
  }
  for (const name of ['etc', 'run', 'keys', 'bin', 'my-application']) await mkdir(at(name));
  const text = JSON.stringify(jwks);
  const encrypted = { type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: KEY_PASSPHRASE };
  await Promise.all([
    writeFile(at('my-keystore.jwks'), text),
    writeFile(at('etc', 'private.jwks'), text),
    writeFile(at('etc', 'key.pem'), privateKeyOf(jwks).export(encrypted)),
    writeFile(at('etc', 'certified.pem'), certified.pem),
    writeFile(at('etc', 'keystores.json'), definitions()),
    writeFile(at('run', 'key.pem'), pkcs8Pem(jwks)),
    copyFile(join(FIXTURES, 'keytool.jks'), at('etc', 'keystore.jks')),
    copyFile(join(FIXTURES, 'openssl.p12'), at('keys', 'client.pfx')),
    copyFile(join(FIXTURES, 'openssl.p12'), at('client.p12')),
    copyFile(join(FIXTURES, 'camellia.pem'), at('old.pem')),
    copyFile(join(FIXTURES, 'camellia.p12'), at('old.p12')),
    writeFile(at('secret'), `${CLIENT_SECRET}\n`),
  ]);
  await writeCommands(at('bin'));
  return {
    folder,
    /** What the examples read from the environment. */
    env: {
      PATH: `${at('bin')}${delimiter}${process.env.PATH}`,
      SMART_M2M_KEYSTORE_DIR: folder,
      FHIR_BASE_URL: 'https://fhir.example.org/r4',
      CLIENT_SECRET,
      PASSPHRASE: STORE_PASSPHRASE,
      STORE_PASSPHRASE,
      PFX_PASSPHRASE: STORE_PASSPHRASE,
      KEY_PASSPHRASE,
      OLD_PASSPHRASE: STORE_PASSPHRASE,
      NEW_PASSPHRASE: KEY_PASSPHRASE,
      CERTIFICATE_KEY_PEM: certified.privateKeyPem,
      CERTIFICATE_THUMBPRINT: Buffer.from(certified.thumbprint, 'base64url').toString('hex'),
      PRIVATE_KEY_PEM: pkcs8Pem(jwks),
      PRIVATE_JWK: JSON.stringify(jwks.keys[0]),
    },
    /** @param {string} code whose paths and port are to be this project's */
    located: (code) =>
      [...FOLDERS.entries()]
        .reduce((text, [path, name]) => text.replaceAll(path, inCode(at(name))), code)
        .replaceAll('<address of this repository>', `'${PACKAGE_ROOT}'`)
        .replaceAll(/(localhost:|listen\()9000\b/g, `$1${port}`),
    /** @param {string} text as the reader would see it */
    general: (text) => text.replaceAll(`localhost:${port}`, 'localhost:9000').replaceAll(`${folder}/`, ''),
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}

/** @param {string} path as it can stand in a string of JavaScript */
function inCode(path) {
  return path.replaceAll('\\', '/');
}

/**
 * For a server that an example starts. Below the ports that systems hand out by themselves: those are taken again by
 * other tests before the example comes to it.
 */
async function freePort() {
  for (;;) {
    const port = randomInt(20_000, 30_000);
    const server = await openLoopbackServer({ port }).catch(() => null);
    await server?.close();
    if (server !== null) return port;
  }
}

/** Smile's form, with the key beside it. */
function definitions() {
  return JSON.stringify({ keystores: [{ keystoreId: 'smile', filePath: 'classpath:/private.jwks' }] });
}

/** `smart-m2m` and `npx` as they are after an installation; `npm` has nothing left to install or to build. */
async function writeCommands(folder) {
  const node = process.execPath;
  const { paths, env } = findDebianPrograms();
  const libraries = env?.LD_LIBRARY_PATH;
  const prefix = libraries === undefined ? '' : `LD_LIBRARY_PATH='${libraries}' `;
  const scripts = {
    ...(paths && { openssl: `${prefix}exec '${paths.openssl}' "$@"` }),
    'smart-m2m': `exec "${node}" "${BIN}" "$@"`,
    npx: `shift\nexec "${node}" "${BIN}" "$@"`,
    npm: 'exit 0',
  };
  for (const [name, body] of Object.entries(scripts)) {
    await writeFile(join(folder, name), `#!/bin/sh\n${body}\n`);
    await chmod(join(folder, name), 0o755);
  }
}

/** @returns {Promise<Record<string, any>>} package.json of the package itself */
export async function packageJson() {
  return JSON.parse(await readFile(join(PACKAGE_ROOT, 'package.json'), 'utf8'));
}
