import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * What this machine lacks to build the package, a sentence each; empty when nothing is missing. Nothing here may
 * need a newer Node than the oldest that should still be told so.
 *
 * @param {string} root
 * @returns {string[]}
 */
export function missingTools(root) {
  return [nodeProblem(root), rustProblem(root), compilerProblem()].filter((problem) => problem !== null);
}

function nodeProblem(root) {
  const { engines } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const needed = engines.node.replace('>=', '');
  if (isAtLeast(process.versions.node, needed)) return null;
  return `Node.js ${needed} or newer is needed, and this is ${process.versions.node}.`;
}

function rustProblem(root) {
  const manifest = readFileSync(join(root, 'Cargo.toml'), 'utf8');
  const needed = /^rust-version = "([\d.]+)"$/m.exec(manifest)[1];
  // Both from the package's folder: rustup chooses a toolchain by folder.
  if (outputOf('cargo', ['--version'], root) === null) {
    return `A Rust toolchain is needed and cargo does not run: install Rust ${needed} or newer, for example with rustup.`;
  }
  const version = /^rustc ([\d.]+)/.exec(outputOf('rustc', ['--version'], root) ?? '')?.[1];
  if (version === undefined) {
    return `A Rust toolchain is needed and rustc does not run: install Rust ${needed} or newer, for example with rustup.`;
  }
  if (isAtLeast(version, needed)) return null;
  return `Rust ${needed} or newer is needed, and rustc is ${version}: update it, for example with \`rustup update\`.`;
}

function compilerProblem() {
  // On Windows it comes with the linker that rustc itself finds, and is not on the path.
  if (process.platform === 'win32') return null;
  const candidates = process.env.CC ? [process.env.CC] : ['cc', 'gcc', 'clang'];
  if (candidates.some((compiler) => outputOf(compiler, ['--version']) !== null)) return null;
  const tried = process.env.CC
    ? `CC names ${process.env.CC}, which does not run`
    : 'none of cc, gcc and clang runs';
  return `A C compiler is needed and ${tried}: install gcc or clang.`;
}

function outputOf(command, args, cwd) {
  const { status, stdout } = spawnSync(command, args, { cwd, encoding: 'utf8' });
  return status === 0 ? stdout : null;
}

function isAtLeast(version, needed) {
  const parts = version.split('.').map(Number);
  for (const [index, least] of needed.split('.').map(Number).entries()) {
    const part = parts[index] ?? 0;
    if (part !== least) return part > least;
  }
  return true;
}
