import { findDebianPrograms } from '../../scripts/debian-programs.mjs';

/** Where the programs of Debian are that the tests in `debian-servers/` run. */
export function debianPrograms() {
  const programs = findDebianPrograms();
  if (programs.missing === undefined) return programs;
  throw new Error(
    `not on this system: ${programs.missing.join(', ')}. Where there is apt-get, ` +
      '`node scripts/debian-programs.mjs` fetches them; elsewhere `npm test` leaves these tests out',
  );
}

/**
 * Environment of processes whose wall clock is that far ahead of the true time.
 *
 * @param {number} aheadSeconds
 */
export function clockEnv(aheadSeconds) {
  return {
    LD_PRELOAD: debianPrograms().paths.libfaketime,
    FAKETIME: `${aheadSeconds < 0 ? '' : '+'}${aheadSeconds}s`,
    // Timers go by the monotonic clock.
    FAKETIME_DONT_FAKE_MONOTONIC: '1',
  };
}
