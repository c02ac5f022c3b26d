import { createRequire } from 'node:module';
import { parseArgs } from 'node:util';

// One command of the command line as its dispatcher runs it: `node run-command.mjs run script.js …`.

const [name, ...args] = process.argv.slice(2);
const command = createRequire(import.meta.url)(`../../lib/cli/${name}.js`);
const interruption = new AbortController();
process.once('SIGINT', () => interruption.abort(new Error('interrupted')));
const { options, allowPositionals } = command;
process.exitCode = await command.run({
  ...parseArgs({ args, options, allowPositionals }),
  io: {
    stdin: process.stdin,
    stdout: process.stdout,
    stderr: process.stderr,
    env: process.env,
    isTerminal: false,
    signal: interruption.signal,
  },
});
