import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { artefactOf, sha256 } from './build.mjs';
import { output, readText } from './folders.mjs';

/**
 * What is known of an artefact. Gates and runs are of the file that has this hash, and are forgotten with it.
 *
 * @typedef {object} ArtefactRecord
 * @property {string} sha256
 * @property {string} builtAt
 * @property {number} bytes
 * @property {number} gzipBytes
 * @property {number | null} cpuSeconds of the last build that compiled everything
 * @property {import('./gates.mjs').Gate[]} [gates]
 * @property {boolean} [reproducible] whether a build from another folder was the same
 * @property {{ runtime: string, ok: boolean, found: string } | null} [run] null: nothing here runs it
 */

/**
 * @param {import('./targets.mjs').Target} target
 * @returns {ArtefactRecord | undefined} undefined where it is not built
 */
export function readRecord(target) {
  const path = artefactOf(target);
  if (!existsSync(path)) return undefined;
  const kept = JSON.parse(readText(fileOf(target)) ?? '{}');
  if (kept.sha256 === sha256(path)) return kept;
  const bytes = readFileSync(path);
  return {
    sha256: sha256(path),
    builtAt: new Date().toISOString().slice(0, 10),
    bytes: bytes.length,
    gzipBytes: gzipSync(bytes, { level: 9 }).length,
    cpuSeconds: kept.cpuSeconds ?? null,
  };
}

/**
 * @param {import('./targets.mjs').Target} target
 * @param {Partial<ArtefactRecord>} news
 */
export function writeRecord(target, news) {
  writeFileSync(fileOf(target), `${JSON.stringify({ ...readRecord(target), ...news }, null, 2)}\n`);
}

function fileOf({ platform }) {
  return join(output, platform, 'record.json');
}
