import { createRequire } from 'node:module';
import { parseArgs } from 'node:util';

const require = createRequire(import.meta.url);

/** What these tests run; a block with anything else fails. */
const RUN = ['smart-m2m', 'npx', 'npm', 'node', 'git', 'openssl', 'cat', 'cd', 'true'];

/**
 * The commands of a block, as words. Enough of a shell for documentation: quotes, continued lines, comments,
 * redirections, and commands within commands.
 *
 * @param {string} code
 * @returns {string[][]}
 */
export function commandsOf(code) {
  const inner = [...code.matchAll(/\$\(([^()]*)\)/g)].flatMap(([, text]) => commandsOf(text));
  const outer = code
    .replaceAll(/\\\n/g, ' ')
    .replaceAll(/\$\([^()]*\)/g, 'result')
    .split(/\n|&&|\|\||;/)
    .map((line) => wordsOf(line))
    .filter((words) => words.length > 0);
  return [...outer, ...inner];
}

function wordsOf(line) {
  const words = [];
  for (const [match] of line.matchAll(/(?:'[^']*'|"[^"]*"|[^\s'"])+/g)) {
    if (match.startsWith('#')) break;
    if (/^\d?[<>]/.test(match)) {
      // What is read or written is no argument.
      if (/^\d?[<>]+$/.test(match)) words.push(null);
      continue;
    }
    if (words.at(-1) === null) {
      words.pop();
      continue;
    }
    words.push(match.replaceAll(/['"]/g, ''));
  }
  while (/^\w+=/.test(words[0] ?? '')) words.shift();
  return words;
}

/** @param {string[]} command */
export function canRun([name]) {
  return RUN.includes(name);
}

/**
 * What is wrong with a command, as far as that can be told without running it.
 *
 * @param {string[]} command
 * @param {{ scripts: Record<string, string>, isInstalled: (name: string) => boolean }} project
 * @returns {string | null}
 */
export function problemOf([name, ...args], project) {
  if (name === 'smart-m2m') return problemOfCommandLine(args);
  if (name === 'npx') {
    const isOurs = ['@org/smart-m2m', 'smart-m2m'].includes(args[0]);
    return isOurs ? problemOfCommandLine(args.slice(1)) : `npx runs ${args[0]}`;
  }
  if (name === 'npm') return problemOfNpm(args, project);
  return null;
}

function problemOfCommandLine([command, ...args]) {
  if (command === '--help' || command === '--version') return null;
  try {
    const { options, allowPositionals } = require(`../../../lib/cli/${command}.js`);
    parseArgs({
      args,
      options: { ...options, help: { type: 'boolean', short: 'h' } },
      allowPositionals: allowPositionals ?? false,
    });
    return null;
  } catch (error) {
    return `smart-m2m ${command}: ${error.message}`;
  }
}

function problemOfNpm([command, ...args], { scripts, isInstalled }) {
  if (command === 'install') {
    const missing = args.filter((arg) => !/^[-.]/.test(arg) && !isInstalled(arg));
    return missing.length === 0 ? null : `npm installs ${missing.join(', ')}`;
  }
  if (command === 'init') return null;
  const script = command === 'run' ? args[0] : command;
  return Object.hasOwn(scripts, script) ? null : `there is no npm script ${script}`;
}
