const [major, minor] = process.versions.node.split('.').map(Number);

/**
 * For libraries whose current major version wants a newer Node than this package does: their tests are there
 * where that version runs.
 *
 * @param {number} wantedMajor
 * @param {number} [wantedMinor]
 */
export function nodeIsAtLeast(wantedMajor, wantedMinor = 0) {
  return major > wantedMajor || (major === wantedMajor && minor >= wantedMinor);
}
