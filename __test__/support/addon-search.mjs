import { createRequire } from 'node:module';

const { addonError } = createRequire(import.meta.url)('../../lib/addon-error.js');

const PACKAGE = '@org/smart-m2m';

/**
 * What the loader throws on some system where it found none of the packages for it, or only one that does not load.
 *
 * @param {object} [system]
 * @param {string} [system.platform]
 * @param {string} [system.arch]
 * @param {string | null} [system.libc]
 * @param {string[]} [system.builds]
 * @param {Error & { code?: string }} [system.error] of loading it
 * @param {Parameters<typeof addonError>[1]} [surroundings]
 */
export function notFound(
  {
    platform = 'linux',
    arch = 'x64',
    libc = 'glibc',
    builds = ['linux-x64-gnu'],
    error = Object.assign(new Error('Cannot find module'), { code: 'MODULE_NOT_FOUND' }),
  } = {},
  surroundings = { root: '/srv/application/node_modules/@org/smart-m2m' },
) {
  const attempts = builds.map((build) => ({ build, place: `${PACKAGE}-${build}`, error }));
  return addonError({ platform, arch, libc, builds, attempts }, surroundings);
}

/** What the system says of an addon that was built on a newer one. */
export function glibcTooOld() {
  const message = "/lib/libc.so.6: version `GLIBC_2.34' not found (required by smart-m2m.linux-x64-gnu.node)";
  return Object.assign(new Error(message), { code: 'ERR_DLOPEN_FAILED' });
}
