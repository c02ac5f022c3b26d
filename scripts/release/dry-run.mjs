import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { buildAddon } from '../addon.mjs';
import { TARGETS } from '../platforms/targets.mjs';
import { prepareTools, root } from '../prepare.mjs';
import { run } from '../run.mjs';
import { releaseOf } from './changelog.mjs';
import { publish } from './publish.mjs';
import { packTarballs } from './tarballs.mjs';
import { licenseProblems } from './third-party-licenses.mjs';
import { versionProblems } from './versions.mjs';

// Every step of a release that needs no GitHub, on this machine, for this machine's platform and those whose addon is
// in npm/: `npm run release:dry-run -- [--tag v1.2.3] [--skip-build] [--skip-tests]
// [--all-platforms]`. Nothing is published.

const { values } = parseArgs({
  options: {
    tag: { type: 'string' },
    'skip-build': { type: 'boolean' },
    'skip-tests': { type: 'boolean' },
    'all-platforms': { type: 'boolean' },
  },
});
if (!(await prepareTools())) process.exit(1);
// Not before what it depends on is installed.
const { SBOM_FILE, writeSbom } = await import('./sbom.mjs');

let tarballs;

/** Each returns what it has to say, and throws where the release must not go on. */
const STEPS = {
  versions: () => {
    refuse(versionProblems({ tag: values.tag }));
    return values.tag === undefined
      ? 'one everywhere; with --tag the changelog is checked as well'
      : values.tag;
  },
  'release notes': () => {
    const version = values.tag?.slice(1) ?? 'Unreleased';
    const notes = releaseOf(readFileSync(join(root, 'CHANGELOG.md'), 'utf8'), version);
    if (!notes) throw new Error(`CHANGELOG.md has nothing under [${version}].`);
    return `${notes.split('\n').length} lines under [${version}]`;
  },
  'third-party licenses': () => {
    refuse(licenseProblems());
    return 'in step with Cargo.lock';
  },
  build: async () => {
    if (values['skip-build']) return 'skipped';
    if (!(await buildAddon(root))) throw new Error('The addon could not be built.');
    return 'the addon for this machine';
  },
  tests: async () => {
    if (values['skip-tests']) return 'skipped';
    const { ok } = await run(process.execPath, [join(root, 'scripts', 'test.mjs')], { cwd: root });
    if (!ok) throw new Error('Tests failed.');
    return 'passed';
  },
  pack: () => {
    tarballs = packTarballs();
    const least = values['all-platforms'] ? TARGETS.length : 1;
    if (tarballs.length - 1 < least) {
      throw new Error(
        `There are ${tarballs.length - 1} platform packages of ${least}: build the addons first.`,
      );
    }
    return tarballs.map(({ file, unpackedSize }) => `${basename(file)} (${unpackedSize} bytes)`).join(', ');
  },
  'bill of materials': async () => {
    const { components } = await writeSbom();
    return `${components} components in ${SBOM_FILE}`;
  },
  checksums: () => {
    const files = [...tarballs.map(({ file }) => file), join(root, SBOM_FILE)];
    const lines = files.map((file) => `${sha256(file)}  ${basename(file)}\n`);
    const path = join(root, dirname(SBOM_FILE), 'SHA256SUMS');
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, lines.join(''));
    return `${lines.length} files`;
  },
  publish: () => {
    const said = [];
    publish(tarballs, { dryRun: true, say: (line) => said.push(line) });
    return said.join('; ');
  },
};

for (const [name, step] of Object.entries(STEPS)) {
  try {
    console.log(`ok      ${name}: ${await step()}`);
  } catch (error) {
    console.error(`FAILED  ${name}: ${error.message}`);
    process.exit(1);
  }
}

function refuse(problems) {
  if (problems.length > 0) throw new Error(problems.join('\n'));
}

function sha256(file) {
  return createHash('sha256').update(readFileSync(file)).digest('hex');
}
