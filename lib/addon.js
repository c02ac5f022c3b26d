'use strict';

// In place of the loader that napi generates: that one inspects the system on every start, which takes longer
// than everything that it loads.

const PACKAGE = '@org/smart-m2m';
const BINARY = 'smart-m2m';

/** By platform: what follows in the names of its builds. Of Linux's two, the one for another libc does not load. */
const BUILDS = { darwin: [''], linux: ['-gnu', '-musl'], win32: ['-msvc'] };
const ARCHITECTURES = ['x64', 'arm64'];

/**
 * Names of the builds that may be the one for this system, as in `npm/`.
 *
 * @param {string} platform
 * @param {string} arch
 */
function buildsFor(platform, arch) {
  const builds = /** @type {Record<string, string[]>} */ (BUILDS)[platform] ?? [];
  return ARCHITECTURES.includes(arch) ? builds.map((build) => `${platform}-${arch}${build}`) : [];
}

/** @returns {typeof import('./native.js')} */
function loadAddon() {
  const { platform, arch } = process;
  const builds = buildsFor(platform, arch);
  if (builds.length === 0) {
    throw new Error(
      `${PACKAGE} is built for macOS, Linux and Windows on x64 and arm64, and not for ${platform} on ${arch}`,
    );
  }
  const failures = [];
  for (const build of builds) {
    for (const place of [`./${BINARY}.${build}.node`, `${PACKAGE}-${build}`]) {
      try {
        return require(place);
      } catch (error) {
        failures.push(`- ${place}: ${/** @type {Error} */ (error).message.split('\n', 1)[0]}`);
      }
    }
  }
  throw new Error(
    `${PACKAGE} found no native addon that works here. It comes as the optional dependency ` +
      `${builds.map((build) => `${PACKAGE}-${build}`).join(' or ')}: install again without --omit=optional and ` +
      'without a lock file or node_modules from another platform; in a checkout, run npm run build.\n' +
      failures.join('\n'),
  );
}

module.exports = { addon: loadAddon(), buildsFor };
