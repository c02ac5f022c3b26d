import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root } from '../prepare.mjs';
import { run } from '../run.mjs';
import { artefactOf, build, sha256 } from './build.mjs';

/**
 * Builds a target once more, from nothing, from a clone of HEAD in another folder.
 *
 * @param {import('./targets.mjs').Target} target
 * @param {import('./toolchain.mjs').Toolchain} toolchain
 * @returns {Promise<{ here: string, there: string }>} the hashes of both
 */
export async function buildElsewhere(target, toolchain) {
  const folder = mkdtempSync(join(tmpdir(), 'smart-m2m-reproducible-'));
  const remove = () => rmSync(folder, { recursive: true, force: true });
  process.once('exit', remove);
  try {
    const source = join(folder, 'clone');
    const { ok } = await run('git', ['clone', '--quiet', root, source]);
    if (!ok) throw new Error('The repository could not be cloned.');
    const into = join(folder, target.addon);
    await build(target, toolchain, { source, into });
    return { here: sha256(artefactOf(target)), there: sha256(into) };
  } finally {
    process.off('exit', remove);
    remove();
  }
}
