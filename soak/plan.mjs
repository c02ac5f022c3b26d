/** Each is a FHIR base and a token endpoint of its own. */
export const BASES = ['north', 'east', 'south'];
/** How often each proof is there at each base. */
const ROUNDS = 4;
const TWINS = 3;
export const ALGORITHMS = ['ES384', 'RS384'];
const PROOFS = ['ES384', 'client_secret_basic', 'RS384', 'client_secret_post'];
const SCOPES = ['system/*.read', 'system/Patient.rs'];
/** One long one among them, so that not all renewals are for short lives. */
const LIFETIMES = [2, 3, 5, 2, 10, 60];
const ATTEMPTS = [3, 1, 2];
/** The first is the default. */
const RENEWALS = [{}, {}, { jitter: 1 }, { background: false }, { marginSeconds: 1 }];

/**
 * What one token source of the process is for.
 *
 * @typedef {object} Identity
 * @property {string} base
 * @property {string} clientId says how long its tokens live: `client-7-3s`
 * @property {string} scope
 * @property {string} proof an algorithm, or how the secret is sent
 * @property {number} attempts HTTP attempts of a token request
 * @property {object} renewal as in `ClientAuthOptions`
 * @property {'right' | 'wrong' | 'late'} secret late: right, but registered only after a while
 */

/** @param {Pick<Identity, 'base' | 'clientId' | 'scope'> & { secret?: string }} identity */
export function identityName({ base, clientId, scope, secret }) {
  return `${clientId} at ${base} for ${scope}${secret === 'wrong' ? ' with a wrong secret' : ''}`;
}

/** @param {string} clientId */
export function lifetimeSeconds(clientId) {
  return Number(/-(\d+)s$/.exec(clientId)?.[1]);
}

/** Clients that a secret does not help before `registersAt`. */
export function isLate(clientId) {
  return clientId.startsWith('late-');
}

/** Clients whose token requests may overlap, because they give up the one under way. */
export function isForgetful(identity) {
  return identity.startsWith('forgetful-');
}

/** Clients that ask once and then no more. */
export function isIdle(identity) {
  return identity.startsWith('idle-');
}

/**
 * Fifty-one identities that the main thread holds from start to end, and that all threads use.
 *
 * @returns {Identity[]}
 */
export function sharedIdentities() {
  const kinds = BASES.flatMap((base) => PROOFS.map((proof) => ({ base, proof })));
  const identities = Array.from({ length: ROUNDS }, () => kinds)
    .flat()
    .map(({ base, proof }, index) => identity('client-', base, proof, index));
  // One client with two scopes is two identities.
  const twins = identities.slice(0, TWINS).map((one) => ({ ...one, scope: SCOPES[1] }));
  return [...identities, ...twins];
}

/**
 * The same client at every base, for an interceptor that serves them all.
 *
 * @returns {Identity[]}
 */
export function roamingIdentities() {
  return BASES.map((base) => ({ ...identity('roaming-', base, 'ES384', 1), attempts: 3 }));
}

/** An identity of each kind that is there for one purpose, each used by the main thread alone. */
export function specialIdentities() {
  const of = (purpose, changes = {}) => ({
    ...identity(`${purpose}-`, BASES[0], 'client_secret_basic', 2),
    attempts: 3,
    ...changes,
  });
  const [{ clientId, scope }] = sharedIdentities().filter(({ proof }) => proof === 'client_secret_basic');
  return {
    // Nothing but the secret tells it from one that is right.
    wrong: of('', { clientId, scope, secret: 'wrong' }),
    wrongToo: of('wrong', { secret: 'wrong', proof: 'client_secret_post' }),
    late: of('late', { secret: 'late' }),
    forgetful: of('forgetful'),
    idle: of('idle'),
    idleKey: of('idle-key', { proof: 'ES384', base: BASES[1] }),
    hookPasses: of('hook-passes', { proof: 'RS384' }),
    hookThrows: of('hook-throws'),
    hookSupplies: of('hook-supplies'),
    hookBare: of('hook-bare', { proof: 'ES384' }),
  };
}

/**
 * What the client ids of a worker's own identities begin with.
 *
 * @param {number} worker
 */
export function workerName(worker) {
  return `worker-${worker}-`;
}

/**
 * Of one worker: nobody else has it.
 *
 * @param {number} worker
 * @param {number} index
 * @param {import('./random.mjs').Random} random
 */
export function ownIdentity(worker, index, random) {
  return identity(workerName(worker), random.pick(BASES), random.pick(PROOFS), index);
}

/** @returns {Identity} */
function identity(purpose, base, proof, index) {
  const lifetime = LIFETIMES[index % LIFETIMES.length];
  return {
    base,
    clientId: `${purpose}${index}-${lifetime}s`,
    scope: SCOPES[0],
    proof,
    attempts: ATTEMPTS[index % ATTEMPTS.length],
    renewal: RENEWALS[index % RENEWALS.length],
    secret: 'right',
  };
}
