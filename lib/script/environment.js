'use strict';

/**
 * Smile's `Environment`. What is not set is null, as in Java: scripts compare with that.
 *
 * @param {Record<string, string | undefined>} env
 */
function createEnvironment(env) {
  return Object.freeze({
    /** @param {string} name */
    getEnv: (name) => env[name] ?? null,
    /**
     * There are no Java system properties: the variable of that name, or of its spelling for shells.
     *
     * @param {string} name
     */
    getProperty: (name) => env[name] ?? env[name.toUpperCase().replace(/[^A-Z0-9]/g, '_')] ?? null,
  });
}

module.exports = { createEnvironment };
