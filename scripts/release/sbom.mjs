import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import CycloneDX from '@cyclonedx/cyclonedx-library';
import { TARGETS } from '../platforms/targets.mjs';
import { root } from '../prepare.mjs';
import { compiledCrates, crateFacts, linkedCrates } from './crates.mjs';

// The bill of materials: the npm packages, and the crates that are in the addon of each, or have run while it was
// compiled. `npm run sbom -- file` writes it as CycloneDX JSON, when it has passed CycloneDX's own schema.

const SPEC_VERSION = '1.6';
/** From the root of the repository. */
export const SBOM_FILE = join('target', 'release-files', 'smart-m2m.cdx.json');

/**
 * @param {{ timestamp?: Date }} [options] the only thing in it that does not follow from the sources
 * @returns {object}
 */
export function billOfMaterials({ timestamp = new Date() } = {}) {
  const main = readJson('package.json');
  // Whoever adds one: its own dependencies come with it, and the bill has to name them all.
  if (Object.keys(main.dependencies ?? {}).length > 0) {
    throw new Error('package.json has dependencies, which the bill of materials does not list yet.');
  }
  const facts = crateFacts();
  const platforms = readdirSync(join(root, 'npm')).map((folder) => ({
    ...readJson(join('npm', folder, 'package.json')),
    triple: TARGETS.find(({ platform }) => platform === folder)?.triple,
  }));
  const binding = [...facts.keys()].find((crate) => crate.startsWith('smart-m2m@'));
  const compiled = new Set(platforms.flatMap(({ triple }) => [...compiledCrates(triple)]));
  const linked = new Set(platforms.flatMap(({ triple }) => [...linkedCrates(triple)]));
  const crates = [...compiled].sort().map((crate) => facts.get(crate));
  return {
    $schema: `http://cyclonedx.org/schema/bom-${SPEC_VERSION}.schema.json`,
    bomFormat: 'CycloneDX',
    specVersion: SPEC_VERSION,
    version: 1,
    metadata: { timestamp: timestamp.toISOString(), component: npmComponent(main) },
    components: [
      ...platforms.map((platform) => npmComponent(platform)),
      ...crates.map((crate) => crateComponent(crate, linked.has(keyOf(crate)) ? 'required' : 'excluded')),
    ],
    dependencies: [
      { ref: npmPurl(main), dependsOn: platforms.map(npmPurl) },
      ...platforms.map((platform) => ({
        ref: npmPurl(platform),
        dependsOn: [cratePurl(facts.get(binding))],
      })),
      ...crates.map((crate) => ({
        ref: cratePurl(crate),
        dependsOn: crate.dependencies
          .filter((dependency) => compiled.has(dependency))
          .map((dependency) => cratePurl(facts.get(dependency))),
      })),
    ],
  };
}

/**
 * @param {object} bill
 * @returns {Promise<string | null>} what CycloneDX's schema says against it
 */
export async function sbomProblem(bill) {
  const validator = new CycloneDX.Validation.JsonStrictValidator(SPEC_VERSION);
  const problem = await validator.validate(JSON.stringify(bill));
  return problem === null ? null : JSON.stringify(problem, null, 2);
}

function npmComponent({ name, version, description, license }) {
  const [group, bare] = name.split('/');
  const purl = npmPurl({ name, version });
  return {
    type: 'library',
    'bom-ref': purl,
    group,
    name: bare,
    version,
    description,
    licenses: [{ license: { id: license } }],
    purl,
  };
}

function crateComponent(crate, scope) {
  const { name, version, license, description, repository, checksum } = crate;
  return {
    type: 'library',
    'bom-ref': cratePurl(crate),
    name,
    version,
    ...(description === null ? {} : { description }),
    // What only ran while the addon was compiled is not part of it.
    scope,
    ...(checksum === null ? {} : { hashes: [{ alg: 'SHA-256', content: checksum }] }),
    ...(license === null ? {} : { licenses: [{ expression: license }] }),
    purl: cratePurl(crate),
    ...(repository === null ? {} : { externalReferences: [{ type: 'vcs', url: repository }] }),
  };
}

function npmPurl({ name, version }) {
  return `pkg:npm/${name.replace('@', '%40')}@${version}`;
}

function cratePurl({ name, version }) {
  return `pkg:cargo/${name}@${version}`;
}

function keyOf({ name, version }) {
  return `${name}@${version}`;
}

function readJson(path) {
  return JSON.parse(readFileSync(join(root, path), 'utf8'));
}

/**
 * @param {string} [file]
 * @returns {Promise<{ file: string, components: number }>}
 */
export async function writeSbom(file = join(root, SBOM_FILE)) {
  const bill = billOfMaterials();
  const problem = await sbomProblem(bill);
  if (problem !== null)
    throw new Error(`The bill of materials does not fit CycloneDX ${SPEC_VERSION}:\n${problem}`);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `${JSON.stringify(bill, null, 2)}\n`);
  return { file, components: bill.components.length };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { file, components } = await writeSbom(process.argv[2]);
  console.log(`${file}: ${components} components, valid CycloneDX ${SPEC_VERSION}.`);
}
