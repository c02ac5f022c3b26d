import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { output } from './folders.mjs';

// Apple's frameworks, without Apple's SDK. A linker needs no more of them than the names that they export: those
// stand in the crates that declare them, and are written down in the form that a linker reads (.tbd). The system's
// own trust store and proxy settings are read through them, so that the addon does import such names: whether a
// macOS has each under that name is for the crates to know, and no gate here can tell.

/** By framework: the crate that declares it, and the version that it is compatible with, of the SDK. */
const FRAMEWORKS = {
  CoreFoundation: { crate: 'core-foundation-sys', compatible: '150' },
  Security: { crate: 'security-framework-sys', compatible: '1' },
  SystemConfiguration: { crate: 'system-configuration-sys', compatible: '1' },
};

export const APPLE_FRAMEWORKS = Object.keys(FRAMEWORKS).map(pathOf);

/**
 * @param {import('./toolchain.mjs').Toolchain} toolchain
 * @param {string} source the checkout whose dependencies count
 * @returns {Promise<string>} the folder of the frameworks
 */
export async function prepareAppleStubs(toolchain, source) {
  const folder = join(output, 'apple-stubs');
  const crates = cratesOf(toolchain, source);
  for (const [framework, { crate, compatible }] of Object.entries(FRAMEWORKS)) {
    const names = declaredNames(crates.get(crate));
    const file = join(folder, `${framework}.framework`, `${framework}.tbd`);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, stub(framework, compatible, names));
  }
  return folder;
}

function cratesOf({ env }, source) {
  const command = ['metadata', '--locked', '--format-version', '1'];
  const options = { cwd: source, env: { ...process.env, ...env }, encoding: 'utf8', maxBuffer: 1 << 28 };
  const { status, stdout, stderr } = spawnSync(env.CARGO, command, options);
  if (status !== 0) throw new Error(`The dependencies could not be listed: ${stderr}`);
  return new Map(
    JSON.parse(stdout).packages.map(({ name, manifest_path }) => [name, dirname(manifest_path)]),
  );
}

/** @param {string} crate its folder */
function declaredNames(crate) {
  const files = readdirSync(join(crate, 'src'), { recursive: true }).filter((name) => name.endsWith('.rs'));
  const sources = files.map((name) => readFileSync(join(crate, 'src', name), 'utf8'));
  const names = sources.flatMap((source) =>
    [...source.matchAll(/\bpub (?:fn|static(?: mut)?) (\w+)/g)].map(([, name]) => name),
  );
  return [...new Set(names)].sort();
}

function stub(framework, compatible, names) {
  return `--- !tapi-tbd
tbd-version: 4
targets: [ x86_64-macos, arm64-macos ]
install-name: '${pathOf(framework)}'
current-version: ${compatible}
compatibility-version: ${compatible}
exports:
  - targets: [ x86_64-macos, arm64-macos ]
    symbols: [ ${names.map((name) => `_${name}`).join(', ')} ]
...
`;
}

function pathOf(framework) {
  return `/System/Library/Frameworks/${framework}.framework/Versions/A/${framework}`;
}
