import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { ELF_OPTIONS, elfFacts } from './elf.mjs';
import { MACH_O_OPTIONS, machOFacts } from './mach-o.mjs';
import { signatureProblem } from './mach-o-signature.mjs';
import { PE_OPTIONS, peFacts } from './pe.mjs';

/**
 * What an addon says of itself.
 *
 * @typedef {object} Facts
 * @property {string | undefined} architecture in LLVM's words
 * @property {string[]} exports
 * @property {string[]} libraries that the system has to have
 * @property {string[]} [glibcVersions] of the symbols that it needs
 * @property {string} [installName]
 * @property {string} [oldestMacos] that loads it
 * @property {string[]} [unboundSymbols] of which it does not say what library has them
 * @property {string | null} [signatureProblem]
 */

/**
 * @param {import('../targets.mjs').Target} target
 * @param {string} path
 * @param {import('../toolchain.mjs').Toolchain} toolchain
 * @returns {Facts}
 */
export function readFacts({ os }, path, { env, llvm }) {
  const print = (tool, ...options) => {
    const settings = { env: { ...process.env, ...env }, encoding: 'utf8', maxBuffer: 1 << 28 };
    const { status, stdout, stderr } = spawnSync(llvm(tool), [...options, path], settings);
    if (status !== 0) throw new Error(`llvm-${tool} cannot read ${path}: ${stderr.trim()}`);
    return stdout;
  };
  if (os === 'linux') return elfFacts(print('readobj', ...ELF_OPTIONS));
  if (os === 'win32') return peFacts(print('readobj', ...PE_OPTIONS));
  const facts = machOFacts({
    headers: print('readobj', ...MACH_O_OPTIONS),
    exportsTrie: print('objdump', '--macho', '--exports-trie'),
    undefinedSymbols: print('nm', '-m', '-u'),
    id: print('objdump', '--macho', '--dylib-id'),
  });
  return { ...facts, signatureProblem: signatureProblem(readFileSync(path)) };
}
