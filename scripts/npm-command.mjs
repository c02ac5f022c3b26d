import { basename } from 'node:path';

/**
 * How npm is started. As a script where it can be had: on Windows the command `npm` is a batch file, which needs a
 * shell.
 *
 * @param {string[]} args
 * @returns {[string, ...string[]]}
 */
export function npmCommand(args) {
  const cli = process.env.npm_execpath;
  const isScript = cli !== undefined && basename(cli) === 'npm-cli.js';
  return isScript ? [process.execPath, cli, ...args] : ['npm', ...args];
}
