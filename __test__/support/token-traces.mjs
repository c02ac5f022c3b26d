import { subscribe, unsubscribe } from 'node:diagnostics_channel';

const PHASES = ['start', 'error', 'end'];

/**
 * Collects what is published of a client's token requests until the test is over.
 *
 * @param {import('ava').ExecutionContext} t
 * @param {string} clientId tests of a file run side by side
 * @returns {{ events: { phase: string, trace: import('@org/smart-m2m').TokenRequestTrace, members: string[] }[],
 *   phases(): string[] }} `members`: those that the trace had when it was published
 */
export function collectTraces(t, clientId) {
  const events = [];
  const listeners = PHASES.map((phase) => {
    const channel = `tracing:smart-m2m:token:${phase}`;
    const listener = (trace) => {
      if (trace.clientId === clientId) events.push({ phase, trace, members: Object.keys(trace) });
    };
    subscribe(channel, listener);
    return { channel, listener };
  });
  t.teardown(() => {
    for (const { channel, listener } of listeners) unsubscribe(channel, listener);
  });
  return { events, phases: () => events.map(({ phase, trace }) => `${phase} ${trace.attempt}`) };
}
