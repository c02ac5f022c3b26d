import { join } from 'node:path';
import { prepareAddon, prepareTools, root } from './prepare.mjs';
import { run } from './run.mjs';

// Ten minutes of mixed load with faults, or what `--minutes` says: docs/reliability.md.

const ready = (await prepareTools()) && (await prepareAddon());
const passed =
  ready &&
  (await run(process.execPath, [join('soak', 'main.mjs'), ...process.argv.slice(2)], { cwd: root })).ok;
if (!passed) process.exitCode = 1;
