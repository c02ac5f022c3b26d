import { copyFileSync, cpSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startSmartServer } from '../../lib/testing/index.mjs';
import { packPackages } from '../packages.mjs';
import { root } from '../prepare.mjs';
import { run } from '../run.mjs';
import { artefactOf } from './build.mjs';
import { output, readText } from './folders.mjs';
import { prepareRuntime } from './runtimes.mjs';

/** An emulated process starts slowly; one that hangs must not hang the script. */
const MOST_SECONDS = 300;

/**
 * Installs the package and the platform's as npm would, and has Node.js of that platform get a token over TLS from the
 * test kit, which runs here.
 *
 * @param {import('./targets.mjs').Target} target
 * @returns {Promise<{ runtime: string, ok: boolean, found: string } | null>} null where nothing here runs it
 */
export async function runClient(target) {
  const runtime = await prepareRuntime(target);
  if (runtime === undefined) return null;
  const folder = join(output, target.platform, 'project');
  await install(target, folder);
  const server = await startSmartServer();
  try {
    const { clientId, jwks } = server.registerClient({ scope: 'system/Patient.rs' });
    const { fhirBaseUrl, http } = server.clientOptions;
    const { ca } = server;
    if (runtime.trustsCaFile) writeFileSync(join(folder, 'ca.pem'), ca);
    const options = { fhirBaseUrl, http: runtime.trustsCaFile ? { ...http, ca: undefined } : http };
    const settings = { clientId, jwks, options, ca };
    writeFileSync(join(folder, 'settings.json'), JSON.stringify(settings));
    copyFileSync(new URL('client.cjs', import.meta.url), join(folder, 'client.cjs'));
    const command = ['--kill-after=10s', `${MOST_SECONDS}s`, ...runtime.command('client.cjs')];
    const { ok } = await run('timeout', command, { cwd: folder });
    const { ok: isRight, found } = judge(target, server, readText(join(folder, 'result.json')));
    const printed = readText(join(folder, 'output.txt'));
    if (!(ok && isRight) && printed) console.error(printed);
    return { runtime: runtime.name, ok: ok && isRight, found };
  } finally {
    await server.close();
  }
}

/**
 * @param {import('./targets.mjs').Target} target
 * @param {Awaited<ReturnType<typeof startSmartServer>>} server
 * @param {string | undefined} text what the client wrote
 */
function judge({ os, cpu, platform: build, addon }, server, text) {
  if (text === undefined) return { ok: false, found: 'the client ended without a result' };
  const { platform, arch, addons, scheme, status } = JSON.parse(text);
  if (platform !== os || arch !== cpu) return { ok: false, found: `ran on ${platform} ${arch}` };
  const loaded = addons.map((path) => path.replaceAll('\\', '/')).join(' ');
  if (addons.length !== 1 || !loaded.endsWith(`/node_modules/@org/smart-m2m-${build}/${addon}`)) {
    return { ok: false, found: `loaded ${loaded}` };
  }
  const tokens = server.requestsTo('token').length;
  const refused = server.requests.filter((request) => request.explanation !== null).length;
  const ok = scheme === 'Bearer' && status === 200 && tokens === 1 && refused === 0;
  return {
    ok,
    found: ok ? 'token and request' : `${tokens} token requests, ${refused} refused, status ${status}`,
  };
}

/** The package as it is published, and the platform's as npm packs it, in an empty project. */
async function install(target, folder) {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  // Without one it would be part of this checkout, and import the checkout's own addon.
  writeFileSync(join(folder, 'package.json'), '{ "private": true }');
  const scope = join(folder, 'node_modules', '@org');
  const packages = join(folder, 'packages');
  await unpack(packPackages(root, packages).main.file, join(scope, 'smart-m2m'));
  rmSync(packages, { recursive: true });
  const staged = join(folder, 'staged');
  cpSync(join(root, 'npm', target.platform), staged, { recursive: true });
  copyFileSync(artefactOf(target), join(staged, target.addon));
  await unpack(await pack(staged), join(scope, `smart-m2m-${target.platform}`));
  rmSync(staged, { recursive: true });
}

/**
 * @param {string} packageFolder
 * @returns {Promise<string>} path of the tarball, which is in it
 */
async function pack(packageFolder) {
  const { ok } = await run('npm', ['pack', '--silent', '--ignore-scripts'], { cwd: packageFolder });
  const archive = readdirSync(packageFolder).find((name) => name.endsWith('.tgz'));
  if (!ok || archive === undefined) throw new Error(`${packageFolder} could not be packed.`);
  return join(packageFolder, archive);
}

async function unpack(archive, into) {
  mkdirSync(into, { recursive: true });
  const { ok } = await run('tar', ['-xzf', archive, '-C', into, '--strip-components=1']);
  if (!ok) throw new Error(`${archive} could not be unpacked.`);
}
