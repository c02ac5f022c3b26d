'use strict';

const { NOTABLE_SKEW_SECONDS, inMinutes } = require('./causes.js');

/**
 * @typedef {import('../../../index.js').Diagnosis} Diagnosis
 * @typedef {import('../../../index.js').ClientAuthOptions} ClientAuthOptions
 * @typedef {import('./causes.js').Cause} Cause
 *
 * @typedef {object} Step
 * @property {string} name
 * @property {'ok' | 'attention' | 'failed' | 'skipped'} status
 * @property {string} summary one sentence, or the facts
 * @property {(readonly [label: string, text: string])[]} [details]
 * @property {string} [cause]
 * @property {string} [remedy]
 */

/** A certificate that ends sooner should be on somebody's list. */
const NOTABLE_DAYS = 21;
const DAY_MS = 24 * 3600 * 1000;

/** What ends before a document is read. */
const OF_DISCOVERY = ['ERR_DISCOVERY', 'ERR_ISSUER_MISMATCH', 'ERR_INSECURE_URL', 'ERR_ORIGIN_NOT_ALLOWED'];

/**
 * @param {Diagnosis} diagnosis
 * @returns {boolean} whether the error is one of discovery
 */
function endedInDiscovery({ discovery, request, error }) {
  return error !== null && request === null && (discovery === null || OF_DISCOVERY.includes(error.code));
}

/**
 * @param {Diagnosis} diagnosis
 * @param {Cause | null} cause
 * @returns {Step}
 */
function discoveryStep(diagnosis, cause) {
  const { discovery, error, request, warnings } = diagnosis;
  const name = 'Discovery';
  if (endedInDiscovery(diagnosis)) return failure(name, /** @type {Error} */ (error).message, cause);
  if (discovery === null) {
    return { name, status: 'skipped', summary: `not needed: the token endpoint is given, ${request?.url}` };
  }
  const codes = [
    'TOKEN_ENDPOINT_ORIGIN',
    'DISCOVERY_STALE',
    'GRANT_TYPE_NOT_LISTED',
    'CAPABILITY_NOT_LISTED',
  ];
  const notable = warnings.filter(({ code }) => [...codes, 'AUTH_METHOD_NOT_LISTED'].includes(code));
  return {
    name,
    status: notable.length === 0 ? 'ok' : 'attention',
    summary: discovery.document,
    details: [
      ['endpoint', discovery.tokenEndpoint],
      ...listed('methods', discovery.authMethods),
      ...listed('algorithms', discovery.signingAlgorithms),
      ...listed('grants', discovery.grantTypes),
      ...notable.map(({ message }) => /** @type {const} */ (['look at', message])),
    ],
  };
}

/**
 * @param {string} host
 * @param {import('./probes.js').TlsFinding | Error} finding
 * @param {boolean} hasToken
 * @returns {Step}
 */
function tlsStep(host, finding, hasToken) {
  const name = 'TLS';
  if (finding instanceof Error) {
    // The core has its own TLS, which may do where Node's does not.
    return { name, status: hasToken ? 'attention' : 'failed', summary: `${host}: ${finding.message}` };
  }
  const { protocol, problem, isOtherName, validTo, endsFirst } = finding;
  const days = validTo === null ? Infinity : Math.floor((validTo.getTime() - Date.now()) / DAY_MS);
  const until = validTo === null ? '' : `, certificates valid until ${validTo.toISOString().slice(0, 10)}`;
  const summary = `${host}: ${protocol}${until}`;
  if (days < 0) {
    return {
      name,
      status: 'failed',
      summary,
      cause: `expired: the certificate of ${endsFirst.join(', and that of ')}`,
      remedy: 'have it renewed; a renewed CA goes into --ca',
    };
  }
  if (problem !== null) {
    return {
      name,
      status: 'attention',
      summary: `${summary}; Node does not trust it: ${problem}`,
      remedy: isOtherName
        ? 'use the name that is in it: check the URL'
        : 'give the CA in --ca, and to your FHIR client as NODE_EXTRA_CA_CERTS',
    };
  }
  if (days < NOTABLE_DAYS) {
    return { name, status: 'attention', summary: `${summary}: ${days} days left for ${endsFirst[0]}` };
  }
  return { name, status: 'ok', summary };
}

/**
 * @param {Diagnosis} diagnosis
 * @returns {Step | null} null where there was no answer to compare with
 */
function clockStep({ answer, token }) {
  const ahead = answer?.clockAheadSeconds;
  if (ahead === null || ahead === undefined) return null;
  const distance = Math.abs(ahead);
  const name = 'Clock';
  if (distance <= NOTABLE_SKEW_SECONDS / 2) {
    return { name, status: 'ok', summary: "within half a minute of the server's" };
  }
  return {
    name,
    status: distance > NOTABLE_SKEW_SECONDS && token === null ? 'failed' : 'attention',
    summary: `${inMinutes(ahead)} ${ahead > 0 ? 'ahead of' : 'behind'} the server's`,
    remedy: 'set the clock (NTP)',
  };
}

/**
 * What the assertion says, where one was sent.
 *
 * @param {Diagnosis} diagnosis
 * @returns {Step[]}
 */
