import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../prepare.mjs';
import { run } from '../run.mjs';

export const TARGET = 'x86_64-unknown-linux-gnu';
/** All that is made here. */
export const folder = join(root, 'target', 'sanitize');
mkdirSync(folder, { recursive: true });

/**
 * gcc's runtime for AddressSanitizer. Node.js is not built with one, so it is loaded before everything else.
 *
 * @returns {string | null} its path; null where gcc has none
 */
export function addressRuntime() {
  const { stdout } = spawnSync('gcc', ['-print-file-name=libasan.so'], { encoding: 'utf8' });
  const path = stdout?.trim() ?? '';
  return path.startsWith('/') && existsSync(path) ? realpathSync(path) : null;
}

/**
 * cargo of the nightly toolchain, in a target folder of its own, so that nothing is built twice.
 *
 * @param {string[]} args
 * @param {object} options
 * @param {string} options.name of the target folder
 * @param {string[]} [options.rustFlags]
 * @param {string} [options.cFlags] of aws-lc
 * @param {Record<string, string>} [options.env]
 */
export function cargo(args, { name, rustFlags = [], cFlags, env = {} }) {
  return run('cargo', ['+nightly', ...args], {
    cwd: root,
    env: {
      ...process.env,
      CARGO_TARGET_DIR: join(folder, name),
      CARGO_PROFILE_DEV_OPT_LEVEL: '1',
      RUSTFLAGS: rustFlags.join(' '),
      ...(cFlags === undefined ? {} : { [`AWS_LC_SYS_CFLAGS_${TARGET.replaceAll('-', '_')}`]: cFlags }),
      ...env,
    },
  });
}

/**
 * Whether the nightly toolchain has this component; says how to get it where it has not.
 *
 * @param {string} component
 */
export function hasComponent(component) {
  const { stdout } = spawnSync('rustup', ['component', 'list', '--toolchain', 'nightly', '--installed'], {
    encoding: 'utf8',
  });
  const installed = (stdout ?? '').split('\n').some((line) => line.startsWith(component));
  if (!installed) console.error(`Missing: rustup component add ${component} --toolchain nightly`);
  return installed;
}
