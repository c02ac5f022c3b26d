import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readTopics, withTables } from '../__test__/support/reliability-table.mjs';
import { packageBin } from './package-bin.mjs';
import { root } from './prepare.mjs';
import { run } from './run.mjs';

// Writes the tables of docs/reliability.md anew, for whoever has added a row in __test__/reliability/.

const page = join(root, 'docs', 'reliability.md');
writeFileSync(page, withTables(readFileSync(page, 'utf8'), await readTopics()));
// As `npm run lint` wants tables.
const biome = packageBin(root, '@biomejs/biome', 'biome');
const { ok } = await run(process.execPath, [biome, 'format', '--write', page], { cwd: root });
if (!ok) process.exitCode = 1;
