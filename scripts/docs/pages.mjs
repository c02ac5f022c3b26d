import { readdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { markdownOfTypes } from './types.mjs';

/**
 * @typedef {object} Page
 * @property {string} source path in the repository
 * @property {string} path of the page in the site
 * @property {string} title
 * @property {string} markdown
 */

/** The order of the navigation. What is not there is left out; what is not named here comes last. */
const GROUPS = [
  ['Start', ['index.html', 'quick-start.html', 'installation.html', 'guide.html', 'migration.html']],
  ['Recipes', ['recipes/index.html', 'recipes/']],
  [
    'Reference',
    ['options.html', 'types.html', 'types-', 'errors/index.html', 'warnings.html', 'doctor.html'],
  ],
  [
    'Topics',
    ['keystores', 'workers-and-scaling', 'adapters', 'smile-scripts', 'testing', 'servers'].map(
      (name) => `${name}.html`,
    ),
  ],
  ['Inside', ['security.html', 'reliability.html', 'platforms.html', 'architecture.html', 'changelog.html']],
];
/** Found through the page of its group. */
const UNLISTED = /^errors\/ERR_/;

/**
 * Everything that becomes a page: docs/, the README, the change log and the types of each entry point.
 *
 * @param {string} root of the repository
 * @returns {Promise<Page[]>}
 */
export async function collectPages(root) {
  const read = (source) => readFile(join(root, source), 'utf8');
  const readme = await read('README.md');
  const pages = [
    page('README.md', 'index.html', startOf(readme), 'Overview'),
    page('README.md', 'guide.html', readme, 'Guide'),
    page('CHANGELOG.md', 'changelog.html', await read('CHANGELOG.md')),
    page('CONTRIBUTING.md', 'contributing.html', await read('CONTRIBUTING.md')),
    page('SECURITY.md', 'security-policy.html', await read('SECURITY.md')),
  ];
  for (const entry of await readdir(join(root, 'docs'), { recursive: true })) {
    const name = entry.replaceAll('\\', '/');
    if (!name.endsWith('.md')) continue;
    const path = name.replace(/README\.md$/, 'index.md').replace(/\.md$/, '.html');
    pages.push(page(`docs/${name}`, path, await read(`docs/${name}`)));
  }
  const { exports } = JSON.parse(await read('package.json'));
  for (const [subpath, entry] of Object.entries(exports)) {
    const { types } = entry.require ?? entry;
    if (types === undefined) continue;
    const suffix = subpath === '.' ? '' : `-${subpath.slice(2).replaceAll('/', '-')}`;
    const title = `Types${subpath === '.' ? '' : ` of ${subpath.slice(2)}`}`;
    const source = types.replace(/^\.\//, '');
    pages.push(page(source, `types${suffix}.html`, markdownOfTypes(title, await read(source))));
  }
  return pages.sort((one, other) => (one.path < other.path ? -1 : 1));
}

/**
 * @param {readonly Page[]} pages
 * @returns {{ title: string, pages: Page[] }[]} the navigation
 */
export function groupsOf(pages) {
  const left = new Set(pages.filter(({ path }) => !UNLISTED.test(path)));
  const take = (prefix) => {
    const taken = [...left].filter(({ path }) => path.startsWith(prefix));
    for (const page of taken) left.delete(page);
    return taken;
  };
  const groups = GROUPS.map(([title, prefixes]) => ({ title, pages: prefixes.flatMap(take) }));
  groups.push({ title: 'More', pages: [...left] });
  return groups.filter(({ pages }) => pages.length > 0);
}

function page(source, path, markdown, title = /^# (.+)$/m.exec(markdown)?.[1] ?? basename(source)) {
  return { source, path, title: title.replaceAll('`', ''), markdown };
}

/** Where most people want to go from the start page. */
const WAYS = `**[Quick start](docs/quick-start.md)** · [Recipes](docs/recipes/README.md) ·
[Options](docs/options.md) · [Errors](docs/errors/README.md) · [The doctor](docs/doctor.md#doctor)

`;

/** The README's introduction with its first steps, and ways on in place of its list of sections. */
function startOf(readme) {
  const [introduction, ...sections] = readme.split(/^(?=## )/m);
  const first = sections.filter((section) => /^## (?:Install|Quick start|First example)$/m.test(section));
  return [introduction.replaceAll(/^- \[(?:[^\n]|\n(?!\n))*\n/gm, ''), WAYS, ...first].join('');
}
