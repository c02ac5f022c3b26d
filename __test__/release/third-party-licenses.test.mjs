import { readFileSync } from 'node:fs';
import test from 'ava';
import { withSharedTexts } from '../../scripts/release/shared-license-texts.mjs';
import { LICENSES_FILE, licenseProblems } from '../../scripts/release/third-party-licenses.mjs';

const text = readFileSync(new URL(`../../${LICENSES_FILE}`, import.meta.url), 'utf8');

test('the license of every crate in the addon, on any platform, is passed on', (t) => {
  t.deepEqual(licenseProblems(text), []);
});

test('a crate whose license is missing is named', (t) => {
  const [problem, ...others] = licenseProblems(text.replace(/^rustls \d.*\n/m, ''));
  t.regex(problem, /^rustls@\S+ is in the addon and not in THIRD-PARTY-LICENSES: run npm run licenses\.$/);
  t.deepEqual(others, []);
});

test('a version that is no longer used is named', (t) => {
  t.deepEqual(licenseProblems(text.replace(/^rustls (\d.*)$/m, 'rustls $1\nrustls 0.0.1')), [
    'rustls@0.0.1 is in THIRD-PARTY-LICENSES and not in Cargo.lock: run npm run licenses.',
  ]);
});

const RULE = '-'.repeat(80);
const PERMISSION = 'Permission is hereby granted, free of charge, to any person';

test('a text that several crates have is there once, with the notices of each', (t) => {
  const one = `a 1.0.0 <https://a.example>\nMIT License\n\nCopyright (c) A\n\n${PERMISSION}\nwho wants it.\n\n\n`;
  const other = `b 2.0.0 <https://b.example>\nMIT License\n\nThe MIT License (MIT)\n\nCopyright (c) B\n\n${PERMISSION} who\nwants it.\n`;
  const apache = 'c 3.0.0 <https://c.example>\nApache License 2.0\n\nTerms\n';
  t.is(
    withSharedTexts(['Preface\n', one, apache, other].join(`${RULE}\n`)),
    [
      'Preface\n',
      apache,
      `a 1.0.0 <https://a.example>\n    Copyright (c) A\nb 2.0.0 <https://b.example>\n    Copyright (c) B\n\nMIT License\n\n${PERMISSION}\nwho wants it.\n\n\n`,
    ].join(`${RULE}\n`),
  );
});

test('another permission, and a text with terms before it, stay as they are', (t) => {
  const other = `a 1.0.0 <https://a.example>\nMIT License\n\n${PERMISSION} but one.\n`;
  const terms = `b 1.0.0 <https://b.example>\nMIT License\n\nLicensed under two licenses\n\n${PERMISSION} who wants it.\n`;
  const shared = withSharedTexts(['', other, terms].join(`${RULE}\n`));
  t.true(shared.includes(`${RULE}\n${terms}`));
  t.true(shared.includes(`${PERMISSION} but one.`));
  t.is(withSharedTexts(text), text);
});
