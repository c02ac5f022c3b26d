import { Marked } from 'marked';
import { escapeHtml } from './escape.mjs';
import { highlighted } from './highlight.mjs';

/**
 * @typedef {object} Heading
 * @property {number} depth
 * @property {string} id
 * @property {string} text
 *
 * @typedef {object} Rendered
 * @property {string} html
 * @property {Heading[]} headings
 */

/**
 * @param {string} markdown
 * @param {object} options
 * @param {(href: string) => string | null} options.resolve a link to another page; null where there is no page, and
 *   the text stands without a link
 * @returns {Rendered}
 */
export function render(markdown, { resolve }) {
  /** @type {Heading[]} */
  const headings = [];
  const uses = new Map();
  const marked = new Marked({
    gfm: true,
    renderer: {
      heading({ tokens, depth }) {
        const html = this.parser.parseInline(tokens);
        const text = plainText(html);
        const id = uniqueId(slug(text), uses);
        headings.push({ depth, id, text });
        if (depth === 1) return `<h1 id="${id}">${html}</h1>\n`;
        const label = `Link to this section: ${escapeHtml(text)}`;
        return `<h${depth} id="${id}">${html} <a class="anchor" href="#${id}" aria-label="${label}">#</a></h${depth}>\n`;
      },
      link({ href, tokens }) {
        const html = this.parser.parseInline(tokens);
        const target = resolve(href);
        return target === null ? html : `<a href="${escapeHtml(target)}">${html}</a>`;
      },
      code({ text, lang }) {
        const language = (lang ?? '').split(/\s/)[0];
        // Sentences may be broken anywhere; what is set in columns may not.
        const kind = language === 'text' && !/^ {2}/m.test(text) ? 'code sentences' : 'code';
        return `<div class="${kind}"><pre tabindex="0"><code data-language="${escapeHtml(language)}">${highlighted(text, language)}</code></pre></div>\n`;
      },
      // Comments are for the tests that run the blocks; there is no other HTML.
      html: ({ text }) => (text.trimStart().startsWith('<!--') ? '' : escapeHtml(text)),
    },
  });
  const html = /** @type {string} */ (marked.parse(markdown))
    .replaceAll('<table>', '<div class="table" role="group" aria-label="Table" tabindex="0"><table>')
    .replaceAll('</table>', '</table></div>')
    .replaceAll('<th>', '<th scope="col">');
  return { html, headings };
}

/** As forges make the anchors of headings, so that one link works in both places. */
export function slug(text) {
  return text
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
    .trim()
    .replaceAll(/\s/g, '-');
}

/** @param {string} html */
export function plainText(html) {
  const named = { amp: '&', lt: '<', gt: '>', quot: '"', '#39': "'" };
  return html.replaceAll(/<[^>]*>/g, '').replaceAll(/&([a-z]+|#39);/g, (all, name) => named[name] ?? all);
}

function uniqueId(id, uses) {
  const count = uses.get(id) ?? 0;
  uses.set(id, count + 1);
  return count === 0 ? id : `${id}-${count}`;
}
