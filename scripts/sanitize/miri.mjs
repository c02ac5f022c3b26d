import { cargo, hasComponent } from './toolchain.mjs';

/** Modules whose tests need neither aws-lc, which is C, nor the network. */
const PURE = ['epoch::', 'token::state::'];

/** @returns {Promise<boolean>} */
export async function checkModel() {
  if (!hasComponent('miri') || !hasComponent('rust-src')) return false;
  const { ok } = await cargo(['miri', 'test', '--package', 'smart-m2m-core', '--lib', '--', ...PURE], {
    name: 'miri',
    // The clock is the machine's, and proptest keeps what failed in a file.
    env: { MIRIFLAGS: '-Zmiri-disable-isolation', PROPTEST_CASES: '8' },
  });
  return ok;
}
