import { readdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { aptCache, aptGet, privateApt, unpackArchives } from '../debian-packages.mjs';
import { cache, once } from './folders.mjs';
import { unpackPython } from './python-packages.mjs';

// The compilers of all targets: Debian's newest Rust, which has the sources of its standard library and one that
// is built for arm64, and zig, which is a C compiler and a linker for every target. Nothing is installed.

const PYTHON_PACKAGES = ['ziglang==0.17.1', 'cargo-zigbuild==0.24.0'];
const RUST_PACKAGES = ['rustc-web', 'cargo-web', 'rust-web-src', 'rust-web-llvm', 'libstd-rust-web-dev'];
/** Of what those depend on. The rest is on any Debian that has git and a C compiler. */
const LIBRARIES =
  /^(?:llvm-\d+|libllvm\d+|libstd-rust-web-[\d.]+|libgit2-[\d.]+|libhttp-parser[\d.]+|libmbed\w+-?\d+)$/;

/**
 * @typedef {object} Toolchain
 * @property {Record<string, string>} env that its programs need
 * @property {string} sysroot of rustc
 * @property {string} rustSources of the standard library
 * @property {string} zigbuild
 * @property {(name: string) => string} llvm the path of one of LLVM's tools
 */

/** @returns {Promise<Toolchain>} */
export async function prepareToolchain() {
  const debian = await once(join(cache, 'rust'), [RUST_PACKAGES, String(LIBRARIES)], fetchRust);
  const python = await once(join(cache, 'zig'), PYTHON_PACKAGES, fetchZig);
  const sysroot = join(debian, 'usr');
  const bin = join(sysroot, 'bin');
  const suffix = /^llvm-readobj(-\d+)$/;
  const [, version] = readdirSync(bin)
    .map((name) => suffix.exec(name))
    .find((match) => match !== null);
  const zigCache = join(cache, 'zig-cache');
  return {
    env: {
      PATH: [bin, join(python, 'bin'), process.env.PATH].join(delimiter),
      LD_LIBRARY_PATH: join(sysroot, 'lib', 'x86_64-linux-gnu'),
      RUSTC: join(bin, 'rustc'),
      CARGO: join(bin, 'cargo'),
      CARGO_ZIGBUILD_ZIG_PATH: join(python, 'ziglang', 'zig'),
      CARGO_ZIGBUILD_CACHE_DIR: join(cache, 'zigbuild-cache'),
      ZIG_GLOBAL_CACHE_DIR: zigCache,
      ZIG_LOCAL_CACHE_DIR: zigCache,
      // For -Zbuild-std. Set for every target, so that all are built in one way.
      RUSTC_BOOTSTRAP: '1',
    },
    sysroot,
    rustSources: join(sysroot, 'lib', 'rustlib', 'src', 'rust'),
    zigbuild: join(python, 'bin', 'cargo-zigbuild'),
    llvm: (name) => join(bin, `llvm-${name}${version}`),
  };
}

async function fetchRust(folder) {
  console.log('Fetching Rust from Debian …');
  const apt = privateApt(join(folder, 'apt'), { architectures: ['amd64', 'arm64'], knowsSystem: false });
  if (!(await aptGet(apt, ['update']))) throw new Error('The lists of Debian packages could not be fetched.');
  // All of one version: rustc loads no standard library of another, not even one that is built for arm64.
  const version = aptCache(apt, ['madison', RUST_PACKAGES[0]])[0]?.split('|')[1].trim();
  if (version === undefined)
    throw new Error(`Debian's package ${RUST_PACKAGES[0]} is not in the system's sources.`);
  const libraries = dependenciesOf(apt, RUST_PACKAGES);
  const rust = [...RUST_PACKAGES, 'libstd-rust-web-dev:arm64'].map((name) => `${name}=${version}`);
  if (!(await aptGet(apt, ['download', ...rust, ...libraries])) || !(await unpackArchives(apt, folder))) {
    throw new Error('Rust could not be fetched from Debian.');
  }
}

/** @returns {string[]} those of LIBRARIES, each once */
function dependenciesOf(apt, packages) {
  const found = new Set();
  for (let level = packages; level.length > 0; ) {
    const names = aptCache(apt, ['depends', '--important', ...level]).flatMap((line) => {
      const name = /^ [ |]Depends: ([\w.+-]+)$/.exec(line)?.[1];
      return name !== undefined && LIBRARIES.test(name) && !found.has(name) ? [name] : [];
    });
    for (const name of names) found.add(name);
    level = [...new Set(names)];
  }
  return [...found];
}

async function fetchZig(folder) {
  console.log('Fetching zig and cargo-zigbuild from PyPI …');
  await unpackPython(folder, PYTHON_PACKAGES);
}
