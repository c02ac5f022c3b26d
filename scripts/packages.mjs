import { spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { joinModules } from './join-modules.mjs';
import { newestChange } from './newest-change.mjs';
import { npmCommand } from './npm-command.mjs';
import { publishedManifest } from './published-manifest.mjs';

/** Of the main package and one for a platform together, unpacked. */
export const MAX_INSTALLED_BYTES = 6.5 * 2 ** 20;

/**
 * A package as `npm publish` takes it.
 *
 * @typedef {object} Packed
 * @property {string} name
 * @property {string} version
 * @property {string} file path of the tarball
 * @property {number} size bytes of the tarball
 * @property {number} unpackedSize bytes
 * @property {string[]} files paths in the package, sorted
 * @property {Record<string, any>} manifest its package.json
 *
 * @typedef {object} Packages
 * @property {Packed} main
 * @property {Packed[]} platforms those whose addon was there
 */

/**
 * Makes the tarballs of the main package, and of the package for each platform whose addon is in its folder in
 * `npm/` or, from `npm run build`, in `lib/`.
 *
 * @param {string} root of the repository
 * @param {string} folder where they go; what it held is removed
 * @returns {Packages}
 */
export function packPackages(root, folder) {
  mkdirSync(dirname(folder), { recursive: true });
  // Complete or not at all: tests look at the folder while others may be making it.
  const work = mkdtempSync(`${folder}-`);
  try {
    const manifest = readJson(join(root, 'package.json'));
    const platforms = readdirSync(join(root, 'npm')).sort();
    const packages = {
      main: packMain(root, work, publishedManifest(manifest, platforms)),
      platforms: platforms.flatMap((platform) => packPlatform(root, work, platform)),
    };
    for (const name of readdirSync(work)) {
      if (!name.endsWith('.tgz')) rmSync(join(work, name), { recursive: true });
    }
    writeFileSync(join(work, 'packages.json'), JSON.stringify(packages, null, 2));
    rmSync(folder, { recursive: true, force: true });
    renameSync(work, folder);
    return packagesIn(folder);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/**
 * What `packPackages` left in a folder.
 *
 * @param {string} folder
 * @returns {Packages}
 */
export function packagesIn(folder) {
  const { main, platforms } = readJson(join(folder, 'packages.json'));
  const placed = (packed) => ({ ...packed, file: join(folder, packed.file) });
  return { main: placed(main), platforms: platforms.map(placed) };
}

function packMain(root, work, manifest) {
  const stage = join(work, 'main');
  // npm says which files; they are packed with another package.json, and some of them as one.
  const [{ files }] = npmPack(root, ['--dry-run']);
  for (const { path } of files) cpSync(join(root, path), join(stage, path));
  joinModules(stage);
  writeFileSync(join(stage, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);
  const readme = join(stage, 'README.md');
  writeFileSync(readme, withoutPadding(readFileSync(readme, 'utf8')));
  return packed(stage, work);
}

/** Tables that are aligned for whoever edits them: a third of the README is blanks. */
function withoutPadding(markdown) {
  return markdown.replaceAll(/^\|.*\|$/gm, (row) =>
    row.replaceAll(/ {2,}/g, ' ').replaceAll(/-{4,}/g, '---'),
  );
}

function packPlatform(root, work, platform) {
  const source = join(root, 'npm', platform);
  const { main } = readJson(join(source, 'package.json'));
  const addon = [join(source, main), join(root, 'lib', main)].find((path) => existsSync(path));
  if (addon === undefined) return [];
  const stage = join(work, platform);
  cpSync(source, stage, { recursive: true });
  cpSync(addon, join(stage, main));
  for (const name of ['LICENSE', 'THIRD-PARTY-LICENSES']) cpSync(join(root, name), join(stage, name));
  return [packed(stage, work)];
}

function packed(stage, work) {
  const [{ name, version, filename, size, unpackedSize, files }] = npmPack(stage, [
    '--pack-destination',
    work,
  ]);
  return {
    name,
    version,
    file: basename(filename),
    size,
    unpackedSize,
    files: files.map(({ path }) => path).sort(),
    manifest: readJson(join(stage, 'package.json')),
  };
}

function npmPack(cwd, args) {
  const [command, ...all] = npmCommand(['pack', '--json', '--ignore-scripts', '--loglevel=error', ...args]);
  const { status, stdout, stderr, error } = spawnSync(command, all, {
    cwd,
    encoding: 'utf8',
    maxBuffer: 2 ** 26,
  });
  if (status !== 0) throw new Error(`npm pack in ${cwd}: ${error?.message ?? stderr}`);
  // A list; with other versions of npm it may be an object by name.
  return Object.values(JSON.parse(stdout));
}

/**
 * Whether tarballs are missing, or older than what they are made of.
 *
 * @param {string} root
 * @param {string} folder
 */
export function packagesAreStale(root, folder) {
  const list = statSync(join(folder, 'packages.json'), { throwIfNoEntry: false });
  if (list === undefined) return true;
  const sources = [
    'package.json',
    'index.js',
    'index.mjs',
    'index.d.ts',
    'index.d.mts',
    'README.md',
    'LICENSE',
    'lib',
    'npm',
    'scripts/join-modules.mjs',
    'scripts/packages.mjs',
    'scripts/published-manifest.mjs',
  ];
  return sources.some((source) => newestChange(join(root, source)) > list.mtimeMs);
}

function readJson(path) {
  return JSON.parse(readFileSync(path, 'utf8'));
}
