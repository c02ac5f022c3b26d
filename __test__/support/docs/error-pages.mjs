import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PACKAGE_ROOT } from '../child.mjs';
import { doctorsWords } from './doctor-words.mjs';
import { ErrorScenarios, FIXTURES, SCENARIOS, USUAL } from './error-scenarios.mjs';
import { leadAstray } from './named-hosts.mjs';

export const PAGES = join(PACKAGE_ROOT, 'docs', 'errors');
const { version } = JSON.parse(readFileSync(join(PACKAGE_ROOT, 'package.json'), 'utf8'));
/** The sections of a page that hold what was said by the package itself. */
export const SECTIONS = /** @type {const} */ (['Messages', 'What the doctor shows']);

/**
 * What each page has to quote, by code and section, in the order of the scenarios.
 *
 * @returns {Promise<Record<string, Record<(typeof SECTIONS)[number], string[]>>>}
 */
export async function collectQuotations() {
  const scenarios = await ErrorScenarios.start();
  const folder = await mkdtemp(join(tmpdir(), 'smart-m2m-errors-'));
  try {
    await writeFile(join(folder, 'ca.pem'), scenarios.caPem);
    const quotations = {};
    for (const scenario of SCENARIOS) {
      const error = await scenarios.errorOf(scenario);
      if (error.code !== scenario.code) throw error;
      quotations[scenario.code] ??= { Messages: [], 'What the doctor shows': [] };
      const of = quotations[scenario.code];
      of.Messages.push(general(error.message));
      if (scenario.doctor) {
        of['What the doctor shows'].push(general(await doctorOf(scenario, scenarios, folder)));
      }
    }
    return quotations;
  } finally {
    await scenarios.close();
    await rm(folder, { recursive: true, force: true });
  }
}

async function doctorOf(scenario, scenarios, folder) {
  await scenarios.prepare(scenario);
  leadAstray(scenarios.ports);
  const { http, fhirBaseUrl, ...options } = { ...USUAL, ...scenario.options };
  const path = join(folder, 'options.json');
  await writeFile(path, JSON.stringify({ ...options, http: { proxy: scenarios.proxyUrl, ...http } }));
  const trust = http?.ca === undefined ? ['--ca', join(folder, 'ca.pem')] : [];
  return doctorsWords([fhirBaseUrl, '--options', path, ...trust]);
}

/** Without what differs from machine to machine. */
function general(text) {
  return text
    .replaceAll(`${FIXTURES}/`, '/etc/my-application/')
    .replaceAll(`${FIXTURES}\\`, '/etc/my-application/')
    .replaceAll(/[A-Z]:\\etc\\my-application\\/g, '/etc/my-application/')
    .replaceAll(`@${version}`, '@x.y.z')
    .replaceAll(/localhost:1\b/g, 'localhost:8443')
    .replaceAll(/127\.0\.0\.1:1\b/g, '127.0.0.1:8443')
    .replaceAll(/within 200(\s+)ms/g, 'within 30000$1ms')
    .replaceAll(/clock is 60\d s/g, 'clock is 600 s');
}

/**
 * The same where only line breaks, and the words of the operating system, differ.
 *
 * @param {string} text
 */
export function comparable(text) {
  return text
    .replaceAll(/\s+/g, ' ')
    .replaceAll(/: [^:;()]*\(os error \d+\)/g, ': (os error)')
    .trim();
}

/**
 * The quotations in one section of a page, with where they are.
 *
 * @param {string} markdown
 * @param {string} heading such as `## Messages`
 * @returns {{ text: string, start: number, end: number }[]}
 */
export function quotationsIn(markdown, heading) {
  const from = markdown.indexOf(`\n${heading}\n`);
  if (from === -1) return [];
  const next = /^#{2,3} /m.exec(markdown.slice(from + heading.length + 1))?.index ?? Infinity;
  const part = markdown.slice(0, from + heading.length + 1 + next);
  return [...part.matchAll(/^```text\n([\s\S]*?)^```$/gm)]
    .filter(({ index }) => index > from)
    .map((match) => {
      const start = match.index + '```text\n'.length;
      return { text: match[1], start, end: start + match[1].length };
    });
}
