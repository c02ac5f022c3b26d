import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { root } from '../prepare.mjs';

/** What was fetched: shared by all checkouts of a user. */
export const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'smart-m2m', 'platforms');
/** What was built from this checkout, and what was found about it. */
export const output = join(root, 'target', 'platforms');

/**
 * A folder that is filled once: what an interrupted run has left, or one with another recipe, is made anew.
 *
 * @param {string} folder
 * @param {unknown} recipe what its content follows from
 * @param {(folder: string) => Promise<void>} fill throws where it cannot
 * @returns {Promise<string>} the folder
 */
export async function once(folder, recipe, fill) {
  const wanted = JSON.stringify(recipe);
  if (readText(join(folder, '.recipe')) === wanted) return folder;
  const part = `${folder}.part`;
  for (const left of [part, folder]) rmSync(left, { recursive: true, force: true });
  mkdirSync(part, { recursive: true });
  await fill(part);
  writeFileSync(join(part, '.recipe'), wanted);
  renameSync(part, folder);
  return folder;
}

/** @param {string} path */
export function readText(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  }
}
