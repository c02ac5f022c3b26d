import { plainText } from './markdown.mjs';

/** Of each section; more would make the index as large as the site. */
const KEPT_CHARACTERS = 400;

/**
 * A script that hands the index to the page: unlike a JSON file it can be read from `file:` too.
 *
 * @param {readonly ({ page: import('./pages.mjs').Page } & import('./markdown.mjs').Rendered)[]} rendered
 */
export function searchIndexOf(rendered) {
  const entries = rendered
    // The guide has all of the start page.
    .filter(({ page }) => page.path !== 'index.html')
    .flatMap(({ page, html, headings }) =>
      sectionsOf(html, headings).map((section) => entryOf(page, section)),
    );
  return `globalThis.searchIndex = ${JSON.stringify(entries)};\n`;
}

/** @returns {[page: string, section: string, url: string, text: string]} */
function entryOf({ title, path }, { depth, id, text, html }) {
  const prose = plainText(html).replaceAll(/\s+/g, ' ').trim();
  return [
    title,
    depth === 1 ? '' : text,
    depth === 1 ? path : `${path}#${id}`,
    prose.slice(0, KEPT_CHARACTERS),
  ];
}

function sectionsOf(html, headings) {
  const starts = headings.map(({ depth, id }) => html.indexOf(`<h${depth} id="${id}"`));
  return headings.map((heading, index) => ({
    ...heading,
    html: html.slice(html.indexOf(`</h${heading.depth}>`, starts[index]), starts[index + 1]),
  }));
}
