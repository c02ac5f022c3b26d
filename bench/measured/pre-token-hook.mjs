import { createInterceptor } from '../peers/this-package.mjs';
import { secretClient } from '../support/clients.mjs';
import { cpuSince, results, settings } from '../support/process.mjs';
import { measureInTurns } from '../support/rounds.mjs';

const { tokenEndpoint, rounds, acquisitions, inFlight, calls } = settings();
const TOKEN = 'h'.repeat(1_200);
const HEADER = `Bearer ${TOKEN}`;

let hooked = 0;
/** A bare token is not kept: every call asks the hook again. */
const supplies = {
  async CLIENT_AUTH_PRE_TOKEN_REQUEST() {
    hooked += 1;
    return TOKEN;
  },
};
const passes = { CLIENT_AUTH_PRE_TOKEN_REQUEST: async () => null };
const keeps = { CLIENT_AUTH_PRE_TOKEN_REQUEST: async () => ({ accessToken: TOKEN, expiresIn: 3_600 }) };

results({ acquisitions: await acquisitionCosts(), cached: await cachedCosts() });

/** Microseconds by wall clock from call to header, of one call at a time and of many. */
async function acquisitionCosts() {
  const interceptors = Array.from({ length: inFlight }, (_, index) =>
    createInterceptor(secretClient(tokenEndpoint, `client-${index}`)).registerInterceptor(supplies),
  );
  const workloads = { idle: interceptors.slice(0, 1), loaded: interceptors };
  return measureInTurns(workloads, { rounds, warmUp: 3 }, async (workload) => {
    const before = hooked;
    const start = performance.now();
    await Promise.all(workload.map((interceptor) => acquire(interceptor, acquisitions / workload.length)));
    const elapsed = performance.now() - start;
    if (hooked - before !== acquisitions) throw new Error(`${hooked - before} hooks, not ${acquisitions}`);
    return (elapsed * 1_000) / acquisitions;
  });
}

async function acquire(interceptor, times) {
  for (let time = 0; time < times; time += 1) {
    const header = await interceptor.getAuthorizationHeader();
    if (header !== HEADER) throw new Error('not the hook’s token');
  }
}

/** Nanoseconds of the processor's time for a cached header. Each has a loop of its own. */
async function cachedCosts() {
  const without = createInterceptor(secretClient(tokenEndpoint, 'without'));
  const passing = createInterceptor(secretClient(tokenEndpoint, 'passing')).registerInterceptor(passes);
  const keeping = createInterceptor(secretClient(tokenEndpoint, 'keeping')).registerInterceptor(keeps);
  const loops = {
    'no hook': async () => {
      for (let call = 0; call < calls; call += 1) await without.getAuthorizationHeader();
    },
    'a hook that lets the flow go on': async () => {
      for (let call = 0; call < calls; call += 1) await passing.getAuthorizationHeader();
    },
    'a hook that supplied the token': async () => {
      for (let call = 0; call < calls; call += 1) await keeping.getAuthorizationHeader();
    },
  };
  return measureInTurns(loops, { rounds, warmUp: 5 }, async (loop) => {
    const before = process.cpuUsage();
    await loop();
    return (cpuSince(before) * 1_000) / calls;
  });
}
