#!/usr/bin/env node
'use strict';

const { main } = require('./main.js');

const interruption = new AbortController();
/** As shells have it for SIGPIPE: nobody reads on, as behind `| head`. */
const NOBODY_READS = 141;
const FAILURE = 1;

for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (/** @type {NodeJS.ErrnoException} */ error) => {
    if (error.code === 'EPIPE') process.exit(NOBODY_READS);
    // A full disk behind `> file`, mostly. Where it is stderr itself, nobody can be told.
    if (stream === process.stdout) {
      process.stderr.write(`smart-m2m: the output cannot be written to its end (${error.code})\n`);
    }
    process.exit(FAILURE);
  });
}

process.once('SIGINT', () => interruption.abort(new Error('interrupted')));

main(process.argv.slice(2), {
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  env: process.env,
  isTerminal: process.stdin.isTTY === true && process.stderr.isTTY === true,
  signal: interruption.signal,
}).then((code) => {
  // Not process.exit(): what was written to a pipe has to arrive.
  process.exitCode = code;
});
