import { join } from 'node:path';
import { prepareDependencies, root } from './prepare.mjs';

/** Where `npm run docs` puts the site; opens from there without a server. */
const folder = join(root, 'target', 'docs-site');

if (await prepareDependencies(root, 'development dependencies')) {
  const { buildSite } = await import('./docs/site.mjs');
  const { brokenLinks } = await import('./docs/links.mjs');
  const { pages } = await buildSite(folder);
  const broken = await brokenLinks(folder);
  for (const problem of broken) console.error(problem);
  console.log(`${pages.length} pages: ${join(folder, 'index.html')}`);
  if (broken.length > 0) process.exitCode = 1;
} else {
  process.exitCode = 1;
}
