'use strict';

// In place of the loader that napi generates: that one inspects the system on every start, which takes longer
// than everything that it loads.

const { buildsFor, libcOf } = require('./native-build.js');

const PACKAGE = '@org/smart-m2m';
const BINARY = 'smart-m2m';

/** @returns {typeof import('./native.js')} */
function loadAddon() {
  const { platform, arch } = process;
  const libc = platform === 'linux' ? libcOf() : null;
  const builds = buildsFor(platform, arch, libc);
  const attempts = [];
  for (const build of builds) {
    for (const place of [`./${BINARY}.${build}.node`, `${PACKAGE}-${build}`]) {
      try {
        return require(place);
      } catch (error) {
        attempts.push({ place, error: /** @type {NodeJS.ErrnoException} */ (error) });
      }
    }
  }
  const { addonError } = require('./addon-error.js');
  throw addonError({ platform, arch, libc, builds, attempts });
}

module.exports = { addon: loadAddon() };
