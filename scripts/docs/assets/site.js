'use strict';

// Search, copy buttons and the folding of the navigation: what a page has besides its text.

const MAX_RESULTS = 12;
const NARROW = '(max-width: 55rem)';
const root = document.documentElement.dataset.root;

foldNavigation();
addCopyButtons();
setUpSearch();

function foldNavigation() {
  const details = document.querySelector('nav.pages details');
  const narrow = matchMedia(NARROW);
  const adapt = () => {
    details.open = !narrow.matches;
  };
  narrow.addEventListener('change', adapt);
  adapt();
}

function addCopyButtons() {
  // Where the page may not write to the clipboard, there is nothing to offer.
  if (navigator.clipboard === undefined) return;
  for (const block of document.querySelectorAll('div.code')) {
    const button = document.createElement('button');
    button.type = 'button';
    button.textContent = 'Copy';
    button.addEventListener('click', async () => {
      await navigator.clipboard.writeText(block.querySelector('code').textContent);
      button.textContent = 'Copied';
      setTimeout(() => {
        button.textContent = 'Copy';
      }, 2000);
    });
    block.append(button);
  }
}

function setUpSearch() {
  const form = document.querySelector('form.search');
  const input = form.querySelector('input');
  const list = form.querySelector('ul');
  const found = form.querySelector('[role=status]');
  form.hidden = false;
  const update = async () => {
    const words = wordsOf(input.value);
    if (words.length === 0) return show([]);
    show(search(await loadIndex(), words));
  };
  const show = (results) => {
    list.replaceChildren(...results.map(itemOf));
    list.hidden = results.length === 0;
    const isEmpty = wordsOf(input.value).length === 0;
    found.textContent = isEmpty ? '' : `${results.length === 0 ? 'nothing' : results.length} found`;
    found.classList.toggle('hidden', isEmpty || results.length > 0);
  };
  input.addEventListener('input', update);
  input.addEventListener('focus', () => loadIndex().catch(() => {}), { once: true });
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    list.querySelector('a')?.click();
  });
  form.addEventListener('keydown', (event) => {
    if (event.key === 'Escape') {
      input.value = '';
      show([]);
      input.focus();
    } else if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      event.preventDefault();
      step([input, ...list.querySelectorAll('a')], event.key === 'ArrowDown' ? 1 : -1);
    }
  });
  document.addEventListener('keydown', (event) => {
    const isTyping = event.target.closest('input, textarea') !== null;
    if (event.key !== '/' || isTyping || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    input.focus();
  });
  document.addEventListener('click', (event) => {
    if (!form.contains(event.target)) list.hidden = true;
  });
}

function step(elements, by) {
  const at = elements.indexOf(document.activeElement);
  elements[Math.min(Math.max(at + by, 0), elements.length - 1)].focus();
}

let loading;

/** When somebody begins to search, and not before. */
function loadIndex() {
  loading ??= new Promise((resolve, reject) => {
    const script = document.createElement('script');
    script.src = `${root}/assets/search-index.js`;
    script.onload = () => resolve(globalThis.searchIndex);
    script.onerror = reject;
    document.head.append(script);
  });
  return loading;
}

function wordsOf(text) {
  return text
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== '');
}

/** Sections that have every word, those first that have them in their titles. */
function search(index, words) {
  return index
    .map((entry) => ({ entry, score: scoreOf(entry, words) }))
    .filter(({ score }) => score > 0)
    .sort((one, other) => other.score - one.score)
    .slice(0, MAX_RESULTS)
    .map(({ entry }) => entry);
}

function scoreOf([page, section, , text], words) {
  const weights = [
    [page.toLowerCase(), section === '' ? 30 : 4],
    [section.toLowerCase(), 20],
    [text.toLowerCase(), 1],
  ];
  let total = 0;
  for (const word of words) {
    const score = weights.reduce((sum, [field, weight]) => {
      if (!field.includes(word)) return sum;
      return sum + (field === word ? 3 * weight : weight);
    }, 0);
    if (score === 0) return 0;
    total += score;
  }
  return total;
}

function itemOf([page, section, url, text]) {
  const item = document.createElement('li');
  const link = document.createElement('a');
  const title = document.createElement('strong');
  const excerpt = document.createElement('span');
  title.textContent = section === '' ? page : `${page}: ${section}`;
  excerpt.textContent = text.slice(0, 120);
  link.className = 'result';
  link.href = `${root}/${url}`;
  link.append(title, excerpt);
  item.append(link);
  return item;
}
