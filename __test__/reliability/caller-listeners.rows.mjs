export const TITLE = 'Subscribers and signals that do what none should';
export const KIND = 'input';

/** Rows with a script have a process of their own: what a subscriber throws is an uncaught error there. */
const SUBSCRIBED = `
  const { subscribe } = await import('node:diagnostics_channel');
  process.on('uncaughtException', (error) => tell(error.message));
  const PHASES = ['start', 'error', 'end'].map((phase) => 'tracing:smart-m2m:token:' + phase);
  const settled = () => new Promise((resolve) => setTimeout(resolve, 100));`;

const throwing = [
  {
    name: 'A subscriber of smart-m2m:warning that throws',
    outcome: 'an uncaught error of the process; the call has its token',
    script: `
      subscribe('smart-m2m:warning', () => { throw new Error('mine'); });
      tell(await create().getAuthorizationHeader());
      await settled();`,
    told: ['mine', 'Bearer token-1'],
  },
  {
    name: 'A subscriber of the channels of token requests that throws at each',
    outcome: 'an uncaught error for each; the call has its token, and so has the next',
    script: `
      for (const phase of PHASES) subscribe(phase, () => { throw new Error('mine'); });
      const interceptor = create();
      tell(await interceptor.getAuthorizationHeader());
      interceptor.invalidate();
      tell(await interceptor.getAuthorizationHeader());
      await settled();`,
    told: ['mine', 'mine', 'Bearer token-1', 'mine', 'mine', 'Bearer token-2'],
  },
  {
    name: 'A subscriber of smart-m2m:warning that throws, and no handler of uncaught errors',
    outcome: 'the process ends with that error, and not by a crash',
    script: `
      process.removeAllListeners('uncaughtException');
      subscribe('smart-m2m:warning', () => { throw new Error('mine'); });
      await create().getAuthorizationHeader();
      await settled();`,
    told: [],
    code: 1,
  },
];

