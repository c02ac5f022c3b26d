const BEGIN = '<!-- keystore table: node scripts/make-keystore-fixtures.mjs --table -->';
const END = '<!-- end of the keystore table -->';

/**
 * Every tested file as a Markdown table.
 *
 * @param {object[]} manifest
 * @returns {string}
 */
export function keystoreTable(manifest) {
  const cells = manifest.map((row, at) => [
    row.format,
    row.producer,
    row.content,
    row.file === manifest[at - 1]?.file ? 'the same file' : code(row.command),
    row.code ? `refused: ${code(row.code)}` : `reads, signs ${row.algorithm}${beside(row.certificates)}`,
  ]);
  const head = ['Format', 'Producer', 'Content', 'Command', 'Result'];
  const widths = head.map((_, column) => Math.max(...[head, ...cells].map((row) => row[column].length)));
  const line = (row) => `| ${row.map((cell, column) => cell.padEnd(widths[column])).join(' | ')} |`;
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...cells.map(line)].join('\n');
}

/**
 * The table that stands in a document.
 *
 * @param {string} document
 * @returns {string}
 */
export function tableIn(document) {
  const [begin, end] = place(document);
  return document.slice(begin, end).trim();
}

/**
 * The document with another table in place of its own.
 *
 * @type {(document: string, table: string) => string}
 */
export function withTable(document, table) {
  const [begin, end] = place(document);
  return `${document.slice(0, begin)}\n\n${table}\n\n${document.slice(end)}`;
}

function place(document) {
  const begin = document.indexOf(BEGIN);
  const end = document.indexOf(END);
  if (begin < 0 || end < begin) throw new Error(`expected "${BEGIN}" and "${END}"`);
  return [begin + BEGIN.length, end];
}

function code(text) {
  const marks = text.includes('`') ? '``' : '`';
  return `${marks}${text.replaceAll('|', '\\|')}${marks}`;
}

function beside(certificates) {
  if (certificates === 0) return '';
  return certificates === 1 ? ', 1 certificate' : `, ${certificates} certificates`;
}
