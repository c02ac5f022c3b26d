/** What users of the package have no use for: how it is developed. */
const OURS = ['scripts', 'devDependencies', 'overrides', 'ava', 'napi'];

/**
 * package.json as it is published. The packages for the platforms are named in it only here: `npm ci` in a clone
 * would ask the registry for each of them, where a version under development does not exist yet.
 *
 * @param {Record<string, any>} manifest package.json of the repository
 * @param {readonly string[]} platforms folders of `npm/`
 * @returns {Record<string, any>}
 */
export function publishedManifest(manifest, platforms) {
  const kept = Object.entries(manifest).filter(([key]) => !OURS.includes(key));
  // Each to the version of its own release: the two sides of the boundary change together.
  const packages = platforms.map((platform) => [`${manifest.name}-${platform}`, manifest.version]);
  return { ...Object.fromEntries(kept), optionalDependencies: Object.fromEntries(packages) };
}
