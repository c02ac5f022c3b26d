import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * Compiles a C file for LD_PRELOAD, with the C compiler that building the package needs as well.
 *
 * @param {string} source
 */
export function buildSharedLibrary(source) {
  const directory = mkdtempSync(join(tmpdir(), 'smart-m2m-preloaded-'));
  const library = join(directory, 'preloaded.so');
  const compilers = process.env.CC ? [process.env.CC] : ['cc', 'gcc', 'clang'];
  const problems = compilers.map((compiler) => compile(compiler, source, library));
  if (problems.every((problem) => problem !== null)) throw new AggregateError(problems, 'no C compiler');
  return {
    library,
    /** Where files that belong to it can be. */
    directory,
    remove: () => rmSync(directory, { recursive: true, force: true }),
  };
}

function compile(compiler, source, library) {
  try {
    execFileSync(compiler, ['-shared', '-fPIC', '-O1', '-o', library, source, '-ldl'], { stdio: 'pipe' });
    return null;
  } catch (error) {
    return error;
  }
}
