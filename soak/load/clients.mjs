import { ClientAuthInterceptorFactory, Keystores } from '@org/smart-m2m';
import { ALGORITHMS, identityName } from '../plan.mjs';
import { preTokenHook } from './hooks.mjs';

let clients = 0;

/** @param {Record<string, object>} keys private JWKSs by algorithm; once for all threads */
export function registerKeystores(keys) {
  for (const algorithm of ALGORITHMS) Keystores.register(`soak-${algorithm}`, { jwks: keys[algorithm] });
}

/** An interceptor, and what is to be expected of it. */
export class Client {
  /** @type {Map<string, import('../plan.mjs').Identity>} by FHIR base URL */
  #identities;
  #fhirServer;
  closedAt = Infinity;
  /** What its hook has thrown: an error's cause has to be one of these. */
  thrown = new WeakSet();
  /** Bases for which it has had a token: it holds their sources. */
  served = new Set();

  /**
   * @param {import('./thread.mjs').LoadThread} thread
   * @param {import('../plan.mjs').Identity | import('../plan.mjs').Identity[]} identity several: one at each base
   * @param {Parameters<typeof preTokenHook>[0] | null} [hook]
   */
  constructor({ config, mint, random, tally, name }, identity, hook = null) {
    clients += 1;
    this.#fhirServer = config.fhirServer;
    const identities = [identity].flat();
    this.#identities = new Map(identities.map((one) => [this.#baseUrl(one.base), one]));
    this.isRoaming = identities.length > 1;
    this.hook = hook;
    this.owner = `hook of client ${clients} in ${name}`;
    this.interceptor = ClientAuthInterceptorFactory.create(this.#options(identities[0], config, mint));
    tally.count('interceptors created');
    if (hook !== null) {
      const { owner, thrown } = this;
      this.interceptor.registerInterceptor(preTokenHook(hook, { owner, mint, random, thrown }));
    }
  }

  get suppliesTokens() {
    return this.hook === 'supplies' || this.hook === 'bare';
  }

  /** @returns {string[]} FHIR base URLs */
  get bases() {
    return [...this.#identities.keys()];
  }

  /** @param {string} fhirBaseUrl */
  identityAt(fhirBaseUrl) {
    return this.#identities.get(fhirBaseUrl);
  }

  /** Whose tokens its headers have to carry. */
  expectedAt(fhirBaseUrl) {
    return this.suppliesTokens ? this.owner : identityName(this.identityAt(fhirBaseUrl));
  }

  close() {
    this.closedAt = Math.min(this.closedAt, Date.now());
    this.interceptor.close();
  }

  #baseUrl(base) {
    return `${this.#fhirServer}/${base}`;
  }

  #options({ base, clientId, scope, proof, attempts, renewal, secret }, config, mint) {
    const isKey = ALGORITHMS.includes(proof);
    return {
      clientId,
      scope,
      ...(isKey
        ? { keystore: `soak-${proof}` }
        : {
            clientSecret: mint.secretOf(secret === 'wrong' ? 'somebody else' : clientId),
            clientAuthMethod: proof,
          }),
      ...(this.isRoaming ? {} : { fhirBaseUrl: this.#baseUrl(base) }),
      renewal,
      retry: { attempts },
      http: { ca: config.ca, proxy: null },
    };
  }
}
