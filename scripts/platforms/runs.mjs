import { copyFileSync, cpSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startSmartServer } from '../../lib/testing/index.mjs';
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

/** Both as npm packs them, in an empty project. */
async function install(target, folder) {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  // Without one it would be part of this checkout, and import the checkout's own addon.
  writeFileSync(join(folder, 'package.json'), '{ "private": true }');
  const scope = join(folder, 'node_modules', '@org');
  const staged = join(folder, 'staged');
  cpSync(join(root, 'npm', target.platform), staged, { recursive: true });
  copyFileSync(artefactOf(target), join(staged, target.addon));
  await unpack(root, join(scope, 'smart-m2m'));
  await unpack(staged, join(scope, `smart-m2m-${target.platform}`));
  rmSync(staged, { recursive: true });
}

async function unpack(packageFolder, into) {
  mkdirSync(into, { recursive: true });
  const pack = ['pack', '--silent', '--ignore-scripts', '--pack-destination', into];
  const packed = await run('npm', pack, { cwd: packageFolder });
  const [archive] = readdirSync(into);
  const path = join(into, archive ?? '');
  if (!packed.ok || !(await run('tar', ['-xzf', path, '-C', into, '--strip-components=1'])).ok) {
    throw new Error(`${packageFolder} could not be packed.`);
  }
  rmSync(path);
}
