import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, relative, resolve, sep } from 'node:path';

// In the published package modules of lib/ that most programs load together are one file: each file costs every process
// a third of a millisecond, whatever is in it. Their text stays what it is in a clone, which has them apart.

/** The files in lib/ that they are joined in, with what loads them, and is among them where it is in lib/ too. */
const JOINED = {
  'loaded-at-once.js': ['index.js'],
  // Whoever has a key, or imports the package, needs the other two as well.
  'loaded-at-create.js': [
    'lib/client-auth-interceptor.js',
    'lib/keystores.js',
    'lib/additional-parameters.js',
  ],
};
/** Where a joined file has its modules: no name of theirs, which would hide it. */
const JOINED_MODULES = 'joinedModules';
const REQUIRED = /\brequire\('(\.{1,2}\/[^']+\.js)'\)/g;
/** What is indented is loaded when it is wanted. */
const REQUIRED_AT_ONCE = /^(?:\S.*)?\brequire\('(\.{1,2}\/[^']+\.js)'\)/gm;
/** Any text that could be the path of a module. */
const SPECIFIER = /["'`](\.{1,2}\/[^"'`]+)["'`]/g;

/**
 * Joins them in a package that is about to be packed.
 *
 * @param {string} root of the package
 */
export function joinModules(root) {
  const places = placesOf(root);
  const definitions = new Map(Object.keys(JOINED).map((name) => [join(root, 'lib', name), []]));
  for (const file of scripts(root)) {
    const text = readFileSync(file, 'utf8');
    const changed = withJoined(text, file, places);
    const place = places.get(file);
    if (place === undefined) {
      if (changed !== text) writeFileSync(file, changed);
    } else {
      definitions.get(place).push(definition(basename(file), changed));
      rmSync(file);
    }
  }
  for (const [place, parts] of definitions) writeFileSync(place, joinedFile(parts));
  refuseLost(root, places);
}

/**
 * What `REQUIRED` does not see, such as another kind of quotes, would ask for a file that is gone.
 *
 * @param {string} root of the package
 * @param {ReadonlyMap<string, string>} places
 */
function refuseLost(root, places) {
  for (const file of [...scripts(root), ...scripts(root, '.mjs')]) {
    const lines = readFileSync(file, 'utf8').split('\n');
    // In comments are types, which nobody loads.
    for (const line of lines.filter((text) => !/^\s*(\*|\/\*|\/\/)/.test(text))) {
      for (const [, specifier] of line.matchAll(SPECIFIER)) {
        if (places.has(resolve(dirname(file), specifier)))
          throw new Error(`${file} asks for ${specifier}, which is joined with others: write require('…')`);
      }
    }
  }
}

/**
 * @param {string} root of the package
 * @returns {Map<string, string>} by the path of a module: the file that it is joined in
 */
function placesOf(root) {
  const places = new Map();
  for (const [name, loaders] of Object.entries(JOINED)) {
    const loaded = loaders.flatMap((loader) => [...loadedWith(join(root, loader))]);
    const own = loaders.filter((loader) => loader.startsWith('lib/')).map((loader) => join(root, loader));
    for (const path of [...loaded, ...own]) {
      // Its other specifiers would lead elsewhere, and its name might not be the only one of its kind.
      if (dirname(path) !== join(root, 'lib'))
        throw new Error(`${path}: only modules of lib/ itself are joined`);
      if (!places.has(path)) places.set(path, join(root, 'lib', name));
    }
  }
  return places;
}

/**
 * @param {string} file
 * @param {Set<string>} [found]
 * @returns {Set<string>} paths of the modules that it loads at once, and that these do
 */
function loadedWith(file, found = new Set()) {
  for (const [, specifier] of readFileSync(file, 'utf8').matchAll(REQUIRED_AT_ONCE)) {
    const path = resolve(dirname(file), specifier);
    if (found.has(path)) continue;
    found.add(path);
    loadedWith(path, found);
  }
  return found;
}

/**
 * The text of a module with the joined ones where they are now.
 *
 * @param {string} text
 * @param {string} file where it is, or was
 * @param {ReadonlyMap<string, string>} places
 */
function withJoined(text, file, places) {
  const own = places.get(file);
  if (text.includes(JOINED_MODULES)) throw new Error(`${file} has ${JOINED_MODULES} of its own`);
  return text.replaceAll(REQUIRED, (call, specifier) => {
    const path = resolve(dirname(file), specifier);
    const place = places.get(path);
    if (place === undefined) return call;
    const there = place === own ? JOINED_MODULES : `require('${specifierOf(place, file)}')`;
    return `${there}['${basename(path)}']`;
  });
}

/**
 * @param {string} path
 * @param {string} file that requires it
 */
function specifierOf(path, file) {
  const specifier = relative(dirname(file), path).split(sep).join('/');
  return specifier.startsWith('.') ? specifier : `./${specifier}`;
}

/**
 * A module is a function that runs when it is first asked for, and a property that has its exports.
 *
 * @param {string} name
 * @param {string} text
 */
function definition(name, text) {
  const body = text.replace(/^'use strict';\n+/, '');
  // In parentheses: V8 then compiles the function at once, and does not look through it first.
  return `define('${name}', (function (module) {\n${body}}));\n`;
}

/** @param {readonly string[]} definitions */
function joinedFile(definitions) {
  return `'use strict';

// Modules that most programs load together.

const ${JOINED_MODULES} = module.exports;

/**
 * @param {string} name
 * @param {(module: { exports: any }) => void} run
 */
function define(name, run) {
  /** @type {{ exports: any } | undefined} */
  let loaded;
  Object.defineProperty(${JOINED_MODULES}, name, {
    get() {
      if (loaded === undefined) {
        loaded = { exports: {} };
        try {
          run(loaded);
        } catch (error) {
          // As require() has it: whoever comes next tries again.
          loaded = undefined;
          throw error;
        }
      }
      return loaded.exports;
    },
  });
}

${definitions.join('\n')}`;
}

/**
 * @param {string} root
 * @param {'.js' | '.mjs'} [extension]
 */
function scripts(root, extension = '.js') {
  const inLib = readdirSync(join(root, 'lib'), { recursive: true, encoding: 'utf8' });
  const names = [`index${extension}`, ...inLib.map((path) => join('lib', path))];
  return names.filter((path) => path.endsWith(extension)).map((path) => join(root, path));
}
