import { readFileSync } from 'node:fs';
import test from 'ava';
import { LICENSES_FILE, licenseProblems } from '../../scripts/release/third-party-licenses.mjs';

const text = readFileSync(new URL(`../../${LICENSES_FILE}`, import.meta.url), 'utf8');

test('the license of every crate in the addon, on any platform, is passed on', (t) => {
  t.deepEqual(licenseProblems(text), []);
});

test('a crate whose license is missing is named', (t) => {
  const [problem, ...others] = licenseProblems(text.replace(/^rustls \d.*$/m, ''));
  t.regex(problem, /^rustls@\S+ is in the addon and not in THIRD-PARTY-LICENSES: run npm run licenses\.$/);
  t.deepEqual(others, []);
});

test('a version that is no longer used is named', (t) => {
  t.deepEqual(licenseProblems(text.replace(/^rustls (\d.*)$/m, 'rustls $1\nrustls 0.0.1')), [
    'rustls@0.0.1 is in THIRD-PARTY-LICENSES and not in Cargo.lock: run npm run licenses.',
  ]);
});
