import { readdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { PACKAGE_ROOT } from '../child.mjs';

/** Languages of blocks that are code; `text` and blocks without a language are shown, not run. */
const CODE = ['js', 'ts', 'json', 'sh'];
/** What the block of `sh` before it prints, with `…` for what differs from run to run. */
const OUTPUT = 'output';

/** Pages that tests of their own run, block by block. */
const RUN_ELSEWHERE = {
  'docs/adapters.md': '__test__/adapters/documentation.test.mjs',
  'docs/smile-scripts.md': '__test__/smile-scripts.test.mjs',
  'docs/testing.md': '__test__/testing/guide.test.mjs',
};

/**
 * @typedef {object} Block
 * @property {string} source path of the page
 * @property {number} line
 * @property {string} language
 * @property {string} code
 * @property {boolean} isOutput
 * @property {boolean} isInBackground whether it goes on while the next ones run
 * @property {string | null} file that it is to be saved as, from a comment in its first line
 */

/** @returns {Promise<{ blocks: Block[], elsewhere: string[] }>} the blocks of the README and of docs/ */
export async function collectBlocks() {
  const entries = await readdir(join(PACKAGE_ROOT, 'docs'), { recursive: true });
  const names = entries
    .map((name) => `docs/${name.replaceAll('\\', '/')}`)
    .filter((name) => name.endsWith('.md'));
  const blocks = [];
  const elsewhere = [];
  for (const source of ['README.md', ...names.sort()]) {
    const owner = RUN_ELSEWHERE[source];
    if (owner !== undefined) {
      // Fails where that test has gone.
      const test = await readFile(join(PACKAGE_ROOT, owner), 'utf8');
      if (!test.includes(basename(source))) throw new Error(`${owner} does not run ${source}`);
      elsewhere.push(source);
      continue;
    }
    blocks.push(...blocksOf(source, await readFile(join(PACKAGE_ROOT, source), 'utf8')));
  }
  return { blocks, elsewhere };
}

/**
 * @param {string} source
 * @param {string} markdown
 * @returns {Block[]}
 */
export function blocksOf(source, markdown) {
  const pattern =
    /(?:^ *<!-- (?<directive>[^\n]*?) -->\n\n?)?^(?<indent> *)```(?<language>\w*)\n(?<code>[\s\S]*?)^\k<indent>```$/gm;
  return [...markdown.matchAll(pattern)]
    .filter(({ groups: { language, directive } }) => CODE.includes(language) || directive === OUTPUT)
    .map(({ groups, index }) => {
      const { directive = '', indent, language } = groups;
      const code = groups.code.replaceAll(new RegExp(`^${indent}`, 'gm'), '');
      return {
        source,
        line: markdown.slice(0, index).split('\n').length,
        language,
        code,
        isOutput: directive === OUTPUT,
        isInBackground: directive === 'in the background',
        file: /^\/\/ ([\w.-]+\.(?:mjs|cjs|js))$/m.exec(code.split('\n', 1)[0])?.[1] ?? null,
      };
    });
}

/** @param {Block} block */
export function titleOf({ source, line, language }) {
  return `${source}:${line} (${language})`;
}
