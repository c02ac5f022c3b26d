import { copyFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { buildFlags } from '../platforms/build-flags.mjs';
import { chooseTargets, GLIBC_FLOOR, MACOS_FLOOR } from '../platforms/targets.mjs';
import { root } from '../prepare.mjs';
import { run } from '../run.mjs';

// Builds the addon for one platform into `lib/`, on a machine that has rustup and, for Linux, cargo-zigbuild: the
// release workflow does so on a runner of each kind. `node scripts/release/build-platform.mjs linux-x64-musl`.

const target = targetOfArguments();
const cargoHome = process.env.CARGO_HOME || join(homedir(), '.cargo');
const paths = [`${homedir()}=/home`, `${cargoHome}=/cargo`, `${root.replace(/[/\\]$/, '')}=/smart-m2m`];
const env = {
  ...process.env,
  MACOSX_DEPLOYMENT_TARGET: MACOS_FLOOR,
  ...buildFlags(target.triple, { paths }),
};

for (const [command, args] of [
  ['rustup', ['target', 'add', target.triple]],
  ['cargo', cargoArguments()],
]) {
  const { ok } = await run(command, args, { cwd: root, env });
  if (!ok) process.exit(1);
}
copyFileSync(join(root, 'target', target.triple, 'release', target.library), join(root, 'lib', target.addon));

function targetOfArguments() {
  try {
    const [chosen, ...rest] = chooseTargets(process.argv.slice(2));
    if (rest.length === 0) return chosen;
    throw new Error('Expected one platform.');
  } catch (error) {
    console.error(error.message);
    process.exit(1);
  }
}

function cargoArguments() {
  const isLinux = target.os === 'linux';
  const built = target.libc === 'gnu' ? `${target.triple}.${GLIBC_FLOOR}` : target.triple;
  const how = ['--release', '--locked', '--package', 'smart-m2m', '--target', built];
  return [isLinux ? 'zigbuild' : 'build', ...how];
}
