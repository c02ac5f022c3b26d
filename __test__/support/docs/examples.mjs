import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PACKAGE_ROOT } from '../child.mjs';
import { packageJson } from './reader-project.mjs';

/** What the examples of declarations have around them, by the first name that they use without declaring it. */
const SURROUNDINGS = {
  interceptor: `import { ClientAuthInterceptorFactory as factory } from '@org/smart-m2m';
    const interceptor = factory.create({
      clientId: 'my-client-id',
      keystore: 'my-keystore',
      scope: 'system/*.read',
      fhirBaseUrl: 'https://fhir.example.org/r4',
    });`,
  send: `const url = 'https://fhir.example.org/r4/Patient?_count=1';
    const { signal } = new AbortController();
    const send = (url, headers) => fetch(url, { headers, signal });`,
  server: `import { startSmartServer as start } from '@org/smart-m2m/testing';
    const server = await start({ tls: false });
    setImmediate(() => server.close());`,
};

/**
 * The examples in the declarations of every entry point, as modules that can be run.
 *
 * @returns {Promise<import('./blocks.mjs').Block[]>}
 */
export async function collectExamples() {
  const { exports } = await packageJson();
  const sources = Object.values(exports)
    .map((entry) => (entry.require ?? entry).types?.replace('./', ''))
    .filter((source) => source !== undefined);
  const examples = await Promise.all(
    sources.map(async (source) => examplesOf(source, await readFile(join(PACKAGE_ROOT, source), 'utf8'))),
  );
  return examples.flat();
}

/**
 * @param {string} source
 * @param {string} declarations
 * @returns {import('./blocks.mjs').Block[]}
 */
function examplesOf(source, declarations) {
  const pattern = /^ *\* @example\n(?<lines>(?: *\*(?: [^@\n][^\n]*)?\n)+?)(?= *\*(?:\/| @))/gm;
  return [...declarations.matchAll(pattern)].map(({ groups, index }) => ({
    source,
    line: declarations.slice(0, index).split('\n').length,
    language: 'js',
    code: surrounded(groups.lines.replaceAll(/^ *\* ?/gm, '')),
    isOutput: false,
    isInBackground: false,
    file: null,
  }));
}

function surrounded(code) {
  const missing = Object.keys(SURROUNDINGS).filter(
    (name) => new RegExp(`\\b${name}\\b`).test(code) && !new RegExp(`(?:const|import) ${name}\\b`).test(code),
  );
  return `${missing.map((name) => SURROUNDINGS[name]).join('\n')}\n${code}`;
}
