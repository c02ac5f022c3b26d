'use strict';

const { ClientAuthInterceptorFactory } = require('../../client-auth-interceptor-factory.js');
const { ask } = require('../prompt.js');

/**
 * @typedef {import('../../../index.js').Diagnosis} Diagnosis
 * @typedef {import('../../../index.js').ClientAuthOptions} ClientAuthOptions
 * @typedef {import('../main.js').Io} Io
 *
 * @typedef {object} Experiment one change to the settings
 * @property {string} label as code
 * @property {Partial<ClientAuthOptions>} change
 *
 * @typedef {object} Outcome
 * @property {string} label
 * @property {'token' | 'refused' | 'not tried'} result
 * @property {string} [message]
 */

const RSA_ALGORITHMS = /** @type {const} */ (['RS384', 'RS256', 'PS256', 'PS384']);

/** What a further request would only make worse, or not change. */
const POINTLESS = ['ERR_RATE_LIMITED', 'ERR_NETWORK', 'ERR_TLS', 'ERR_TIMEOUT', 'ERR_CLOSED'];

/**
 * Changes that may help after this refusal, the likeliest first. Each goes to the token endpoint that was found, and
 * none of them shows anything that has not been sent there before.
 *
 * @param {ClientAuthOptions} settings
 * @param {Diagnosis} diagnosis of a refusal whose cause is open
 * @returns {Experiment[]}
 */
function experimentsFor(settings, diagnosis) {
  const { error, request } = diagnosis;
  if (error?.code !== 'ERR_TOKEN_REJECTED') return [];
  switch (request?.method) {
    case 'private_key_jwt':
      return ofAssertion(settings, diagnosis);
    case 'client_secret_basic':
      return [
        { label: "basicEncoding: 'raw'", change: { basicEncoding: 'raw' } },
        {
          label: "clientAuthMethod: 'client_secret_post'",
          change: { clientAuthMethod: 'client_secret_post' },
        },
      ];
    case 'client_secret_post':
      return [
        {
          label: "clientAuthMethod: 'client_secret_basic'",
          change: { clientAuthMethod: 'client_secret_basic' },
        },
      ];
    default:
      return [];
  }
}

/**
 * @param {ClientAuthOptions} settings
 * @param {Diagnosis} diagnosis
 * @returns {Experiment[]}
 */
function ofAssertion(settings, { discovery, request }) {
  const { header, claims } = request?.assertion ?? { header: {}, claims: {} };
  /** @type {Experiment[]} */
  const experiments = [];
  if (settings.audience !== 'issuer' && (settings.issuer ?? settings.fhirBaseUrl) !== undefined) {
    experiments.push({ label: "audience: 'issuer'", change: { audience: 'issuer' } });
  }
  if (settings.audience !== undefined && settings.audience !== 'token_endpoint') {
    experiments.push({ label: "audience: 'token_endpoint'", change: { audience: 'token_endpoint' } });
  }
  if (/^https:/i.test(String(claims.aud)) && !settings.forceHttpInTokenRequestAudience) {
    const label = 'forceHttpInTokenRequestAudience: true';
    experiments.push({ label, change: { forceHttpInTokenRequestAudience: true } });
  }
  for (const algorithm of otherAlgorithms(String(header.alg), discovery?.signingAlgorithms ?? null)) {
    experiments.push({
      label: `assertion: { algorithm: '${algorithm}' }`,
      change: { assertion: { algorithm } },
    });
  }
  const otherTyp = header.typ === 'JWT' ? 'client-authentication+jwt' : 'JWT';
  experiments.push({ label: `assertion: { typ: '${otherTyp}' }`, change: { assertion: { typ: otherTyp } } });
  if (!settings.assertion?.includeClientId) {
    const label = 'assertion: { includeClientId: true }';
    experiments.push({ label, change: { assertion: { includeClientId: true } } });
  }
  return experiments;
}

/**
 * @param {string} used
 * @param {readonly string[] | null} listed
 */
function otherAlgorithms(used, listed) {
  // A key on a curve can sign with one algorithm alone (RFC 7518 §3.4).
  if (!/^[RP]S/.test(used)) return [];
  const others = RSA_ALGORITHMS.filter((algorithm) => algorithm !== used);
  return listed === null ? others : others.filter((algorithm) => listed.includes(algorithm));
}

/**
 * Tries one after the other until one brings a token.
 *
 * @param {Experiment[]} experiments
 * @param {object} context
 * @param {ClientAuthOptions} context.settings
 * @param {Io} context.io
 * @param {boolean} context.withoutAsking
 * @param {(label: string) => void} context.onStart
 * @param {(outcome: Outcome) => void} context.onOutcome
 * @returns {Promise<{ settings: ClientAuthOptions | null, outcomes: Outcome[] }>} the settings that work
 */
async function runExperiments(experiments, { settings, io, withoutAsking, onStart, onOutcome }) {
  /** @type {Outcome[]} */
  const outcomes = [];
  let isAgreed = withoutAsking;
  const note = (/** @type {Outcome} */ outcome) => {
    outcomes.push(outcome);
    onOutcome(outcome);
  };
  for (const { label, change } of experiments) {
    const answer = isAgreed ? 'y' : await ask(io, `Try ${label}? [y]es, [n]o, [a]ll, [q]uit: `);
    const choice = answer.toLowerCase()[0];
    if (choice === 'q') break;
    if (choice === 'a') isAgreed = true;
    if (choice !== 'y' && choice !== 'a') {
      note({ label, result: 'not tried' });
      continue;
    }
    onStart(label);
    const changed = merge(settings, change);
    const { token, error } = await diagnose(changed, io.signal);
    if (token !== null) {
      note({ label, result: 'token' });
      return { settings: changed, outcomes };
    }
    note({ label, result: 'refused', message: error?.message });
    if (error !== null && POINTLESS.includes(error.code)) break;
  }
  return { settings: null, outcomes };
}

/**
 * @param {ClientAuthOptions} settings
 * @param {AbortSignal} signal
 * @returns {Promise<Pick<Diagnosis, 'token' | 'error'>>}
 */
async function diagnose(settings, signal) {
  let interceptor;
  try {
    interceptor = ClientAuthInterceptorFactory.create(settings);
  } catch (error) {
    // Settings that do not go together: as good as refused.
    return { token: null, error: /** @type {Diagnosis['error']} */ (error) };
  }
  try {
    return await interceptor.diagnose({ signal });
  } finally {
    interceptor.close();
  }
}

/**
 * @param {ClientAuthOptions} settings
 * @param {Partial<ClientAuthOptions>} change
 * @returns {ClientAuthOptions}
 */
function merge(settings, change) {
  return { ...settings, ...change, assertion: { ...settings.assertion, ...change.assertion } };
}

module.exports = { experimentsFor, runExperiments };
