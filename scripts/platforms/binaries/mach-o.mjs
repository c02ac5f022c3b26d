import { neededLibraries } from './pe.mjs';

/** For `llvm-readobj`. */
export const MACH_O_OPTIONS = ['--file-headers', '--needed-libs', '--macho-version-min'];

/**
 * @param {object} printed
 * @param {string} printed.headers what `llvm-readobj` prints with those options
 * @param {string} printed.exportsTrie what `llvm-objdump --macho --exports-trie` prints
 * @param {string} printed.undefinedSymbols what `llvm-nm -m -u` prints
 * @param {string} printed.id what `llvm-objdump --macho --dylib-id` prints
 * @returns {import('./facts.mjs').Facts}
 */
export function machOFacts({ headers, exportsTrie, undefinedSymbols, id }) {
  const installName = id.trimEnd().split('\n').at(-1);
  const undefinedLines = undefinedSymbols.split('\n').filter((line) => line.includes('(undefined)'));
  return {
    architecture: /^Arch: (\S+)$/m.exec(headers)?.[1],
    // C's names begin with an underscore there.
    exports: [...exportsTrie.matchAll(/^0x[0-9A-F]+ +_(\S+)/gim)].map(([, name]) => name),
    libraries: neededLibraries(headers).filter((name) => name !== installName),
    installName,
    oldestMacos: /^MinVersion \{[^}]*?^ {2}Version: ([\d.]+)$/m.exec(headers)?.[1],
    unboundSymbols: undefinedLines.filter((line) => !/\(from \S+\)$/.test(line)).map((line) => line.trim()),
  };
}
