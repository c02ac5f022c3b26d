import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { buildFlags } from '../scripts/platforms/build-flags.mjs';
import { once } from '../scripts/platforms/folders.mjs';
import { figures, withFigures } from '../scripts/platforms/report.mjs';
import { chooseTargets, TARGETS, targetOf } from '../scripts/platforms/targets.mjs';
import { PACKAGE_ROOT } from './support/child.mjs';

test('each target has a package to go to, and a file name of its own', async (t) => {
  const folders = await readdir(join(PACKAGE_ROOT, 'npm'));
  t.deepEqual(TARGETS.map(({ platform }) => platform).sort(), folders.sort());
  t.is(new Set(TARGETS.map(({ addon }) => addon)).size, TARGETS.length);
});

test('Windows is built without anything of Microsoft, and glibc with the oldest that is promised', (t) => {
  t.is(targetOf('aarch64-pc-windows-msvc').rustTarget, 'aarch64-pc-windows-gnullvm');
  t.is(targetOf('aarch64-unknown-linux-gnu').zigTarget, 'aarch64-unknown-linux-gnu.2.17');
  t.is(targetOf('aarch64-unknown-linux-musl').zigTarget, 'aarch64-unknown-linux-musl');
  t.is(targetOf('x86_64-apple-darwin').rustTarget, 'x86_64-apple-darwin');
});

test('a DLL has no time of its building in it, whichever linker makes it', (t) => {
  const flags = (rustTarget) => buildFlags(rustTarget, { paths: [] });
  t.is(flags('x86_64-pc-windows-gnullvm').SOURCE_DATE_EPOCH, '0');
  t.true(flags('x86_64-pc-windows-msvc').CARGO_ENCODED_RUSTFLAGS.includes('-Clink-arg=/Brepro'));
  t.is(flags('x86_64-unknown-linux-gnu').SOURCE_DATE_EPOCH, undefined);
});

test('targets are chosen by platform or triple, and one that there is not is named', (t) => {
  const names = (...chosen) => chooseTargets(chosen).map(({ platform }) => platform);
  t.deepEqual(names('x86_64-pc-windows-msvc', 'linux-x64-gnu'), ['linux-x64-gnu', 'win32-x64-msvc']);
  t.is(names().length, TARGETS.length);
  t.throws(() => names('linux-x64-gnu', 'linux-x86'), {
    message: /^There is no target linux-x86: .*linux-x64-gnu/,
  });
});

test('a folder is filled once, again after an interruption, and anew for another recipe', async (t) => {
  const scratch = await mkdtemp(join(tmpdir(), 'smart-m2m-once-'));
  t.teardown(() => rm(scratch, { recursive: true, force: true }));
  const folder = join(scratch, 'tools');
  let fills = 0;
  const fill = (recipe, { fails = false } = {}) =>
    once(folder, recipe, async (part) => {
      fills += 1;
      t.deepEqual(await readdir(part), []);
      await writeFile(join(part, `file-${fills}`), '');
      if (fails) throw new Error('interrupted');
    });
  const content = async () => (await readdir(folder)).filter((name) => name.startsWith('file-'));

  await t.throwsAsync(fill('one', { fails: true }), { message: 'interrupted' });
  t.is(await fill('one'), folder);
  await fill('one');
  t.deepEqual(await content(), ['file-2']);
  await fill('two');
  t.deepEqual(await content(), ['file-3']);
});

test('the figures say what passed, what failed, what was not run and what was not built', (t) => {
  const record = {
    sha256: '0123456789abcdef0123',
    builtAt: '2026-01-02',
    bytes: 7_417_032,
    gzipBytes: 3_243_282,
    cpuSeconds: 400,
    reproducible: true,
    gates: [
      { name: 'glibc', ok: true, found: 'needs 2.17' },
      { name: 'libraries', ok: true, found: 'libc.so.6 libm.so.6' },
    ],
    run: { runtime: 'Node.js 20', ok: true, found: 'token and request' },
  };
  const failing = {
    ...record,
    cpuSeconds: null,
    gates: [{ name: 'entry', ok: false, found: 'exports 9 names' }],
    run: { runtime: 'Node.js 24', ok: false, found: 'no result' },
  };
  const [gnu, musl, arm64, windows] = TARGETS;
  const text = figures([
    [gnu, record],
    [musl, failing],
    [arm64, { ...record, gates: undefined, run: null }],
    [windows, undefined],
  ]);
  const rows = text.split('\n').filter((line) => line.startsWith('| `'));
  t.deepEqual(rows.slice(0, 4), [
    `| \`${gnu.platform}\` | 7.42 MB | 3.24 MB | 6 min 40 s | all 2 passed | passed: Node.js 20 |`,
    `| \`${musl.platform}\` | 7.42 MB | 3.24 MB | not measured | **failed**: entry (exports 9 names) | **failed**: Node.js 24, no result |`,
    `| \`${arm64.platform}\` | 7.42 MB | 3.24 MB | 6 min 40 s | not checked | not run: nothing on this machine runs it |`,
    `| \`${windows.platform}\` | not built |  |  | not checked | not run |`,
  ]);
  t.is(
    rows[4],
    `| \`${gnu.platform}\` | 2026-01-02 | glibc 2.17; \`libc.so.6\` \`libm.so.6\` | yes | \`0123456789abcdef…\` |`,
  );
});

test('the figures replace the last ones and nothing else of the page', async (t) => {
  const page = await readFile(join(PACKAGE_ROOT, 'docs', 'platforms.md'), 'utf8');
  const once = withFigures(page, 'NEW');
  t.regex(once, /-->\n\nNEW\n<!--/);
  t.is(withFigures(withFigures(page, 'OTHER'), 'NEW'), once);
  t.throws(() => withFigures('# Page\n', 'NEW'), { message: /no place for figures/ });
});
