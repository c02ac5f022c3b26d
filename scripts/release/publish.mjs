import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { npm } from './npm.mjs';

// Publishes the tarballs that it is given, in that order: platform packages first. Can be run again after a failure:
// what the registry has is left alone, if it is the same.

/**
 * @param {readonly import('./tarballs.mjs').Tarball[]} tarballs
 * @param {{ dryRun?: boolean, say?: (line: string) => void }} [options] `dryRun` packs, checks and sends nothing
 */
export function publish(tarballs, { dryRun = false, say = console.log } = {}) {
  for (const { name, version, file } of tarballs) {
    const published = dryRun ? null : publishedIntegrity(name, version);
    if (published === null) {
      npm([
        'publish',
        file,
        '--access',
        'public',
        '--tag',
        distTag(version),
        dryRun ? '--dry-run' : '--provenance',
      ]);
      say(`${name}@${version}: ${dryRun ? `would be published as ${distTag(version)}` : 'published'}`);
    } else if (published === integrityOf(file)) {
      say(`${name}@${version}: is there already`);
    } else {
      throw new Error(`${name}@${version} is published with another content: a release needs a new version.`);
    }
  }
}

/** Who asks for no version gets no release candidate. */
export function distTag(version) {
  return version.includes('-') ? 'next' : 'latest';
}

/** @returns {string | null} null where the registry says that it has no such version */
function publishedIntegrity(name, version) {
  const args = ['view', `${name}@${version}`, 'dist.integrity', '--json'];
  const { status, stdout } = spawnSync('npm', args, { encoding: 'utf8' });
  if (status === 0) return stdout.trim() === '' ? null : JSON.parse(stdout);
  // Anything else, a registry that does not answer for one, is no reason to publish.
  if (JSON.parse(stdout || '{}').error?.code === 'E404') return null;
  throw new Error(`npm ${args.join(' ')} failed: ${stdout}`);
}

function integrityOf(file) {
  return `sha512-${createHash('sha512').update(readFileSync(file)).digest('base64')}`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { tarballsIn } = await import('./tarballs.mjs');
  const [folder] = process.argv.slice(2).filter((arg) => !arg.startsWith('--'));
  publish(tarballsIn(folder), { dryRun: process.argv.includes('--dry-run') });
}
