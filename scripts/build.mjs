import { buildAddon } from './addon.mjs';
import { prepareTools, root } from './prepare.mjs';

// Builds the addon, whether it is needed or not: `--debug` without optimisation; all else goes to `napi build`.

const args = process.argv.slice(2);
const release = !args.includes('--debug');
const built =
  (await prepareTools()) &&
  (await buildAddon(root, { release, args: args.filter((arg) => arg !== '--debug') }));
if (!built) process.exitCode = 1;