function assertionSteps({ discovery, request, warnings }) {
  if (request === null || request.assertion === null) return [];
  const { header, claims } = request.assertion;
  const unlisted = warnings.find(({ code }) => code === 'ALGORITHM_NOT_LISTED');
  /** @type {Step} */
  const algorithm = {
    name: 'Algorithm',
    status: unlisted === undefined ? 'ok' : 'attention',
    summary: unlisted?.message ?? `${header.alg}, typ ${header.typ ?? '(none)'}`,
  };
  const endpoint = discovery?.tokenEndpoint ?? request.url;
  /** @type {Step} */
  const audience = {
    name: 'Audience',
    status: 'ok',
    summary: `${claims.aud}${claims.aud === endpoint ? ' (the token endpoint)' : ''}`,
  };
  /** @type {Step} */
  const keyId = { name: 'Key id', status: 'ok', summary: String(header.kid ?? 'none is sent') };
  // An assertion by the secret has no key that the server could look up.
  return request.method === 'private_key_jwt' ? [algorithm, audience, keyId] : [algorithm, audience];
}

/**
 * @param {Diagnosis} diagnosis
 * @param {Cause | null} cause
 * @returns {Step}
 */
function tokenStep(diagnosis, cause) {
  const { request, answer, token, error } = diagnosis;
  const name = 'Token request';
  if (request === null && endedInDiscovery(diagnosis)) {
    return { name, status: 'skipped', summary: 'not reached: the token endpoint is not known' };
  }
  if (error !== null) {
    const details = [...sent(request), ...received(answer)];
    return { ...failure(name, refusalOf(diagnosis, cause), cause), details };
  }
  const lifetime = token?.expiresInSeconds;
  return {
    name,
    status: 'ok',
    summary: `HTTP ${answer?.status}, a token${lifetime === null ? '' : ` for ${lifetime} s`}`,
    details: [...sent(request), ...received(answer)],
  };
}

/**
 * The whole message where it is all there is to say; else what the server said.
 *
 * @param {Diagnosis} diagnosis
 * @param {Cause | null} cause
 */
function refusalOf({ answer, error }, cause) {
  const message = error?.message ?? '';
  if (cause === null || answer === null || error?.oauth === undefined) return message;
  const { error: name, errorDescription, errorUri } = error.oauth;
  return [`HTTP ${answer.status}`, name, errorDescription, errorUri].filter(Boolean).join(': ');
}

/**
 * @param {Diagnosis} diagnosis
 * @returns {Step | null}
 */
function scopesStep({ token }) {
  if (token === null) return null;
  const { grantedScopes, missingScopes } = token;
  const name = 'Scopes';
  if (missingScopes.length === 0) return { name, status: 'ok', summary: grantedScopes.join(' ') || 'none' };
  return {
    name,
    status: 'attention',
    summary: `granted: ${grantedScopes.join(' ') || 'none'}; not granted: ${missingScopes.join(' ')}`,
    remedy: 'have the client registered for them, or ask for what it has: --scope',
  };
}

/**
 * @param {string} name
 * @param {string} message
 * @param {Cause | null} cause
 * @returns {Step}
 */
function failure(name, message, cause) {
  return {
    name,
    status: 'failed',
    summary: message,
    ...(cause && { cause: cause.cause, remedy: cause.remedy }),
  };
}

/**
 * @param {Diagnosis['request']} request
 * @returns {(readonly [string, string])[]}
 */
function sent(request) {
  if (request === null) return [];
  const { url, authorization, parameters, assertion } = request;
  /** @type {(readonly [string, string])[]} */
  const lines = [['sent', `POST ${url}`]];
  if (authorization !== null) lines.push(['', `Authorization: ${authorization} [redacted]`]);
  lines.push(...parameters.map(([name, value]) => /** @type {const} */ (['', `${name}=${value}`])));
  if (assertion !== null) {
    lines.push(['assertion', `header ${spaced(assertion.header)}`]);
    lines.push(['', `claims ${spaced(assertion.claims)}`]);
  }
  return lines;
}

/**
 * @param {Diagnosis['answer']} answer
 * @returns {(readonly [string, string])[]}
 */
function received(answer) {
  if (answer === null) return [['received', 'no answer']];
  const { status, headers, body } = answer;
  return [
    ['received', `HTTP ${status}`],
    ...headers.map(([name, value]) => /** @type {const} */ (['', `${name}: ${value}`])),
    ['', body === '' ? '(an empty body)' : wrappable(body)],
  ];
}

/** @param {string} body */
function wrappable(body) {
  try {
    return spaced(JSON.parse(body));
  } catch {
    return body;
  }
}

/**
 * JSON that can be wrapped.
 *
 * @param {object} value
 */
function spaced(value) {
  return JSON.stringify(value, null, 1).replaceAll(/\n\s*/g, ' ');
}

/**
 * @param {string} label
 * @param {readonly string[] | null} values
 * @returns {(readonly [string, string])[]}
 */
function listed(label, values) {
  return values === null ? [] : [[label, values.join(', ') || 'none']];
}

module.exports = {
  assertionSteps,
  clockStep,
  discoveryStep,
  endedInDiscovery,
  failure,
  scopesStep,
  tlsStep,
  tokenStep,
};
