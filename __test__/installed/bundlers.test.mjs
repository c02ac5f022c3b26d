import { cp, mkdir, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { promisify } from 'node:util';
import test from 'ava';
import { runtimesFolder } from '../../scripts/runtimes.mjs';
import { runNode } from '../support/child.mjs';
import { installedApplication } from '../support/installed-application.mjs';
import { startServerProcess } from '../support/server-process.mjs';

// A bundler takes JavaScript into one file and leaves a native addon behind; each has a setting that keeps a package
// out of its output.

const QUICK_START = 'Bearer from https:\n';
const require = createRequire(join(runtimesFolder, 'package.json'));

let application;

test.before(async () => {
  // Below runtimes/, where programs find Next.js and React.
  application = await installedApplication({ below: join(runtimesFolder, '..') });
});
test.after.always(() => application?.remove());

for (const [format, program] of [
  ['esm', 'quick-start.mjs'],
  ['cjs', 'quick-start.cjs'],
]) {
  test(`esbuild, ${format}: a bundle that leaves the package external gets a token`, async (t) => {
    const outfile = join(application.folder, `esbuild/${program}`);
    const { warnings } = await require('esbuild').build({
      absWorkingDir: application.folder,
      entryPoints: [program],
      bundle: true,
      platform: 'node',
      format,
      external: ['@org/smart-m2m'],
      outfile,
      logLevel: 'silent',
    });
    t.deepEqual(warnings, []);
    const { stdout, stderr } = await runNode(outfile);
    t.is(stderr, '');
    t.is(stdout, QUICK_START);
  });
}

test('esbuild: a bundle that took the package in says how to leave it out', async (t) => {
  const outfile = join(application.folder, 'elsewhere/bundle.cjs');
  await require('esbuild').build({
    absWorkingDir: application.folder,
    entryPoints: ['quick-start.cjs'],
    bundle: true,
    platform: 'node',
    outfile,
    logLevel: 'silent',
  });
  const alone = join(application.folder, '..', `.bundle-${process.pid}.cjs`);
  await cp(outfile, alone);
  t.teardown(() => rm(alone));
  const { code, stderr } = await runNode(alone);
  t.is(code, 1);
  t.regex(stderr, /ERR_NATIVE_ADDON/);
  t.regex(stderr, /A bundler has taken @org\/smart-m2m into a file of its own: leave it external/);
});

test('webpack: a bundle that leaves the package external gets a token', async (t) => {
  const webpack = require('webpack');
  const stats = await promisify(webpack)({
    context: application.folder,
    entry: './quick-start.mjs',
    mode: 'production',
    target: 'node',
    externals: [/^@org\/smart-m2m(\/|$)/],
    externalsType: 'commonjs',
    output: { path: join(application.folder, 'webpack'), filename: 'bundle.cjs' },
  });
  t.deepEqual(stats.toJson({ all: false, errors: true, warnings: true }), { errors: [], warnings: [] });
  const { stdout, stderr } = await runNode(join(application.folder, 'webpack/bundle.cjs'));
  t.is(stderr, '');
  t.is(stdout, QUICK_START);
});

test.serial('Next.js: a route handler gets a token with serverExternalPackages', async (t) => {
  const { folder } = application;
  await mkdir(join(folder, 'app/token'), { recursive: true });
  await writeFile(
    join(folder, 'app/layout.js'),
    'export default function Layout({ children }) { return <html lang="en"><body>{children}</body></html>; }\n',
  );
  await writeFile(
    join(folder, 'app/token/route.js'),
    `import { ClientAuthInterceptorFactory, Keystores } from '@org/smart-m2m';
    import { startSmartServer } from '@org/smart-m2m/testing';
    export const dynamic = 'force-dynamic';
    export async function GET() {
      const server = await startSmartServer();
      const { clientId, jwks } = server.registerClient();
      Keystores.register('next', { jwks });
      const options = { ...server.clientOptions, clientId, keystore: 'next', scope: 'system/*.read' };
      const header = await ClientAuthInterceptorFactory.create(options).getAuthorizationHeader();
      await server.close();
      return new Response(header.split(' ')[0]);
    }`,
  );
  await writeFile(
    join(folder, 'next.config.mjs'),
    `export default {
      serverExternalPackages: ['@org/smart-m2m'],
      turbopack: { root: ${JSON.stringify(join(runtimesFolder, '..'))} },
    };`,
  );
  const next = join(runtimesFolder, 'next/dist/bin/next');
  const env = { NEXT_TELEMETRY_DISABLED: '1', NODE_ENV: 'production' };
  const built = await runNode(next, { args: ['build', folder], cwd: folder, env, timeoutMs: 300_000 });
  t.is(built.code, 0, built.stdout + built.stderr);

  const server = await startServerProcess(
    (port) => ({
      command: process.execPath,
      args: [next, 'start', folder, '--port', String(port), '--hostname', '127.0.0.1'],
      env,
    }),
    { ready: /Ready in/, portTaken: /EADDRINUSE/ },
  );
  t.teardown(() => server.close());
  const response = await fetch(`http://127.0.0.1:${server.port}/token`);
  t.is(await response.text(), 'Bearer');
});
