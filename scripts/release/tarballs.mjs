import { join } from 'node:path';
import { packagesIn, packPackages } from '../packages.mjs';
import { root } from '../prepare.mjs';

/** Where the tarballs are, as `npm publish` takes them. */
export const TARBALLS = join(root, 'target', 'packages');

/** @typedef {import('../packages.mjs').Packed} Tarball */

/** @returns {Tarball[]} in the order of publication */
export function packTarballs() {
  return inOrder(packPackages(root, TARBALLS));
}

/**
 * What `packTarballs` left, here or on the machine that it was brought from.
 *
 * @param {string} [folder]
 * @returns {Tarball[]} in the order of publication
 */
export function tarballsIn(folder = TARBALLS) {
  return inOrder(packagesIn(folder));
}

/** The main package last, so that whoever installs it finds the rest. */
function inOrder({ main, platforms }) {
  return [...platforms, main];
}
