import { join } from 'node:path';
import { prepareAddon, prepareTools, root } from './prepare.mjs';
import { run } from './run.mjs';

// A path among the arguments is relative to where the person is, not to the package.
const cwd = process.env.INIT_CWD ?? process.cwd();
const example = join(root, 'examples', 'start.mjs');

const ready = (await prepareTools()) && (await prepareAddon());
const shown = ready && (await run(process.execPath, [example, ...process.argv.slice(2)], { cwd })).ok;
if (!shown) process.exitCode = 1;
