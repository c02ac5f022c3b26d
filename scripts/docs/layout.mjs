import { posix } from 'node:path';
import { escapeHtml } from './escape.mjs';

/**
 * @typedef {import('./pages.mjs').Page} Page
 */

/** The site's own, so that no browser asks for one. */
const ICON =
  'data:image/svg+xml,%3Csvg xmlns=%22http://www.w3.org/2000/svg%22 viewBox=%220 0 16 16%22%3E%3Crect width=%2216%22 height=%2216%22 rx=%223%22 fill=%22%230b6b5d%22/%3E%3Cpath d=%22M8 3v10M3 8h10%22 stroke=%22white%22 stroke-width=%222.5%22/%3E%3C/svg%3E';

/**
 * One page as a whole document.
 *
 * @param {object} options
 * @param {Page} options.page
 * @param {import('./markdown.mjs').Rendered} options.rendered
 * @param {ReturnType<typeof import('./pages.mjs').groupsOf>} options.groups
 * @param {string} options.version
 */
export function documentOf({ page, rendered, groups, version }) {
  const root = posix.relative(posix.dirname(page.path), '.') || '.';
  const title = page.path === 'index.html' ? '@org/smart-m2m' : `${page.title} · @org/smart-m2m`;
  return `<!doctype html>
<html lang="en" data-root="${root}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<title>${escapeHtml(title)}</title>
<link rel="icon" href="${ICON}">
<link rel="stylesheet" href="${root}/assets/site.css">
<link rel="stylesheet" href="${root}/assets/text.css">
<script defer src="${root}/assets/site.js"></script>
</head>
<body>
<a class="skip" href="#content">Skip to the content</a>
<header class="top">
<a class="brand" href="${root}/index.html">@org/smart-m2m <span class="version">${escapeHtml(version)}</span></a>
<form class="search" role="search" hidden>
<label for="query" class="hidden">Search the documentation</label>
<input id="query" type="search" placeholder="Search" autocomplete="off" spellcheck="false" aria-controls="results" aria-keyshortcuts="/">
<p class="found hidden" role="status"></p>
<ul id="results" class="results" hidden></ul>
</form>
</header>
<div class="columns">
<nav class="pages" aria-label="Pages">
<details open>
<summary>Pages</summary>
${groups.map((group) => groupOf(group, page, root)).join('\n')}
</details>
</nav>
<main id="content" tabindex="-1">
${rendered.html}${page.path === 'index.html' ? cards(groups, root) : ''}</main>
${contents(rendered)}
</div>
<footer><p>${escapeHtml(`@org/smart-m2m ${version} · MIT licence · made from ${page.source}`)}</p></footer>
</body>
</html>
`;
}

function groupOf({ title, pages }, current, root) {
  const items = pages.map((page) => {
    const isHere =
      page === current || (page.path === 'errors/index.html' && current.path.startsWith('errors/'));
    const mark = isHere ? ` aria-current="${page === current ? 'page' : 'true'}"` : '';
    return `<li><a href="${root}/${page.path}"${mark}>${escapeHtml(page.title)}</a></li>`;
  });
  return `<p class="group">${title}</p>\n<ul>\n${items.join('\n')}\n</ul>`;
}

function contents({ headings }) {
  const sections = headings.filter(({ depth }) => depth === 2 || depth === 3);
  if (sections.length < 3) return '';
  const items = sections.map(
    ({ depth, id, text }) => `<li class="depth-${depth}"><a href="#${id}">${escapeHtml(text)}</a></li>`,
  );
  return `<nav class="contents" aria-label="On this page">\n<p class="group">On this page</p>\n<ul>\n${items.join('\n')}\n</ul>\n</nav>`;
}

/** The start page's way on. */
function cards(groups, root) {
  const items = groups.map(({ title, pages }) => {
    const links = pages
      .filter(({ path }) => path !== 'index.html')
      .map(({ path, title: name }) => `<li><a href="${root}/${path}">${escapeHtml(name)}</a></li>`);
    return `<section class="card"><h3>${title}</h3><ul>${links.join('')}</ul></section>`;
  });
  return `<h2 id="all-pages">All pages</h2>\n<div class="cards">\n${items.join('\n')}\n</div>\n`;
}
