import { spawnSync } from 'node:child_process';
import { root } from '../prepare.mjs';
import { cargo, hasComponent, TARGET } from './toolchain.mjs';

/** Modules whose tests need neither aws-lc, which is C, nor the network: first what several threads share. */
const PURE = [
  'epoch::',
  'runtime::',
  'token::source::',
  'token::timer::',
  'token::state::',
  'token::redaction::',
  'token::scope::',
  'keys::ber::',
  'keys::der::',
  'keys::ecdsa_signature::',
  'keys::jks::java_object::',
  'keys::text::',
];
/** They count what some hundred long runs come to. */
const ENDLESS = ['the_interleavings_get_everywhere'].flatMap((name) => ['--skip', name]);

/** @returns {Promise<boolean>} */
export async function checkModel() {
  if (!hasComponent('miri') || !hasComponent('rust-src')) return false;
  const withoutC = awsLcIsNotBuilt();
  if (withoutC === null) return false;
  /** @param {string[]} tests */
  const check = async (...tests) => {
    const { ok } = await cargo(['miri', 'test', '--package', 'smart-m2m-core', ...withoutC, ...tests], {
      name: 'miri',
      // The clock is the machine's, and proptest keeps what failed in a file.
      env: { MIRIFLAGS: '-Zmiri-disable-isolation', PROPTEST_CASES: '8' },
    });
    return ok;
  };
  const isSound = await check('--test', 'wiping_allocator');
  return (await check('--lib', '--', ...PURE, ...ENDLESS)) && isSound;
}

/**
 * Miri interprets Rust alone, and links nothing: what would build aws-lc for minutes is told not to. A test that calls
 * it all the same is reported.
 *
 * @returns {string[] | null} options of cargo
 */
function awsLcIsNotBuilt() {
  const { stdout, stderr } = spawnSync('cargo', ['metadata', '--format-version=1', '--locked'], {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  });
  if (stdout === '') {
    console.error(stderr);
    return null;
  }
  const [awsLc] = JSON.parse(stdout).packages.filter(({ name }) => name === 'aws-lc-sys');
  const settings = { 'rustc-cfg': '["universal"]', include: '"none"', libcrypto: '"none"', conf: '"none"' };
  return Object.entries(settings).flatMap(([name, value]) => [
    '--config',
    `target.${TARGET}.${awsLc.links}.${name}=${value}`,
  ]);
}
