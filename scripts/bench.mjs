import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { prepareAddon, prepareTools, root } from './prepare.mjs';
import { run } from './run.mjs';

// Runs every benchmark, `bench/*.mjs`, or those whose names contain one of the arguments.

const wanted = process.argv.slice(2);

if (!((await prepareTools()) && (await prepareAddon()))) process.exit(1);
for (const name of readdirSync(join(root, 'bench')).filter((file) => file.endsWith('.mjs'))) {
  if (wanted.length > 0 && !wanted.some((part) => name.includes(part))) continue;
  console.log(`\n${name}`);
  const { ok } = await run(process.execPath, [join('bench', name)], { cwd: root });
  if (!ok) process.exitCode = 1;
}
