import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { npm } from '../../scripts/release/npm.mjs';
import { packTarballs } from '../../scripts/release/tarballs.mjs';

/** A package of one empty file. */
export const EMPTY = 'empty';
/** A package of many. */
export const OTHERS = 'others';

/**
 * Installs the package from its tarballs into a project that has only `EMPTY` and `OTHERS` besides, and is gone when this
 * process ends.
 *
 * @returns {string} a file name to resolve from
 */
export function installPackage() {
  const folder = mkdtempSync(join(tmpdir(), 'smart-m2m-installed-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(join(folder, 'package.json'), '{ "private": true }');
  const files = packTarballs()
    .filter(
      ({ name }) => !name.includes('smart-m2m-') || name.includes(`${process.platform}-${process.arch}`),
    )
    .map(({ file }) => file);
  const options = ['--offline', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
  npm(['install', ...options, ...files], { cwd: folder });
  addPackage(folder, EMPTY, 0);
  addPackage(folder, OTHERS, 40);
  return join(folder, 'program.js');
}

function addPackage(project, name, files) {
  const folder = join(project, 'node_modules', name);
  mkdirSync(folder);
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ name, exports: { require: './index.js' } }));
  const names = Array.from({ length: files }, (_, index) => `file-${index}.js`);
  writeFileSync(join(folder, 'index.js'), names.map((file) => `require('./${file}');\n`).join(''));
  for (const file of names) writeFileSync(join(folder, file), '');
}
