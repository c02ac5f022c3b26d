import { copyFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { root } from '../prepare.mjs';
import { run } from '../run.mjs';
import { TRIPLES } from './crates.mjs';

// Builds the addon for one platform into `lib/`, on a machine that has rustup and, for Linux, cargo-zigbuild: the
// release workflow does so on a runner of each kind. `node scripts/release/build-platform.mjs linux-x64-musl`.

/** Node.js itself needs 2.28. */
const GLIBC_FLOOR = '2.17';
const MACOS_FLOOR = '11.0';

const SYSTEMS = { linux: 'linux', darwin: 'darwin', win32: 'windows' };
const ARCHITECTURES = { x64: 'x86_64', arm64: 'aarch64' };
const LIBRARIES = { linux: 'libsmart_m2m.so', darwin: 'libsmart_m2m.dylib', win32: 'smart_m2m.dll' };

const [platform = ''] = process.argv.slice(2);
const [os, cpu, abi] = platform.split('-');
const triple = TRIPLES.find((name) => {
  const [architecture, , system, environment] = name.split('-');
  return architecture === ARCHITECTURES[cpu] && system === SYSTEMS[os] && environment === abi;
});
if (triple === undefined) {
  console.error(`There is no platform ${platform}: npm/ has a folder for each.`);
  process.exit(1);
}

process.env.MACOSX_DEPLOYMENT_TARGET = MACOS_FLOOR;
// The variable replaces what .cargo/config.toml says for a target, and can hold paths with spaces.
process.env.CARGO_ENCODED_RUSTFLAGS = rustFlags().join('\x1f');
const built = (await rustup()) && (await compile());
if (!built) process.exit(1);
copyFileSync(
  join(root, 'target', triple, 'release', LIBRARIES[os]),
  join(root, 'lib', `smart-m2m.${platform}.node`),
);

function rustFlags() {
  const cargoHome = process.env.CARGO_HOME || join(homedir(), '.cargo');
  const flags = [`${homedir()}=/home`, `${cargoHome}=/cargo`, `${root.replace(/[/\\]$/, '')}=/smart-m2m`].map(
    (paths) => `--remap-path-prefix=${paths}`,
  );
  // Node.js for musl links it dynamically, and so must what it loads.
  if (abi === 'musl') flags.push('-Ctarget-feature=-crt-static');
  // No Visual C++ redistributable on the user's machine.
  if (abi === 'msvc') flags.push('-Ctarget-feature=+crt-static');
  return flags;
}

async function rustup() {
  const { ok } = await run('rustup', ['target', 'add', triple], { cwd: root });
  return ok;
}

async function compile() {
  const target = abi === 'gnu' ? `${triple}.${GLIBC_FLOOR}` : triple;
  const build = os === 'linux' ? 'zigbuild' : 'build';
  const args = [build, '--release', '--locked', '--package', 'smart-m2m', '--target', target];
  const { ok } = await run('cargo', args, { cwd: root });
  return ok;
}
