import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/**
 * @typedef {{ name: string, command: string }} Runtime
 */

/** The one that runs the benchmark. @type {Runtime} */
export const node = { name: `Node ${process.versions.node}`, command: process.execPath };

/** Of npm packages that exist for Linux on x64 only: elsewhere the figures are this Node's alone. */
const hasOthers = process.platform === 'linux' && process.arch === 'x64';

/** @type {Runtime[]} */
export const nodes = hasOthers ? [node, packaged('Node', 'node24', 'bin/node')] : [node];

/** @type {Runtime[]} */
export const runtimes = hasOthers ? [...nodes, packaged('Bun', '@oven/bun-linux-x64', 'bin/bun')] : nodes;

/**
 * One of each release line that the package supports; where only the running one can be had, that. @type {Runtime[]}
 */
export const supportedNodes = hasOthers
  ? ['20', '22', '24', '26'].map((line) =>
      process.versions.node.startsWith(`${line}.`) ? node : packaged('Node', `node${line}`, 'bin/node'),
    )
  : [node];

function packaged(name, packageName, command) {
  const path = (file) => fileURLToPath(new URL(`../node_modules/${packageName}/${file}`, import.meta.url));
  const { version } = JSON.parse(readFileSync(path('package.json'), 'utf8'));
  return { name: `${name} ${version}`, command: path(command) };
}
