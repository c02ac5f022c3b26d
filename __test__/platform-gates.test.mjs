import test from 'ava';
import { elfFacts } from '../scripts/platforms/binaries/elf.mjs';
import { machOFacts } from '../scripts/platforms/binaries/mach-o.mjs';
import { signatureProblem } from '../scripts/platforms/binaries/mach-o-signature.mjs';
import { peFacts } from '../scripts/platforms/binaries/pe.mjs';
import { gatesOf } from '../scripts/platforms/gates.mjs';
import { targetOf } from '../scripts/platforms/targets.mjs';
import { machOFile } from './support/mach-o.mjs';

const ENTRY = 'napi_register_module_v1';
const GNU = targetOf('x86_64-unknown-linux-gnu');
const MUSL = targetOf('aarch64-unknown-linux-musl');
const WINDOWS = targetOf('x86_64-pc-windows-msvc');
const MACOS = targetOf('aarch64-apple-darwin');

const FOLDERS = ['/build/checkout/'];
const HARMLESS = Buffer.from('/cargo/registry/src/build/lib.rs');

const passable = {
  [GNU.platform]: {
    architecture: 'x86_64',
    exports: [ENTRY],
    libraries: ['libc.so.6', 'libm.so.6', 'libpthread.so.0', 'libdl.so.2', 'ld-linux-x86-64.so.2'],
    glibcVersions: ['2.2.5', '2.17', '2.3.4'],
  },
  [MUSL.platform]: { architecture: 'aarch64', exports: [ENTRY], libraries: ['libc.so'] },
  [WINDOWS.platform]: {
    architecture: 'x86_64',
    exports: [ENTRY],
    libraries: ['KERNEL32.dll', 'api-ms-win-crt-heap-l1-1-0.dll', 'bcryptprimitives.dll'],
  },
  [MACOS.platform]: {
    architecture: 'aarch64',
    exports: [ENTRY],
    libraries: [
      '/System/Library/Frameworks/Security.framework/Versions/A/Security',
      '/usr/lib/libSystem.B.dylib',
    ],
    installName: '@rpath/smart-m2m.darwin-arm64.node',
    oldestMacos: '11.0',
    unboundSymbols: [],
    signatureProblem: null,
  },
};

const failedGates = (target, changes, file = HARMLESS) =>
  gatesOf(target, { ...passable[target.platform], ...changes }, file, FOLDERS)
    .filter(({ ok }) => !ok)
    .map(({ name, found }) => `${name}: ${found}`);

for (const target of [GNU, MUSL, WINDOWS, MACOS]) {
  test(`an addon for ${target.platform} that has everything passes`, (t) => {
    t.deepEqual(failedGates(target, {}), []);
  });

  test(`an addon for ${target.platform} without the entry of Node-API does not pass`, (t) => {
    const exports = ['jent_version', `${ENTRY}0`];
    t.deepEqual(failedGates(target, { exports }), [`entry: exports 2 names and not ${ENTRY}`]);
  });

  test(`an addon for ${target.platform} of another architecture does not pass`, (t) => {
    t.deepEqual(failedGates(target, { architecture: 'riscv64' }), ['architecture: riscv64']);
  });

  test(`an addon for ${target.platform} that names a folder of the build does not pass`, (t) => {
    const file = Buffer.from('\0/build/checkout/src/lib.rs\0');
    t.deepEqual(failedGates(target, {}, file), ['build paths: names 1 of them']);
  });
}

test('a library that not every system has does not pass', (t) => {
  const withLibrary = (target, name) =>
    failedGates(target, { libraries: [...passable[target.platform].libraries, name] });
  t.deepEqual(withLibrary(GNU, 'libgcc_s.so.1'), ['libraries: also libgcc_s.so.1']);
  t.deepEqual(withLibrary(GNU, 'libssl.so.3'), ['libraries: also libssl.so.3']);
  t.deepEqual(withLibrary(MUSL, 'libc.so.6'), ['libraries: also libc.so.6']);
  t.deepEqual(withLibrary(WINDOWS, 'VCRUNTIME140.dll'), ['libraries: also VCRUNTIME140.dll']);
  t.deepEqual(withLibrary(WINDOWS, 'libunwind.dll'), ['libraries: also libunwind.dll']);
  t.deepEqual(withLibrary(MACOS, '@rpath/libSystem.B.dylib'), ['libraries: also @rpath/libSystem.B.dylib']);
});

test('an addon that needs a newer glibc than the floor, or a private symbol of one, does not pass', (t) => {
  t.deepEqual(failedGates(GNU, { glibcVersions: ['2.2.5', '2.17', '2.18'] }), ['glibc: needs 2.18']);
  t.deepEqual(failedGates(GNU, { glibcVersions: ['2.9', '3'] }), ['glibc: needs 3']);
  t.deepEqual(failedGates(GNU, { glibcVersions: ['2.17', 'PRIVATE'] }), ['glibc: needs PRIVATE']);
  t.deepEqual(failedGates(GNU, { glibcVersions: [] }), ['glibc: no version']);
});

