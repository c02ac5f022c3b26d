import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { PACKAGE_ROOT } from './child.mjs';

// The tables of docs/reliability.md: what was tried, as the tests themselves have it.

const FOLDER = join(PACKAGE_ROOT, '__test__', 'reliability');
const ROWS = '.rows.mjs';
const START = '<!-- rows of `node scripts/reliability-table.mjs` -->';
const END = '<!-- end of the rows -->';

/**
 * What one test file tries.
 *
 * @typedef {object} Topic
 * @property {string} title
 * @property {'input' | 'fault'} kind
 * @property {string} testFile
 * @property {{ name: string, outcome: string }[]} rows each is the title of a test: `name: outcome`
 */

/** @returns {Promise<Topic[]>} */
export async function readTopics() {
  const names = readdirSync(FOLDER).filter((name) => name.endsWith(ROWS));
  const topics = await Promise.all(names.map(readTopic));
  // Inputs before faults.
  return topics.toSorted(
    (one, other) => other.kind.localeCompare(one.kind) || one.title.localeCompare(other.title),
  );
}

async function readTopic(name) {
  const path = join(FOLDER, name);
  const { TITLE, KIND, ROWS: rows } = await import(pathToFileURL(path).href);
  const testFile = `${basename(name, ROWS)}.test.mjs`;
  const testPath = join(FOLDER, testFile);
  if (!existsSync(testPath) || !readFileSync(testPath, 'utf8').includes(`'./${name}'`)) {
    throw new Error(`Nothing tests the rows of ${name}: ${testFile} has to import them.`);
  }
  return { title: TITLE, kind: KIND, testFile, rows };
}

/**
 * @param {string} page docs/reliability.md
 * @param {readonly Topic[]} topics
 * @returns {string} the same with these tables
 */
export function withTables(page, topics) {
  const [start, end] = [page.indexOf(START), page.indexOf(END)];
  if (start < 0 || end < start) throw new Error(`The page has no place between ${START} and ${END}.`);
  return `${page.slice(0, start + START.length)}\n\n${tables(topics)}\n${page.slice(end)}`;
}

function tables(topics) {
  const head = [countLine(topics), ''];
  return [...head, ...topics.map(section)].join('\n');
}

function countLine(topics) {
  const count = (kind) =>
    topics.filter((topic) => topic.kind === kind).reduce((total, { rows }) => total + rows.length, 0);
  return `${count('input')} hostile inputs and ${count('fault')} faults.`;
}

function section({ title, kind, testFile, rows }) {
  const link = `[${basename(testFile, '.test.mjs')}](../__test__/reliability/${testFile})`;
  const lines = [
    [kind === 'input' ? 'Input' : 'Fault', 'What happens', 'Test'],
    ['---', '---', '---'],
    ...rows.map(({ name, outcome }) => [cell(name), cell(outcome), link]),
  ];
  return `### ${title}\n\n${lines.map((cells) => `| ${cells.join(' | ')} |`).join('\n')}\n`;
}

/** As text, whatever it has in it. */
function cell(text) {
  return text.replace(/[\\|*_<>`[\]]/g, '\\$&');
}
