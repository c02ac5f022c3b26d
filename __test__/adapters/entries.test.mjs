import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import test from 'ava';
import { PACKAGE_ROOT, runNode } from '../support/child.mjs';

const require = createRequire(import.meta.url);
const manifest = JSON.parse(readFileSync(join(PACKAGE_ROOT, 'package.json'), 'utf8'));
const adapters = Object.keys(manifest.exports).filter((entry) =>
  manifest.exports[entry].default?.startsWith('./lib/adapters/'),
);
const peers = Object.keys(manifest.peerDependencies);

test('there is an entry for each library, and each library is an optional peer', (t) => {
  const libraryOf = { './medplum': '@medplum/core', './opentelemetry': '@opentelemetry/api' };
  t.deepEqual(adapters.map((entry) => libraryOf[entry] ?? entry.slice(2)).sort(), [...peers].sort());
  t.deepEqual(Object.keys(manifest.peerDependenciesMeta).sort(), [...peers].sort());
  for (const { optional } of Object.values(manifest.peerDependenciesMeta)) t.true(optional);
  t.is(manifest.dependencies, undefined);
});

for (const entry of adapters) {
  const name = `${manifest.name}/${entry.slice(2)}`;

  test(`${name} can be imported and required, and is the same either way`, async (t) => {
    const { default: whole, 'module.exports': _, ...named } = await import(name);
    const required = require(name);
    t.is(whole, required);
    t.deepEqual({ ...named }, { ...required });
    t.true(Object.values(required).length > 0);
    for (const value of Object.values(required)) t.is(typeof value, 'function');
    t.true(existsSync(join(PACKAGE_ROOT, manifest.exports[entry].types)));
  });
}

test('no entry loads a library', async (t) => {
  const { code, stdout, stderr } = await runNode(
    `import Module, { createRequire } from 'node:module';
    const { _load: load } = Module;
    const loaded = [];
    Module._load = (request, ...rest) => {
      loaded.push(request);
      return load(request, ...rest);
    };
    const require = createRequire(process.cwd() + '/x.js');
    for (const entry of ${JSON.stringify(['', ...adapters.map((entry) => entry.slice(1))])}) {
      require('${manifest.name}' + entry);
    }
    console.log(JSON.stringify(loaded));`,
    { evaluate: true },
  );
  t.is(code, 0, stderr);
  const loaded = JSON.parse(stdout);
  t.true(loaded.includes(`${manifest.name}/undici`));
  const allowed = new Set([manifest.name, ...adapters.map((entry) => `${manifest.name}/${entry.slice(2)}`)]);
  const isOwn = (name) => allowed.has(name) || name.startsWith(`${manifest.name}-`);
  const foreign = loaded.filter((name) => !/^[./]|^node:|\.node$/.test(name) && !isOwn(name));
  t.deepEqual(foreign, []);
});