const subscribers = [
  {
    name: 'A subscriber of smart-m2m:warning that calls close(), in a call that is answered from the cache',
    warnsLater: true,
    outcome: 'that call has the header; no header is kept, the next one is ERR_CLOSED',
    script: `
      const [one, other] = [create(), create()];
      await one.getAuthorizationHeader();
      await other.getAuthorizationHeader();
      one.invalidate();
      tell(await one.getAuthorizationHeader());
      subscribe('smart-m2m:warning', () => other.close());
      tell(await other.getAuthorizationHeader());
      tell(await codeOfRejected(other.getAuthorizationHeader()));
      tell(await one.getAuthorizationHeader());`,
    told: ['Bearer token-2', 'Bearer token-2', 'ERR_CLOSED', 'Bearer token-2'],
  },
  {
    name: 'The same with a FHIR base in the call',
    warnsLater: true,
    outcome: 'that call has the header; no header is kept, the next one is ERR_CLOSED',
    script: `
      const { fhirBaseUrl } = options;
      const [one, other] = [create(), create()];
      await one.getAuthorizationHeader({ fhirBaseUrl });
      await other.getAuthorizationHeader({ fhirBaseUrl });
      one.invalidate();
      tell(await one.getAuthorizationHeader({ fhirBaseUrl }));
      subscribe('smart-m2m:warning', () => other.close());
      tell(await other.getAuthorizationHeader({ fhirBaseUrl }));
      tell(await codeOfRejected(other.getAuthorizationHeader({ fhirBaseUrl })));
      tell(await one.getAuthorizationHeader({ fhirBaseUrl }));`,
    told: ['Bearer token-2', 'Bearer token-2', 'ERR_CLOSED', 'Bearer token-2'],
  },
  {
    name: 'A subscriber of smart-m2m:warning that calls close(), while callers wait',
    outcome: 'they have the token that came; later calls are ERR_CLOSED',
    script: `
      const interceptor = create();
      subscribe('smart-m2m:warning', () => interceptor.close());
      const waiting = [1, 2, 3].map(() => interceptor.getAuthorizationHeader());
      tell(new Set(await Promise.all(waiting)).size, await codeOfRejected(interceptor.getAuthorizationHeader()));`,
    told: [1, 'ERR_CLOSED'],
  },
  {
    name: 'A subscriber of smart-m2m:warning that calls every method of the interceptor',
    outcome: 'no deadlock; all calls have the one token',
    script: `
      const interceptor = create();
      const calls = [];
      let isFirst = true;
      subscribe('smart-m2m:warning', () => {
        if (!isFirst) return;
        isFirst = false;
        calls.push(interceptor.getAuthorizationHeader(), interceptor.getAccessToken(), interceptor.fetch(patients));
        interceptor.stats();
      });
      tell(await interceptor.getAuthorizationHeader());
      const [header, { accessToken }, { status }] = await Promise.all(calls);
      tell(header, accessToken, status);`,
    told: ['Bearer token-1', 'Bearer token-1', 'token-1', 200],
  },
  {
    name: 'A subscriber of smart-m2m:warning that calls invalidate() each time',
    outcome: 'each call has a token; no loop',
    script: `
      const interceptor = create();
      subscribe('smart-m2m:warning', () => interceptor.invalidate());
      for (let call = 0; call < 3; call++) tell((await interceptor.getAuthorizationHeader()).slice(0, 13));
      tell(interceptor.stats().tokenRequests <= 4);`,
    told: ['Bearer token-', 'Bearer token-', 'Bearer token-', true],
  },
  ...['start', 'end'].map((phase) => ({
    name: `A subscriber of tracing:smart-m2m:token:${phase} that calls close()`,
    outcome: 'ERR_CLOSED, or the token that came; nobody waits for ever',
    script: `
      const interceptor = create();
      subscribe('tracing:smart-m2m:token:${phase}', () => interceptor.close());
      const [{ value, reason }] = await Promise.allSettled([interceptor.getAuthorizationHeader()]);
      tell(value === 'Bearer token-1' || reason?.code === 'ERR_CLOSED');
      await settled();
      tell(await codeOfRejected(interceptor.getAuthorizationHeader()));`,
    told: [true, 'ERR_CLOSED'],
  })),
  {
    name: 'A subscriber of tracing:smart-m2m:token:end that asks for a header each time',
    outcome: 'no deadlock; it has the same token',
    script: `
      const interceptor = create();
      const asked = [];
      subscribe('tracing:smart-m2m:token:end', () => asked.push(interceptor.getAuthorizationHeader()));
      tell(await interceptor.getAuthorizationHeader());
      while (asked.length === 0) await settled();
      tell(...(await Promise.all(asked)));`,
    told: ['Bearer token-1', 'Bearer token-1'],
  },
  {
    name: 'A subscriber of token requests that changes and freezes what it is told',
    outcome: 'the call has its token',
    script: `
      for (const phase of PHASES) subscribe(phase, (told) => Object.freeze(told));
      tell(await create().getAuthorizationHeader());
      await settled();`,
    told: ['Bearer token-1'],
  },
];

const renewal = [
  {
    name: 'close() in a renewal, of one of two interceptors that share the living token',
    outcome: 'ERR_CLOSED there; the other one has the living token, and then the new one',
    closesInRenewal: true,
  },
];

/** In the same process: the number of listeners is counted there. */
const signals = [
  ['5,000 calls on one AbortSignal', 'one', ['getAuthorizationHeader', 'getAccessToken']],
  ['5,000 calls with 5,000 AbortSignals', 'each', ['getAuthorizationHeader', 'getAccessToken']],
  ['5,000 calls of 50 interceptors on one AbortSignal', 'one', ['getAuthorizationHeader'], 50],
  ['40 diagnoses on one AbortSignal', 'one', ['diagnose'], 1, 40],
].map(([name, given, methods, clients = 1, calls = 5000]) => ({
  name,
  outcome: 'no warning about listeners, and none is left',
  signals: { given, methods, clients, calls },
}));

const aborted = [
  {
    name: '5,000 calls on one AbortSignal that is aborted while they wait',
    outcome: 'each rejects with its reason; no warning, no listener left, others have the token',
    aborts: true,
    signals: {
      given: 'one',
      methods: ['getAuthorizationHeader', 'getAccessToken'],
      clients: 50,
      calls: 5000,
    },
  },
];

export const ROWS = [
  ...throwing,
  ...subscribers,
  ...renewal,
  ...signals,
  ...aborted,
  {
    name: '40 requests of a FHIR client on one AbortSignal',
    outcome: 'no warning about listeners, and none is left',
    fhirRequests: 40,
  },
].map((row) => (row.script === undefined ? row : { ...row, script: SUBSCRIBED + row.script }));
