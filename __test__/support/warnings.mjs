import { subscribe, unsubscribe } from 'node:diagnostics_channel';

const CHANNEL = 'smart-m2m:warning';

/**
 * Collects the package's warning events until the test is over.
 *
 * @param {import('ava').ExecutionContext} t
 * @param {string | null} clientId of the interceptors that are listened to: tests of a file run side by side
 * @returns {{ code: string, message: string, clientId: string }[]} grows
 */
export function collectWarnings(t, clientId) {
  const warnings = [];
  const onWarning = (warning) => {
    if (warning.clientId === clientId) warnings.push(warning);
  };
  subscribe(CHANNEL, onWarning);
  t.teardown(() => unsubscribe(CHANNEL, onWarning));
  return warnings;
}
