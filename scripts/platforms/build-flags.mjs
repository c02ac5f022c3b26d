// What compilers and linkers are told in builds for a release. The variables replace what .cargo/config.toml says, so
// that its flags for Linux and for Windows stand here once more.

/**
 * @param {string} rustTarget
 * @param {object} options
 * @param {readonly string[]} options.paths `from=to`: what stands in the addon in place of the machine's folders. The
 *   more special come last: the last that fits is taken
 * @param {readonly string[]} [options.rustFlags] further ones
 * @returns {Record<string, string>} variables of the environment
 */
export function buildFlags(rustTarget, { paths, rustFlags = [] }) {
  const rust = paths.map((path) => `--remap-path-prefix=${path}`);
  const c = rustTarget.endsWith('-msvc') ? [] : paths.map((path) => `-ffile-prefix-map=${path}`);
  if (rustTarget.includes('-linux-')) {
    rust.push('-Cforce-frame-pointers=yes');
    c.push('-fno-asynchronous-unwind-tables', '-fno-unwind-tables');
  }
  // Node.js for musl links it dynamically, and so must what it loads.
  if (rustTarget.endsWith('-musl')) rust.push('-Ctarget-feature=-crt-static');
  // No Visual C++ redistributable on the user's machine; and a hash where the time of linking would be.
  if (rustTarget.endsWith('-msvc')) rust.push('-Ctarget-feature=+crt-static', '-Clink-arg=/Brepro');
  const name = rustTarget.replaceAll('-', '_');
  return {
    // The variable that can hold paths with spaces.
    CARGO_ENCODED_RUSTFLAGS: [...rust, ...rustFlags].join('\x1f'),
    [`CFLAGS_${name}`]: c.join(' '),
    [`AWS_LC_SYS_CFLAGS_${name}`]: c.join(' '),
    // By LLVM's linker: the time that it writes into a DLL.
    ...(rustTarget.includes('-windows-gnu') && { SOURCE_DATE_EPOCH: '0' }),
  };
}
