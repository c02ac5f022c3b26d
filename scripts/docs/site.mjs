import { existsSync } from 'node:fs';
import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import { documentOf } from './layout.mjs';
import { render } from './markdown.mjs';
import { collectPages, groupsOf } from './pages.mjs';
import { searchIndexOf } from './search-index.mjs';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const ASSETS = fileURLToPath(new URL('assets', import.meta.url));

/**
 * Builds the site from what is in the repository. Throws for a link to a file that is not there.
 *
 * @param {string} folder replaced as a whole
 * @returns {Promise<{ pages: import('./pages.mjs').Page[] }>}
 */
export async function buildSite(folder) {
  const pages = await collectPages(ROOT);
  const groups = groupsOf(pages);
  const { version } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8'));
  const rendered = pages.map((page) => ({
    page,
    ...render(page.markdown, { resolve: (href) => resolveLink(href, page, pages) }),
  }));
  await rm(folder, { recursive: true, force: true });
  for (const { page, ...content } of rendered) {
    const path = join(folder, page.path);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, documentOf({ page, rendered: content, groups, version }));
  }
  await cp(ASSETS, join(folder, 'assets'), { recursive: true });
  await writeFile(join(folder, 'assets', 'search-index.js'), searchIndexOf(rendered));
  return { pages };
}

/**
 * A link between files as one between pages.
 *
 * @param {string} href
 * @param {import('./pages.mjs').Page} page
 * @param {readonly import('./pages.mjs').Page[]} pages
 * @returns {string | null} null for a file of the repository that is no page
 */
function resolveLink(href, page, pages) {
  if (/^[a-z]+:/.test(href)) return href;
  const [path, fragment] = href.split('#');
  const anchor = fragment === undefined ? '' : `#${fragment}`;
  // The start page has a part of the README's sections only.
  if (path === '') return page.path === 'index.html' ? `guide.html${anchor}` : anchor;
  const source = posix.join(posix.dirname(page.source), path);
  const target = pages.find((other) => other.path !== 'index.html' && other.source === source);
  if (target !== undefined) return posix.relative(posix.dirname(page.path), target.path) + anchor;
  if (!existsSync(join(ROOT, source))) throw new Error(`${page.source}: ${href} leads to no file`);
  return null;
}
