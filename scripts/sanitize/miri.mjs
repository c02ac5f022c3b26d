import { spawnSync } from 'node:child_process';
import { root } from '../prepare.mjs';
import { cargo, hasComponent, TARGET } from './toolchain.mjs';

// Modules whose tests need neither aws-lc, which is C, nor the network.
/** No more of `token::source::`: what has to happen within milliseconds, or before seconds are over, fails here. */
const OF_THREADS = [
  'epoch::',
  'runtime::',
  'sixty_four_threads_that_ask_at_once',
  'a_request_goes_on_when_everybody_who_waited_has_left',
  'a_source_that_nobody_holds_any_more',
  'a_requester_that_panics',
  'what_a_request_brings_after_clearing',
  'fifty_rejections_of_one_token',
];
const OF_ONE_THREAD = [
  'token::state::',
  'keys::ecdsa_signature::',
  'keys::jks::java_object::',
  'keys::text::',
];
/** Hundreds of long runs: a few of them already take minutes. */
const ENDLESS = ['--skip', 'token::state::interleavings::'];

/** @returns {Promise<boolean>} */
export async function checkModel() {
  if (!hasComponent('miri') || !hasComponent('rust-src')) return false;
  const withoutC = awsLcIsNotBuilt();
  if (withoutC === null) return false;
  /** @param {string[]} tests */
  const check = async (...tests) => {
    const { ok } = await cargo(['miri', 'test', '--package', 'smart-m2m-core', ...withoutC, ...tests], {
      name: 'miri',
      // The clock is the machine's, and proptest keeps what failed in a file. The core's runtime is never ended.
      env: {
        MIRIFLAGS: `-Zmiri-disable-isolation${tests.includes('--lib') ? ' -Zmiri-ignore-leaks' : ''}`,
        PROPTEST_CASES: '8',
      },
    });
    return ok;
  };
  const results = [
    await check('--test', 'wiping_allocator'),
    await check('--lib', '--', ...OF_THREADS),
    await check('--lib', '--', ...OF_ONE_THREAD, ...ENDLESS),
  ];
  return results.every(Boolean);
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
