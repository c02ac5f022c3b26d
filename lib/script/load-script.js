'use strict';

const { readFile } = require('node:fs/promises');
const { createRequire } = require('node:module');
const { dirname, extname } = require('node:path');
const { pathToFileURL } = require('node:url');
const vm = require('node:vm');

/**
 * @typedef {Record<string, unknown> & { default?: unknown }} Exports
 * @typedef {(...args: any[]) => unknown} Callable
 *
 * @typedef {object} Script
 * @property {(name: string) => Callable | null} functionNamed
 * @property {() => Callable | null} standardFunction `main`, else the default export
 * @property {string[]} names of its functions
 */

const IDENTIFIER = /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u;
const DECLARED =
  /^(?:export\s+(?:default\s+)?)?(?:async\s+)?function\s*\*?\s*([\p{ID_Start}$_][\p{ID_Continue}$]*)/gmu;

/** How V8 says that what it reads is an ES module. */
const MODULE_SYNTAX = /import statement outside a module|Unexpected token 'export'|import\.meta/;
/** It may be one, or a function that is not async: what people forget when they add the await. */
const AWAIT = /await is only valid/;
const IMPORT_OR_EXPORT = /^(import|export)\b/m;

/** Looks names up from inside the script, where its functions are without being exported. */
const LOOKUP = '\n;return (name) => eval(name);';

/**
 * A classic Smile script (functions, no exports), a CommonJS module or an ES module.
 *
 * @param {string} path absolute
 * @param {Record<string, unknown>} globals what a script finds besides Node's own
 * @returns {Promise<Script>}
 */
async function loadScript(path, globals) {
  const source = (await readFile(path, 'utf8')).replace(/^\uFEFF/, '').replace(/^#!.*/, '');
  const evaluate = extname(path) === '.mjs' ? null : compile(source, path, globals);
  if (evaluate === null) {
    const namespace = await import(pathToFileURL(path).href);
    return scriptOf(namespace, null, source);
  }
  const module = { exports: /** @type {any} */ ({}) };
  const lookUp = evaluate(module.exports, createRequire(path), module, path, dirname(path));
  const { exports } = module;
  const isDefault = typeof exports === 'function';
  return scriptOf(isDefault ? { ...exports, default: exports } : { ...exports }, lookUp, source);
}

/**
 * @param {string} source
 * @param {string} path
 * @param {Record<string, unknown>} globals
 * @returns {Function | null} null: it is an ES module
 */
function compile(source, path, globals) {
  const parameters = ['exports', 'require', 'module', '__filename', '__dirname'];
  try {
    return vm.compileFunction(source + LOOKUP, parameters, {
      filename: path,
      // A scope around the script: it stays within its reach after the run, and may declare the names itself.
      contextExtensions: [globals],
      // Node before 20.12 has no such constant, and no import() in scripts.
      importModuleDynamically: /** @type {any} */ (vm).constants?.USE_MAIN_CONTEXT_DEFAULT_LOADER,
    });
  } catch (error) {
    const { message } = /** @type {Error} */ (error);
    if (MODULE_SYNTAX.test(message) || (AWAIT.test(message) && IMPORT_OR_EXPORT.test(source))) return null;
    throw error;
  }
}

/**
 * @param {Exports} exports
 * @param {unknown} lookUp
 * @param {string} source
 * @returns {Script}
 */
function scriptOf(exports, lookUp, source) {
  /** @param {string} name */
  function functionNamed(name) {
    return (
      callable(Object.hasOwn(exports, name) ? exports[name] : undefined) ??
      callable(memberOf(exports.default, name)) ??
      callable(declared(name))
    );
  }

  /** @param {string} name */
  function declared(name) {
    // Only a name: what is looked up is evaluated.
    if (typeof lookUp !== 'function' || !IDENTIFIER.test(name)) return undefined;
    try {
      // Its own, not one that every script finds.
      return lookUp(`${name} === globalThis['${name}'] ? undefined : ${name}`);
    } catch {
      // A reserved word, or a constant that the script did not get to.
      return undefined;
    }
  }

  const candidates = [...Object.keys(exports), ...Array.from(source.matchAll(DECLARED), ([, name]) => name)];
  return {
    functionNamed,
    standardFunction: () => functionNamed('main') ?? callable(exports.default),
    names: [...new Set(candidates)].filter((name) => name !== 'default' && functionNamed(name) !== null),
  };
}

/**
 * @param {unknown} value
 * @param {string} name
 */
function memberOf(value, name) {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined;
  return /** @type {Record<string, unknown>} */ (value)[name];
}

/**
 * @param {unknown} value
 * @returns {Callable | null}
 */
function callable(value) {
  return typeof value === 'function' ? /** @type {Callable} */ (value) : null;
}

module.exports = { loadScript };
