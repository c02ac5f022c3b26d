import { cargo, hasComponent, TARGET } from './toolchain.mjs';

/**
 * The core's own tests with every access of two threads compared: in Rust, its standard library and aws-lc's C.
 *
 * @returns {Promise<boolean>}
 */
export async function checkThreads() {
  if (!hasComponent('rust-src')) return false;
  const flags = ['-Zbuild-std', '--target', TARGET];
  const { ok } = await cargo(['test', '--package', 'smart-m2m-core', '--lib', ...flags], {
    name: 'thread',
    rustFlags: ['-Zsanitizer=thread', '-Cforce-frame-pointers=yes'],
    cFlags: '-fsanitize=thread -fno-omit-frame-pointer',
    env: { TSAN_OPTIONS: 'halt_on_error=1:second_deadlock_stack=1', PROPTEST_CASES: '16' },
  });
  return ok;
}
