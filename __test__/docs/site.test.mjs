import { cp, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import test from 'ava';
import { brokenLinks } from '../../scripts/docs/links.mjs';
import { render, slug } from '../../scripts/docs/markdown.mjs';
import { buildSite } from '../../scripts/docs/site.mjs';
import { markdownOfTypes } from '../../scripts/docs/types.mjs';
import { PACKAGE_ROOT } from '../support/child.mjs';
import { findChromium, startChromium } from '../support/docs/chromium.mjs';

const MOST_BYTES_OF_INDEX = 400 * 1024;
/** Set by CI, where a missing browser is a failure. */
const isRequired = process.env.CHROMIUM_REQUIRED === '1';
const command = findChromium();

let folder;
let pages;

test.before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'smart-m2m-site-'));
  ({ pages } = await buildSite(folder));
});

test.after.always(() => rm(folder, { recursive: true, force: true }));

const read = (name) => readFile(join(folder, name), 'utf8');

test('no link of the site leads nowhere, and no page loads anything from elsewhere', async (t) => {
  t.deepEqual(await brokenLinks(folder), []);
  for (const name of ['site.css', 'text.css']) t.notRegex(await read(`assets/${name}`), /url\(|@import/);
  t.notRegex(await read('assets/site.js'), /https?:/);
});

test("the navigation has the package's own types before those of its other entry points", async (t) => {
  const html = await read('index.html');
  const [own, others] = ['./types.html', './types-'].map((path) => html.indexOf(`<li><a href="${path}`));
  t.true(own > 0 && own < others, `${own}, ${others}`);
});

test('links to missing pages and headings, and what is loaded from elsewhere, are found', async (t) => {
  const copy = await mkdtemp(join(tmpdir(), 'smart-m2m-site-'));
  t.teardown(() => rm(copy, { recursive: true, force: true }));
  await cp(folder, copy, { recursive: true });
  const wrong =
    '<a href="none.html">1</a><a href="#none">2</a><img src="https://example.org/a.png"><script src="b.js"></script>';
  await writeFile(join(copy, 'wrong.html'), wrong);
  t.deepEqual(await brokenLinks(copy), [
    'wrong.html: none.html leads to no page',
    'wrong.html: #none leads to no heading',
    'wrong.html: https://example.org/a.png is loaded from elsewhere',
    'wrong.html: b.js is not there',
  ]);
});

test('there is a page for each error code, each recipe, and each entry point with types', async (t) => {
  const types = await readFile(join(PACKAGE_ROOT, 'index.d.ts'), 'utf8');
  const [, union] = /^export type ClientAuthErrorCode =([^;]*);/m.exec(types);
  for (const [, code] of union.matchAll(/'(ERR_\w+)'/g)) {
    t.true((await read(`errors/${code}.html`)).includes(`<h1 id="${code.toLowerCase()}">`), code);
  }
  const paths = pages.map(({ path }) => path);
  const recipes = ['epic', 'oracle-health', 'keycloak', 'entra', 'okta', 'cms-bcda', 'smile-cdr'];
  for (const recipe of recipes) t.true(paths.includes(`recipes/${recipe}.html`), recipe);
  t.true(paths.includes('types.html'));
});

test('every declaration of index.d.ts has a heading on the page of types', async (t) => {
  const types = await readFile(join(PACKAGE_ROOT, 'index.d.ts'), 'utf8');
  const names = [...types.matchAll(/^export (?:declare )?(?:class|interface|type|const) (\w+)/gm)];
  t.true(names.length > 20);
  const html = await read('types.html');
  // Its number where a section has the same name.
  for (const [, name] of names) t.regex(html, new RegExp(`<h3 id="${slug(name)}(?:-1)?">${name} `));
});

test('each page can be reached by the navigation, and says where one is', async (t) => {
  const start = await read('index.html');
  for (const { path } of pages) {
    if (!path.startsWith('errors/ERR_')) t.true(start.includes(`href="./${path}"`), path);
    const html = await read(path);
    t.regex(html, /aria-current="(?:page|true)"/, path);
    t.is(html.match(/<h1 /g).length, 1, path);
    for (const landmark of [
      '<header',
      '<nav',
      '<main id="content"',
      '<footer',
      'class="skip"',
      'lang="en"',
    ]) {
      t.true(html.includes(landmark), `${path}: ${landmark}`);
    }
  }
});

test('the index of the search is small', async (t) => {
  const { size } = await stat(join(folder, 'assets/search-index.js'));
  t.true(size < MOST_BYTES_OF_INDEX, `${size}`);
});

test('Markdown comes out as HTML: escaped, with anchors, without its comments', (t) => {
  const { html, headings } = render(
    '# A `b` <c>\n\n<!-- not run: x -->\n\n## D & e\n\n## D & e\n\n```js\nconst a = "<";\n```\n',
    {
      resolve: (href) => href,
    },
  );
  t.deepEqual(
    headings.map(({ id }) => id),
    ['a-b-c', 'd--e', 'd--e-1'],
  );
  t.false(html.includes('not run'));
  t.true(html.includes('<span class="string">&quot;&lt;&quot;</span>'));
  t.true(html.includes('&lt;c&gt;'));
});

test('declarations come out with their comments, up to their ends', (t) => {
  const markdown = markdownOfTypes(
    'Types',
    '/** Of {@link B}. */\nexport type A = { a: 1 }\n  | { b: "}" };\nexport interface B {\n  b(): { c: 1 };\n}\n',
  );
  t.true(markdown.includes('### A\n\nOf [B](#b).\n\n```ts\nexport type A = { a: 1 }\n  | { b: "}" };\n```'));
  t.true(markdown.includes('### B\n\n```ts\nexport interface B {\n  b(): { c: 1 };\n}\n```'));
});

if (command === null && !isRequired) {
  console.log('Chromium is not installed: opening the site is left to CI.');
} else {
  let browser;

  test.before(async () => {
    if (command === null) throw new Error('CHROMIUM_REQUIRED is set, and there is no Chromium');
    browser = await startChromium(command);
  });

  test.after.always(() => browser?.close());

  const urlOf = (path) => pathToFileURL(join(folder, path)).href;

  test.serial('the start page opens, with its title and its way to every page', async (t) => {
    await browser.open(urlOf('index.html'));
    t.is(await browser.evaluate('document.title'), '@org/smart-m2m');
    t.true((await browser.evaluate("document.querySelectorAll('.card a').length")) > 20);
  });

  test.serial('every other page opens, the one of each error code among them', async (t) => {
    for (const { path, title } of pages.filter((page) => page.path !== 'index.html')) {
      await browser.open(urlOf(path));
      t.is(await browser.evaluate('document.title'), `${title} · @org/smart-m2m`, path);
    }
    t.true(pages.filter(({ path }) => path.startsWith('errors/ERR_')).length >= 24);
  });

  test.serial('no page is wider than a small screen', async (t) => {
    await browser.resize(390, 844);
    for (const { path } of pages) {
      await browser.open(urlOf(path));
      const [content, screen] = await browser.evaluate(
        '[document.documentElement.scrollWidth, document.documentElement.clientWidth]',
      );
      t.true(content <= screen, `${path} takes ${content} px`);
    }
    await browser.resize(1280, 900);
  });

  test.serial('the search finds a code, an option and a word, and leads to them', async (t) => {
    for (const [query, page] of [
      ['ERR_TOKEN_REJECTED', 'errors/ERR_TOKEN_REJECTED.html'],
      ['retry.attempts', 'options.html#retryattempts'],
      ['keycloak', 'recipes/keycloak.html'],
    ]) {
      await browser.open(urlOf('errors/index.html'));
      const found = await browser.evaluate(searchFor(query));
      t.is(
        new URL(found, urlOf('errors/index.html')).href,
        urlOf('index.html').replace('index.html', page),
        query,
      );
    }
    await browser.open(urlOf('index.html'));
    const status = await browser.evaluate(`${searchFor('no-such-word')}.catch(() =>
      document.querySelector('form.search [role=status]').textContent)`);
    t.is(status, 'nothing found');
  });

  test.serial('code can be copied, where the browser lets a page do that', async (t) => {
    await browser.open(urlOf('quick-start.html'));
    const [blocks, buttons] = await browser.evaluate(
      "[document.querySelectorAll('div.code').length, document.querySelectorAll('div.code button').length]",
    );
    const isAllowed = await browser.evaluate('navigator.clipboard !== undefined');
    t.is(buttons, isAllowed ? blocks : 0);
  });

  test.serial('nothing was complained about, and nothing asked for from elsewhere', (t) => {
    t.deepEqual(browser.complaints, []);
    const own = pathToFileURL(folder).href;
    t.deepEqual(
      browser.requests.filter((url) => !url.startsWith(own) && !/^(?:data|about):/.test(url)),
      [],
    );
  });
}

/** Types into the search; resolves with the address of the first result, and rejects where there is none. */
function searchFor(query) {
  return `new Promise((resolve, reject) => {
    const input = document.querySelector('form.search input');
    input.focus();
    input.value = ${JSON.stringify(query)};
    input.dispatchEvent(new Event('input'));
    const look = (left) => {
      const link = document.querySelector('form.search li a');
      if (link !== null) resolve(link.href);
      else if (left === 0) reject(new Error('nothing was found'));
      else setTimeout(look, 20, left - 1);
    };
    look(50);
  })`;
}
