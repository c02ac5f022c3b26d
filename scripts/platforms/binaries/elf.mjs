/** For `llvm-readobj`. */
export const ELF_OPTIONS = ['--elf-output-style=JSON', '--needed-libs', '--dyn-symbols'];

/**
 * @param {string} json what `llvm-readobj` prints with those options
 * @returns {import('./facts.mjs').Facts}
 */
export function elfFacts(json) {
  const [{ FileSummary: summary, NeededLibraries: needed = [], DynamicSymbols: entries = [] }] =
    JSON.parse(json);
  const symbols = entries.map(({ Symbol: symbol }) => ({
    name: symbol.Name.Name,
    isDefined: symbol.Section.Name !== 'Undefined',
    isVisible: symbol.Binding.Name !== 'Local',
  }));
  return {
    architecture: summary.Arch,
    exports: symbols
      .filter(({ isDefined, isVisible }) => isDefined && isVisible)
      .map(({ name }) => name.split('@')[0]),
    libraries: needed,
    glibcVersions: [...new Set(symbols.flatMap(({ name }) => /@GLIBC_(\S+)$/.exec(name)?.[1] ?? []))],
  };
}
