import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

/**
 * When a file, or anything in a folder, was last changed, in milliseconds. A folder counts as well: what was deleted
 * from it has changed it.
 *
 * @param {string} path
 * @returns {number}
 */
export function newestChange(path) {
  const stats = statSync(path);
  if (!stats.isDirectory()) return stats.mtimeMs;
  return Math.max(stats.mtimeMs, ...readdirSync(path).map((name) => newestChange(join(path, name))));
}
