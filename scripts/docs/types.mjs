/**
 * Declarations with their comments as Markdown, in their order. The usual generators read types through the
 * JavaScript API of TypeScript, which TypeScript 7 does not have; this file is written by hand and formatted, so
 * that its structure can be seen in its text.
 *
 * @param {string} title
 * @param {string} text of a declaration file
 * @returns {string}
 */
export function markdownOfTypes(title, text) {
  const parts = [`# ${title}`];
  for (const { comment, code, name, section } of declarationsOf(text)) {
    if (section !== undefined) parts.push(`## ${section}`);
    else if (name === undefined) parts.push(proseOf(comment));
    else parts.push(`### ${name}`, proseOf(comment), fenced(code));
  }
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`;
}

/**
 * @param {string} text
 * @returns {{ comment: string, code?: string, name?: string, section?: string }[]} a comment without a name is
 *   that of the file
 */
function declarationsOf(text) {
  const found = [];
  let rest = text.replace(/^declare global \{[\s\S]*?^\}/m, '');
  let comment = '';
  while (rest.trim() !== '') {
    rest = rest.replace(/^\s+/, '');
    const line = rest.slice(0, rest.indexOf('\n'));
    const section = /^\/\/ ─+ (?<name>.+?) ─+$/.exec(line)?.groups.name;
    if (line.startsWith('/**')) {
      if (comment !== '') found.push({ comment });
      const end = rest.indexOf('*/') + 2;
      comment = rest.slice(0, end);
      rest = rest.slice(end);
      if (rest.startsWith('\n\n')) {
        found.push({ comment });
        comment = '';
      }
    } else if (section !== undefined) {
      found.push({ comment: '', section: section[0].toUpperCase() + section.slice(1) });
      rest = rest.slice(line.length);
    } else if (/^(?:\/\/|import\b)/.test(line)) {
      rest = rest.slice(line.length);
    } else {
      const code = rest.slice(0, endOfDeclaration(rest));
      found.push({ comment, code, name: nameOf(code) });
      comment = '';
      rest = rest.slice(code.length);
    }
  }
  return found;
}

/** @param {string} text that begins with a declaration */
function endOfDeclaration(text) {
  // Comments and strings are no structure.
  const masked = text.replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*|'[^'\n]*'|"[^"\n]*"/g, (match) =>
    ' '.repeat(match.length),
  );
  const endsWithBlock = /^(?:export )?(?:declare )?(?:abstract )?(?:class|interface)\b/.test(text);
  let depth = 0;
  for (let at = 0; at < masked.length; at += 1) {
    if ('{(['.includes(masked[at])) depth += 1;
    if ('})]'.includes(masked[at])) depth -= 1;
    if (depth === 0 && masked[at] === (endsWithBlock ? '}' : ';')) return at + 1;
  }
  return text.length;
}

function nameOf(code) {
  const renamed = /^export \{ \w+ as (?<name>\w+) \}/.exec(code)?.groups.name;
  return renamed ?? /\b(?:class|interface|type|const|function) (?<name>\w+)/.exec(code)?.groups.name ?? code;
}

/** @param {string} comment */
function proseOf(comment) {
  const lines = comment
    .replace(/^\/\*\*\s?|\s*\*\/$/g, '')
    .split('\n')
    .map((line) => line.replace(/^ \* ?/, ''));
  const [prose, example] = lines.join('\n').split(/^@example$/m);
  const linked = prose.replaceAll(/\{@link\s+([\w.]+)\s*\}/g, (_, name) => {
    return `[${name}](#${name.split('.')[0].toLowerCase()})`;
  });
  return example === undefined ? linked.trim() : `${linked.trim()}\n\n${fenced(example.trim())}`;
}

function fenced(code) {
  return `\`\`\`ts\n${code}\n\`\`\``;
}
