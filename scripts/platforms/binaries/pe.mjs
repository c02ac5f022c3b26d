/** For `llvm-readobj`. */
export const PE_OPTIONS = ['--file-headers', '--needed-libs', '--coff-exports'];

/**
 * @param {string} text what `llvm-readobj` prints with those options
 * @returns {import('./facts.mjs').Facts}
 */
export function peFacts(text) {
  return {
    architecture: /^Arch: (\S+)$/m.exec(text)?.[1],
    exports: [...text.matchAll(/^Export \{[^}]*?^ {2}Name: (\S+)$/gm)].map(([, name]) => name),
    libraries: neededLibraries(text),
  };
}

/** @param {string} text */
export function neededLibraries(text) {
  const list = /^NeededLibraries \[\n([^\]]*)\]/m.exec(text)?.[1] ?? '';
  return list
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
}
