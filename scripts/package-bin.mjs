import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * The command that a development dependency brings along, as arguments for `node`: npm's own links to it are
 * shell scripts on Windows.
 *
 * @param {string} root
 * @param {string} packageName
 * @param {string} [name] of the command, where the package has several
 */
export function packageBin(root, packageName, name = packageName) {
  const folder = join(root, 'node_modules', packageName);
  const { bin } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  return join(folder, typeof bin === 'string' ? bin : bin[name]);
}
