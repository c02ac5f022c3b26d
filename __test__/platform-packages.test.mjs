import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import test from 'ava';

const { buildsFor } = createRequire(import.meta.url)('../lib/addon.js');

const root = new URL('../', import.meta.url);
const { name, version, engines, license, napi } = readJson('package.json');
const platforms = napi.targets.map(platformOf);

test('every target has a package of its own, and no other has one', (t) => {
  t.deepEqual(readdirSync(new URL('npm', root)).sort(), platforms.map(({ folder }) => folder).sort());
});

for (const { folder, os, cpu, libc } of platforms) {
  test(`the package for ${folder} is what npm installs there and nowhere else`, (t) => {
    const addon = `${napi.binaryName}.${folder}.node`;
    const { description: _, ...fields } = readJson(`npm/${folder}/package.json`);
    t.deepEqual(fields, {
      name: `${name}-${folder}`,
      version,
      os: [os],
      cpu: [cpu],
      ...(libc === undefined ? {} : { libc: [libc] }),
      main: addon,
      files: [addon, 'THIRD-PARTY-LICENSES'],
      license,
      engines,
    });
  });

  test(`the loader looks for ${folder} under the names that its package has`, (t) => {
    t.deepEqual(buildsFor(os, cpu, libc ?? null), [folder]);
  });
}

test('there is no build for other systems', (t) => {
  t.deepEqual(buildsFor('sunos', 'x64', null), []);
  t.deepEqual(buildsFor('linux', 'ia32', 'glibc'), []);
  t.deepEqual(buildsFor('constructor', 'x64', null), []);
});

test('where nothing tells the libc, the loader looks for the build for glibc and then for that for musl', (t) => {
  t.deepEqual(buildsFor('linux', 'arm64', null), ['linux-arm64-gnu', 'linux-arm64-musl']);
});

function platformOf(target) {
  const [architecture, , system, environment] = target.split('-');
  const os = { linux: 'linux', darwin: 'darwin', windows: 'win32' }[system];
  const cpu = { x86_64: 'x64', aarch64: 'arm64' }[architecture];
  const libc = os === 'linux' ? { gnu: 'glibc', musl: 'musl' }[environment] : undefined;
  return { folder: [os, cpu, environment].filter(Boolean).join('-'), os, cpu, libc };
}

function readJson(path) {
  return JSON.parse(readFileSync(new URL(path, root), 'utf8'));
}