test('an addon that only a newer macOS loads, or that Apple silicon does not run, does not pass', (t) => {
  t.deepEqual(failedGates(MACOS, { oldestMacos: '15.0' }), ['oldest macOS: 15.0']);
  t.deepEqual(failedGates(MACOS, { oldestMacos: undefined }), ['oldest macOS: none named']);
  t.deepEqual(failedGates(MACOS, { signatureProblem: 'it is not signed' }), ['signature: it is not signed']);
  t.deepEqual(failedGates(MACOS, { unboundSymbols: ['_foo'] }), ['bound symbols: 1 unbound']);
  t.deepEqual(failedGates(MACOS, { installName: '/build/a.dylib' }), ['install name: /build/a.dylib']);
});

test('only for Apple silicon a signature is asked for', (t) => {
  const intel = targetOf('x86_64-apple-darwin');
  const facts = { ...passable[MACOS.platform], architecture: 'x86_64', installName: `@rpath/${intel.addon}` };
  const gates = gatesOf(intel, { ...facts, signatureProblem: 'it is not signed' }, HARMLESS, FOLDERS);
  t.true(gates.every(({ ok }) => ok));
});

test('an ELF file is read: what it exports, what it needs, and the glibc of each symbol', (t) => {
  const symbol = (name, section, binding = 'Global') => ({
    Symbol: { Name: { Name: name }, Binding: { Name: binding }, Section: { Name: section } },
  });
  const printed = [
    {
      FileSummary: { Format: 'elf64-x86-64', Arch: 'x86_64' },
      NeededLibraries: ['libc.so.6'],
      DynamicSymbols: [
        symbol('', 'Undefined', 'Local'),
        symbol('dlsym@GLIBC_2.34', 'Undefined'),
        symbol('memcpy@GLIBC_2.14', 'Undefined'),
        symbol('malloc@GLIBC_2.14', 'Undefined'),
        symbol('gettid', 'Undefined', 'Weak'),
        symbol('__libc_secret@GLIBC_PRIVATE', 'Undefined'),
        symbol('inner', '.text', 'Local'),
        symbol(ENTRY, '.text'),
      ],
    },
  ];
  t.deepEqual(elfFacts(JSON.stringify(printed)), {
    architecture: 'x86_64',
    exports: [ENTRY],
    libraries: ['libc.so.6'],
    glibcVersions: ['2.34', '2.14', 'PRIVATE'],
  });
});

test('a DLL is read: its exports and not its imports', (t) => {
  const printed = `
File: w.dll
Format: COFF-x86-64
Arch: x86_64
NeededLibraries [
  KERNEL32.dll
  api-ms-win-crt-heap-l1-1-0.dll
]
Export {
  Ordinal: 1
  Name: jent_version
  RVA: 0x1010
}
Export {
  Ordinal: 2
  Name: ${ENTRY}
  RVA: 0x1020
}
`;
  t.deepEqual(peFacts(printed), {
    architecture: 'x86_64',
    exports: ['jent_version', ENTRY],
    libraries: ['KERNEL32.dll', 'api-ms-win-crt-heap-l1-1-0.dll'],
  });
  t.deepEqual(peFacts('Arch: x86_64\n'), { architecture: 'x86_64', exports: [], libraries: [] });
});

test('a dylib is read: without itself among its libraries, and with the symbols that no library has', (t) => {
  const headers = `
Format: Mach-O arm64
Arch: aarch64
NeededLibraries [
  /usr/lib/libSystem.B.dylib
  @rpath/smart-m2m.node
]
MinVersion {
  Cmd: LC_BUILD_VERSION
  Platform: macos
  Version: 11.0
  SDK: 27.0
}
`;
  const printed = {
    headers,
    exportsTrie: `m.dylib:\n\nExports trie:\n0x00001548  _${ENTRY}\n0x00008008  ___dso_handle\n`,
    undefinedSymbols:
      '                 (undefined) external _malloc (from libSystem)\n' +
      '                 (undefined) external _missing (dynamically looked up)\n',
    id: 'm.dylib:\n@rpath/smart-m2m.node\n',
  };
  t.deepEqual(machOFacts(printed), {
    architecture: 'aarch64',
    exports: [ENTRY, '__dso_handle'],
    libraries: ['/usr/lib/libSystem.B.dylib'],
    installName: '@rpath/smart-m2m.node',
    oldestMacos: '11.0',
    unboundSymbols: ['(undefined) external _missing (dynamically looked up)'],
  });
});

test('an ad-hoc signature holds for every byte that it covers, and for no other file', (t) => {
  t.is(signatureProblem(machOFile()), null);
  for (const at of [0x100, 4095, 4096, 4999]) {
    const changed = machOFile();
    changed[at] ^= 1;
    t.is(signatureProblem(changed), `page ${at < 4096 ? 0 : 1} is not what was signed`);
  }
  t.is(signatureProblem(machOFile({ signed: false })), 'it is not signed');
  t.is(signatureProblem(machOFile({ flags: 0 })), 'its signature is not an ad-hoc one');
  t.is(signatureProblem(Buffer.from('MZ')), 'it is not signed');
});

test('a signature that does not reach to its own start is not a signature of the file', (t) => {
  const file = machOFile();
  // The directory's limit, which is the last of its words.
  file.writeUInt32BE(4096, 5000 + 20 + 32);
  t.is(signatureProblem(file), '4096 bytes are signed of the 5000 before the signature');
});
