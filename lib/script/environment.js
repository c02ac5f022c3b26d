'use strict';

/**
 * Smile's `Environment`. What is not set is null, as in Java: scripts compare with that.
 *
 * @param {Record<string, string | undefined>} env
 */
function createEnvironment(env) {
  /** @param {string} name */
  const variable = (name) => {
    const value = env[name];
    // The environment is an object, and has what all of them have: `toString` and the like.
    return typeof value === 'string' ? value : null;
  };
  return Object.freeze({
    getEnv: variable,
    /**
     * There are no Java system properties: the variable of that name, or of its spelling for shells.
     *
     * @param {string} name
     */
    getProperty: (name) => variable(name) ?? variable(name.toUpperCase().replace(/[^A-Z0-9]/g, '_')),
  });
}

module.exports = { createEnvironment };
