import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { root } from '../prepare.mjs';
import { run } from '../run.mjs';
import { prepareAppleStubs } from './apple-stubs.mjs';
import { buildFlags } from './build-flags.mjs';
import { output } from './folders.mjs';
import { MACOS_FLOOR } from './targets.mjs';

/**
 * @typedef {import('./targets.mjs').Target} Target
 * @typedef {import('./toolchain.mjs').Toolchain} Toolchain
 */

/** @param {Target} target */
export function artefactOf({ platform, addon }) {
  return join(output, platform, addon);
}

/** @param {string} path */
export function sha256(path) {
  return createHash('sha256').update(readFileSync(path)).digest('hex');
}

/**
 * Builds a target's addon and puts it where `artefactOf` says.
 *
 * @param {Target} target
 * @param {Toolchain} toolchain
 * @param {object} [options]
 * @param {string} [options.source] the checkout to build
 * @param {string} [options.into] the file to make
 * @returns {Promise<{ cpuSeconds: number, cold: boolean }>} `cold`: whether all was compiled
 */
export async function build(target, toolchain, { source = root, into = artefactOf(target) } = {}) {
  const folder = join(source, 'target', 'platforms', 'build', target.platform);
  const cold = !existsSync(folder);
  mkdirSync(folder, { recursive: true });
  const times = join(folder, 'seconds');
  const cargo = [toolchain.zigbuild, 'zigbuild', '--release', '--locked', '--package', 'smart-m2m'];
  if (target.buildsStd) cargo.push('-Zbuild-std=std,panic_unwind');
  cargo.push('--target', target.zigTarget);
  if (target.platform === 'darwin-x64') cargo.push('--config', SMALL_DEPENDENCIES);
  const env = {
    ...process.env,
    ...toolchain.env,
    ...(await environmentOf(target, toolchain, source, folder)),
  };
  const { ok } = await run('bash', ['-c', TIMED, times, ...cargo], { cwd: source, env });
  if (!ok) throw new Error(`${target.platform} could not be built.`);
  mkdirSync(dirname(into), { recursive: true });
  copyFileSync(join(folder, target.rustTarget, 'release', target.library), into);
  if (target.os === 'darwin') await stripSymbols(into, toolchain);
  const [user, system] = readFileSync(times, 'utf8').split(' ').map(Number);
  rmSync(times);
  return { cpuSeconds: Math.round(user + system), cold };
}

/**
 * What the linker leaves, whatever the profile's strip has reached: zig's takes no list of exports, so that some 1,800 are
 * named twice, in the symbol table and in the export trie, in which dyld looks names up. LLVM's tool writes the ad-hoc
 * signature anew.
 *
 * @param {string} path
 * @param {Toolchain} toolchain
 */
async function stripSymbols(path, { env, llvm }) {
  const options = ['--strip-all', '--keep-undefined'];
  const { ok } = await run(llvm('objcopy'), [...options, path], { env: { ...process.env, ...env } });
  if (!ok) throw new Error(`The symbols of ${path} could not be taken out.`);
}

/** zig's linker keeps all that is exported: where code is largest, `s` would go beyond the limit of what is installed. */
const SMALL_DEPENDENCIES = 'profile.release.package."*".opt-level="z"';

/** Runs its arguments, and writes the CPU time that they took to the file that $0 names. */
const TIMED = `TIMEFORMAT='%U %S'; { time "$@" 2>&3; } 3>&2 2>"$0"`;

async function environmentOf(target, toolchain, source, folder) {
  const paths = remappedPaths(toolchain, source);
  const env = { CARGO_TARGET_DIR: folder };
  const rustFlags = [];
  if (target.os === 'win32') env.LIBNODE_PATH = emptyLibnode();
  if (target.os === 'darwin') {
    env.MACOSX_DEPLOYMENT_TARGET = MACOS_FLOOR;
    const frameworks = await prepareAppleStubs(toolchain, source);
    rustFlags.push(`-Clink-arg=-F${frameworks}`, `-Clink-arg=-Wl,-install_name,@rpath/${target.addon}`);
    // Else the folder of each object is in the file's UUID, which stays when they are stripped.
    rustFlags.push('-Clink-arg=-Wl,-S');
  }
  return { ...env, ...buildFlags(target.rustTarget, { paths, rustFlags }) };
}

/** What stands in the addon in place of this machine's folders, as `buildFlags` takes it. */
function remappedPaths({ sysroot, rustSources }, source) {
  const cargoHome = process.env.CARGO_HOME || join(homedir(), '.cargo');
  return [
    `${homedir()}=/home`,
    `${cargoHome}=/cargo`,
    `${sysroot}=/rust`,
    `${rustSources}=/rust/library`,
    `${source.replace(/\/$/, '')}=/smart-m2m`,
  ];
}

/**
 * napi's build script looks for Node.js as a library, which a DLL of MinGW could be linked with. Nothing is taken
 * from it: Node-API is looked up in the process that loads the addon.
 */
function emptyLibnode() {
  const folder = join(output, 'libnode');
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'libnode.dll'), '');
  for (const name of ['libnode.a', 'libnode.dll.a']) writeFileSync(join(folder, name), '!<arch>\n');
  return folder;
}
