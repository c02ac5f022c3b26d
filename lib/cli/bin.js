#!/usr/bin/env node
'use strict';

const { main } = require('./main.js');

const interruption = new AbortController();
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
