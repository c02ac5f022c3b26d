import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { root } from '../prepare.mjs';
import { npm } from './npm.mjs';

/** Where the tarballs are, as `npm publish` takes them. */
export const TARBALLS = join(root, 'target', 'packages');

/** In that folder: which there are, in the order of publication. */
const LIST = 'tarballs.json';

/**
 * @typedef {object} Tarball
 * @property {string} name
 * @property {string} version
 * @property {string} file
 * @property {number} size bytes of the tarball
 * @property {number} unpackedSize bytes
 */

/**
 * Packs the main package, and the one for each platform whose addon is in `npm/<platform>/` or in `lib/`.
 *
 * @returns {Tarball[]} in the order of publication: the main package last, so that whoever installs it finds the rest
 */
export function packTarballs() {
  rmSync(TARBALLS, { recursive: true, force: true });
  mkdirSync(TARBALLS, { recursive: true });
  const platforms = readdirSync(join(root, 'npm')).flatMap((platform) => packPlatform(platform));
  const tarballs = [...platforms, pack(root)];
  writeFileSync(
    join(TARBALLS, LIST),
    JSON.stringify(tarballs.map(({ file, ...rest }) => ({ ...rest, file: basename(file) }))),
  );
  return tarballs;
}

/**
 * What `packTarballs` left, here or on the machine that it was brought from.
 *
 * @param {string} [folder]
 * @returns {Tarball[]}
 */
export function tarballsIn(folder = TARBALLS) {
  return JSON.parse(readFileSync(join(folder, LIST), 'utf8')).map((packed) => ({
    ...packed,
    file: join(folder, packed.file),
  }));
}

function packPlatform(platform) {
  const folder = join(root, 'npm', platform);
  const { main } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  const addon = [join(folder, main), join(root, 'lib', main)].find((path) => existsSync(path));
  if (addon === undefined) return [];
  const stage = join(TARBALLS, platform);
  cpSync(folder, stage, { recursive: true });
  cpSync(addon, join(stage, main));
  for (const name of ['LICENSE', 'THIRD-PARTY-LICENSES']) cpSync(join(root, name), join(stage, name));
  const packed = pack(stage);
  rmSync(stage, { recursive: true });
  return [packed];
}

function pack(folder) {
  const output = npm(['pack', '--json', '--ignore-scripts', '--pack-destination', TARBALLS], { cwd: folder });
  const [{ name, version, filename, size, unpackedSize }] = Object.values(JSON.parse(output));
  return { name, version, file: join(TARBALLS, filename), size, unpackedSize };
}
