import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  collectQuotations,
  comparable,
  PAGES,
  quotationsIn,
  SECTIONS,
} from '../__test__/support/docs/error-pages.mjs';
import { ErrorScenarios } from '../__test__/support/docs/error-scenarios.mjs';
import { collectWarningMessages } from '../__test__/support/docs/warning-scenarios.mjs';
import { root } from './prepare.mjs';

// Writes what the package says into docs/errors/ and docs/warnings.md anew, for whoever has changed a message: tests in
// __test__/docs/ compare the two. A page has to have as many ```text blocks as there is to quote; empty ones will do.

const COLUMNS = 80;

for (const [code, sections] of Object.entries(await collectQuotations())) {
  await rewrite(join(PAGES, `${code}.md`), (markdown) =>
    SECTIONS.reduce((text, section) => {
      const wanted = section === 'Messages' ? sections[section].map(wrapped) : sections[section];
      return quoting(text, `## ${section}`, wanted);
    }, markdown),
  );
}

const scenarios = await ErrorScenarios.start();
const messages = await collectWarningMessages(scenarios);
await scenarios.close();
await rewrite(join(root, 'docs', 'warnings.md'), (markdown) =>
  Object.entries(messages).reduce(
    (text, [code, message]) => quoting(text, `### ${code}`, [wrapped(message)]),
    markdown,
  ),
);

async function rewrite(path, change) {
  await writeFile(path, change(await readFile(path, 'utf8')));
}

/**
 * @param {string} markdown
 * @param {string} heading of the section
 * @param {string[]} wanted
 */
function quoting(markdown, heading, wanted) {
  const found = quotationsIn(markdown, heading);
  if (found.length !== wanted.length) {
    throw new Error(
      `${wanted.length} blocks are wanted under "${heading}", not ${found.length}:\n${wanted[0]}`,
    );
  }
  let text = markdown;
  for (const [index, { text: quoted, start, end }] of [...found.entries()].reverse()) {
    if (comparable(quoted) === comparable(wanted[index])) continue;
    text = `${text.slice(0, start)}${wanted[index].trimEnd()}\n${text.slice(end)}`;
  }
  return text;
}

/** @param {string} text */
function wrapped(text) {
  return text
    .split('\n')
    .map((line) => line.replaceAll(new RegExp(`(.{1,${COLUMNS}})(?: |$)`, 'g'), '$1\n').trimEnd())
    .join('\n');
}
