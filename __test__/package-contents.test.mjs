import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { packageBin } from '../scripts/package-bin.mjs';
import { MAX_INSTALLED_BYTES } from '../scripts/packages.mjs';
import { publishedManifest } from '../scripts/published-manifest.mjs';
import { PACKAGE_ROOT, runNode } from './support/child.mjs';
import { packedPackages, packedPlatform } from './support/installed-application.mjs';

// What `npm publish` would send. A file that is new or gone is a decision: UPDATE_GOLDEN_FILES=1 writes the list anew.

const GOLDEN = join(PACKAGE_ROOT, '__test__/fixtures/package-files.txt');
const manifest = JSON.parse(await readFile(join(PACKAGE_ROOT, 'package.json'), 'utf8'));
const platforms = (await readdir(join(PACKAGE_ROOT, 'npm'))).sort();
const published = publishedManifest(manifest, platforms);
/** Of `npm run build:debug`: many times as large, and never published. */
const isDebugBuild = packedPlatform().unpackedSize > 4 * MAX_INSTALLED_BYTES;

test('the main package holds the files of the list, and no other', async (t) => {
  const { files } = packedPackages().main;
  if (process.env.UPDATE_GOLDEN_FILES === '1') await writeFile(GOLDEN, `${files.join('\n')}\n`);
  t.deepEqual(files, (await readFile(GOLDEN, 'utf8')).trimEnd().split('\n'));
});

test('the main package holds no addon, no tests and no sources of the addon', (t) => {
  for (const path of packedPackages().main.files) {
    t.notRegex(path, /\.(?:node|rs|toml|tgz)$|^(?:__test__|bench|crates|examples|npm|scripts|src)\//);
  }
});

test('a platform package holds its addon, what it is, and the licences', (t) => {
  const { files, manifest: own } = packedPlatform();
  t.deepEqual(files, ['LICENSE', 'README.md', 'THIRD-PARTY-LICENSES', 'package.json', own.main].sort());
});

test('the packages for the platforms are optional dependencies of what is published, at its own version', (t) => {
  const names = platforms.map((platform) => `${manifest.name}-${platform}`);
  t.deepEqual(Object.keys(published.optionalDependencies), names);
  for (const version of Object.values(published.optionalDependencies)) t.is(version, manifest.version);
  t.is(manifest.napi.targets.length, names.length);
  t.deepEqual(packedPackages().main.manifest, published);
});

test('the repository does not name them: npm ci would ask the registry for what is not published', async (t) => {
  t.is(manifest.optionalDependencies, undefined);
  const lock = await readFile(join(PACKAGE_ROOT, 'package-lock.json'), 'utf8');
  t.false(lock.includes(`${manifest.name}-linux`));
});

test('how the package is developed is not published', (t) => {
  for (const field of ['scripts', 'devDependencies', 'overrides', 'ava', 'napi']) {
    t.true(field in manifest, field);
    t.false(field in published, field);
  }
  for (const field of ['name', 'version', 'license', 'main', 'types', 'exports', 'bin', 'files', 'engines']) {
    t.deepEqual(published[field], manifest[field], field);
  }
});

test('publint has nothing to say', async (t) => {
  const args = ['run', packedPackages().main.file, '--strict'];
  const { code, stdout } = await runNode(packageBin(PACKAGE_ROOT, 'publint'), { args });
  t.is(code, 0, stdout);
  t.true(stdout.includes('All good!'), stdout);
});

test('the types are right for CommonJS, ES modules and bundlers', async (t) => {
  // Not for `moduleResolution: node10`, which knows no `exports` and which TypeScript 7 no longer has.
  const args = [packedPackages().main.file, '--profile', 'node16', '--no-definitely-typed'];
  const { code, stdout } = await runNode(packageBin(PACKAGE_ROOT, '@arethetypeswrong/cli', 'attw'), { args });
  t.is(code, 0, stdout);
});

if (!isDebugBuild) {
  test('the main package and the one for the platform install at most 6.5 MiB', (t) => {
    const installed = packedPackages().main.unpackedSize + packedPlatform().unpackedSize;
    t.log(`${installed} bytes of ${MAX_INSTALLED_BYTES}`);
    t.true(installed <= MAX_INSTALLED_BYTES);
  });
}
