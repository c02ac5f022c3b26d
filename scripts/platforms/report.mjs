import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageBin } from '../package-bin.mjs';
import { root } from '../prepare.mjs';
import { run } from '../run.mjs';

const PAGE = join(root, 'docs', 'platforms.md');
const START = '<!-- figures of `npm run platforms -- --report` -->';
const END = '<!-- end of the figures -->';

/**
 * @typedef {import('./targets.mjs').Target} Target
 * @typedef {import('./records.mjs').ArtefactRecord} ArtefactRecord
 */

/** @param {readonly [Target, ArtefactRecord | undefined][]} rows */
export async function writeReport(rows) {
  writeFileSync(PAGE, withFigures(readFileSync(PAGE, 'utf8'), figures(rows)));
  // As `npm run lint` wants tables.
  const biome = packageBin(root, '@biomejs/biome', 'biome');
  const { ok } = await run(process.execPath, [biome, 'format', '--write', PAGE], { cwd: root });
  if (!ok) throw new Error('The page with the figures could not be formatted.');
}

/**
 * @param {string} page
 * @param {string} figures
 */
export function withFigures(page, figures) {
  const [start, end] = [page.indexOf(START), page.indexOf(END)];
  if (start < 0 || end < start)
    throw new Error(`The page has no place for figures between ${START} and ${END}.`);
  return `${page.slice(0, start + START.length)}\n\n${figures}\n${page.slice(end)}`;
}

/**
 * Two tables, in Markdown.
 *
 * @param {readonly [Target, ArtefactRecord | undefined][]} rows
 */
export function figures(rows) {
  const sizes = [
    ['Platform', 'Size', 'gzip -9', 'CPU time to build', 'Gates', 'Token request over TLS'],
    ['---', '--:', '--:', '--:', '---', '---'],
    ...rows.map(([target, record]) => [
      `\`${target.platform}\``,
      ...sizeCells(record),
      gateCell(record),
      runCell(record),
    ]),
  ];
  const found = [
    ['Platform', 'Built', 'Needs of the system', 'Same hash from another folder', 'SHA-256'],
    ['---', '---', '---', '---', '---'],
    ...rows.flatMap(([target, record]) => (record === undefined ? [] : [foundCells(target, record)])),
  ];
  return [sizes, found]
    .map((table) => `${table.map((cells) => `| ${cells.join(' | ')} |`).join('\n')}\n`)
    .join('\n');
}

function sizeCells(record) {
  if (record === undefined) return ['not built', '', ''];
  const { bytes, gzipBytes, cpuSeconds } = record;
  return [megabytes(bytes), megabytes(gzipBytes), cpuSeconds === null ? 'not measured' : minutes(cpuSeconds)];
}

function gateCell(record) {
  if (record?.gates === undefined) return 'not checked';
  const failed = record.gates.filter(({ ok }) => !ok);
  if (failed.length === 0) return `all ${record.gates.length} passed`;
  return `**failed**: ${failed.map(({ name, found }) => `${name} (${found})`).join(', ')}`;
}

function runCell(record) {
  if (record?.run === undefined) return 'not run';
  if (record.run === null) return 'not run: nothing on this machine runs it';
  const { runtime, ok, found } = record.run;
  return ok ? `passed: ${runtime}` : `**failed**: ${runtime}, ${found}`;
}

function foundCells({ platform }, { builtAt, gates = [], reproducible, sha256 }) {
  const named = (name) => gates.find((gate) => gate.name === name)?.found;
  const glibc = named('glibc')?.replace('needs', 'glibc');
  const macos = named('oldest macOS');
  const needs = [glibc, macos && `macOS ${macos}`, namesOf(named('libraries'))].filter(Boolean).join('; ');
  const same = { true: 'yes', false: '**no**', undefined: 'not tried' }[reproducible];
  return [`\`${platform}\``, builtAt, needs || 'not checked', same, `\`${sha256.slice(0, 16)}…\``];
}

/** File names, without their folders and with Windows' runtime as one. */
function namesOf(libraries) {
  const names = libraries?.split(' ').map((path) =>
    path
      .split('/')
      .at(-1)
      .replace(/^api-ms-win-.*/, 'api-ms-win-*'),
  );
  return names && [...new Set(names)].map((name) => `\`${name}\``).join(' ');
}

function megabytes(bytes) {
  return `${(bytes / 1e6).toFixed(2)} MB`;
}

function minutes(seconds) {
  return `${Math.floor(seconds / 60)} min ${String(seconds % 60).padStart(2, '0')} s`;
}
