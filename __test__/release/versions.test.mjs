import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import { releaseOf } from '../../scripts/release/changelog.mjs';
import { distTag } from '../../scripts/release/publish.mjs';
import { setVersion } from '../../scripts/release/set-version.mjs';
import { versionProblems } from '../../scripts/release/versions.mjs';

const repository = fileURLToPath(new URL('../..', import.meta.url));
const date = new Date('2026-12-24T12:00:00Z');

test('the repository is at one version', (t) => {
  t.deepEqual(versionProblems(), []);
});

test('a release has one version everywhere, and a dated section in the changelog', (t) => {
  const root = checkout(t, '- A change.');
  setVersion('7.8.9-rc.1', { root, date });
  t.deepEqual(versionProblems({ root, tag: 'v7.8.9-rc.1' }), []);
  const changelog = readFileSync(join(root, 'CHANGELOG.md'), 'utf8');
  t.is(releaseOf(changelog, '7.8.9-rc.1'), '### Added\n\n- A change.');
  t.is(releaseOf(changelog, 'Unreleased'), '');
  t.true(changelog.includes('## [7.8.9-rc.1] - 2026-12-24'));
});

test('setting the version changes nothing else', (t) => {
  const root = checkout(t, '- A change.');
  const before = readFileSync(join(root, 'package-lock.json'), 'utf8');
  const { version } = JSON.parse(before);
  setVersion('7.8.9', { root, date });
  const after = readFileSync(join(root, 'package-lock.json'), 'utf8');
  t.is(after.replaceAll('"version": "7.8.9"', `"version": "${version}"`), before);
});

test('each place with another version is named', (t) => {
  const root = checkout(t, '- A change.');
  for (const path of [
    'Cargo.toml',
    'Cargo.lock',
    'fuzz/Cargo.lock',
    'package-lock.json',
    'npm/linux-x64-musl/package.json',
  ]) {
    const file = join(root, path);
    const text = readFileSync(file, 'utf8');
    const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
    const wrong = text.includes('smart-m2m-core')
      ? text.replace(/(smart-m2m(?:-core)?"\nversion = )".+"/, '$1"0.0.9"')
      : text.replace(version, '0.0.9');
    writeFileSync(
      file,
      path === 'Cargo.toml' ? text.replace(`version = "${version}"`, 'version = "0.0.9"') : wrong,
    );
    const [problem] = versionProblems({ root });
    t.true(problem?.includes(path) && problem.includes('0.0.9'), `${path}: ${problem}`);
    writeFileSync(file, text);
  }
});

test('a tag is for the version that is there, with nothing left under Unreleased', (t) => {
  const root = checkout(t, '- A change.');
  setVersion('7.8.9', { root, date });
  t.deepEqual(versionProblems({ root, tag: 'v7.8.8' }), [
    'The tag is v7.8.8, and package.json at 7.8.9: it has to be v7.8.9.',
  ]);
  const file = join(root, 'CHANGELOG.md');
  writeFileSync(
    file,
    readFileSync(file, 'utf8').replace('## [Unreleased]\n', '## [Unreleased]\n\n- Late.\n'),
  );
  t.regex(versionProblems({ root, tag: 'v7.8.9' }).join(), /under Unreleased/);
});

test('there is no release without a change, twice, or of something that is no version', (t) => {
  t.throws(() => setVersion('7.8.9', { root: checkout(t, ''), date }), { message: /nothing to release/ });
  t.throws(() => setVersion('v7.8.9', { root: checkout(t, '- A change.'), date }), {
    message: /no version like/,
  });
  const root = checkout(t, '- A change.');
  setVersion('7.8.9', { root, date });
  t.throws(() => setVersion('7.8.9', { root, date }), { message: /nothing to release/ });
});

test('a release candidate is not what npm installs by default', (t) => {
  t.is(distTag('1.2.3'), 'latest');
  t.is(distTag('1.2.3-rc.1'), 'next');
});

/** What a version stands in, with a changelog of these changes. */
function checkout(t, changes) {
  const root = mkdtempSync(join(tmpdir(), 'smart-m2m-release-'));
  t.teardown(() => rmSync(root, { recursive: true, force: true }));
  const manifests = readdirSync(join(repository, 'npm')).map((folder) => join('npm', folder, 'package.json'));
  for (const path of [
    'package.json',
    'package-lock.json',
    'Cargo.toml',
    'Cargo.lock',
    'fuzz/Cargo.lock',
    ...manifests,
  ]) {
    cpSync(join(repository, path), join(root, path), { recursive: true, force: true });
  }
  const body = changes === '' ? '' : `\n### Added\n\n${changes}\n`;
  writeFileSync(join(root, 'CHANGELOG.md'), `# Changelog\n\n## [Unreleased]\n${body}`);
  return root;
}
