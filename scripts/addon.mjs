import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { newestChange } from './newest-change.mjs';
import { packageBin } from './package-bin.mjs';
import { run } from './run.mjs';

const SOURCES = ['Cargo.toml', 'Cargo.lock', 'build.rs', '.cargo', 'src', 'crates'];
const TYPES = 'native.d.ts';

/**
 * Whether `lib/` lacks the addon for this platform, or has one that is older than its sources.
 *
 * @param {string} root
 */
export function addonIsStale(root) {
  const lib = join(root, 'lib');
  const { napi } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const prefix = `${napi.binaryName}.${process.platform}-${process.arch}`;
  const names = readdirSync(lib);
  const addon = names.find((name) => name.startsWith(prefix) && name.endsWith('.node'));
  if (addon === undefined || !names.includes(TYPES)) return true;
  const builtAt = statSync(join(lib, addon)).mtimeMs;
  return SOURCES.some((source) => newestChange(join(root, source)) > builtAt);
}

/**
 * Builds the addon and its types into `lib/`.
 *
 * @param {string} root
 * @param {{ release?: boolean, args?: string[] }} [options] `args` as `napi build` takes them
 * @returns {Promise<boolean>} whether it was built
 */
export async function buildAddon(root, { release = true, args = [] } = {}) {
  const profile = release ? ['--release'] : [];
  const files = ['--output-dir', 'lib', '--no-js', '--dts', TYPES];
  const napi = packageBin(root, '@napi-rs/cli', 'napi');
  const { ok } = await run(process.execPath, [napi, 'build', '--platform', ...profile, ...files, ...args], {
    cwd: root,
  });
  return ok;
}
