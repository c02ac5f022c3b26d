'use strict';

const { repeats } = require('../../fhir/server-text.js');
const { failure } = require('./steps.js');
const { get, inspectTls } = require('./probes.js');

/**
 * @typedef {import('../../../index.js').Diagnosis} Diagnosis
 * @typedef {import('../../../index.js').ClientAuthOptions} ClientAuthOptions
 * @typedef {import('../../../index.js').ClientAuthInterceptor} ClientAuthInterceptor
 * @typedef {import('./probes.js').ProbeOptions} ProbeOptions
 * @typedef {import('./steps.js').Step} Step
 */

const LONGEST_DETAIL = 200;
const WITHHELD = '(not shown: it repeats the token)';

/** SMART v1 and v2: what a search needs (SC-1). */
const SEARCHABLE = /^(?:system|user|patient)\/(\*|[A-Z][A-Za-z]+)\.(?:read|\*|c?r?u?d?s(?:\?.*)?)$/;

/**
 * Handshakes with the servers concerned, each once.
 *
 * @param {ClientAuthOptions} settings
 * @param {Diagnosis} diagnosis
 * @param {ProbeOptions} network
 * @returns {Promise<{ host: string, finding: import('./probes.js').TlsFinding | Error }[]>}
 */
async function tlsOf(settings, { discovery, request }, network) {
  const urls = [settings.fhirBaseUrl, settings.issuer, discovery?.tokenEndpoint ?? request?.url];
  /** @type {Map<string, URL>} */
  const servers = new Map();
  for (const text of urls) {
    const url = text !== undefined && URL.canParse(text) ? new URL(text) : null;
    if (url?.protocol === 'https:') servers.set(url.host, url);
  }
  const handshakes = Array.from(servers, async ([host, url]) => {
    const finding = await inspectTls(url, network).catch((/** @type {Error} */ error) => error);
    return { host, finding };
  });
  const found = await Promise.all(handshakes);
  network.signal.throwIfAborted();
  return found;
}

/**
 * Whether the server can find the key that signed, at the URL that the assertion names.
 *
 * @param {Diagnosis} diagnosis with an assertion
 * @param {ProbeOptions} network
 * @returns {Promise<{ step: Step, problem: string | null }>}
 */
async function registeredKeys({ request }, network) {
  const name = 'Registered keys';
  const header = request?.assertion?.header ?? {};
  const url = header.jku;
  if (typeof url !== 'string') {
    const summary = 'not looked at: give --jwks-url, if the server reads the public keys from a URL';
    return { step: { name, status: 'skipped', summary }, problem: null };
  }
  const problem = await problemOfKeySet(url, header.kid, network);
  network.signal.throwIfAborted();
  /** @type {Step} */
  const step =
    problem === null
      ? {
          name,
          status: 'ok',
          summary:
            header.kid === undefined
              ? `${url} can be read; no kid is sent`
              : `${url} has the kid ${header.kid}`,
        }
      : failure(name, problem, null);
  return { step, problem };
}

/**
 * @param {string} url
 * @param {unknown} keyId
 * @param {ProbeOptions} network
 * @returns {Promise<string | null>}
 */
async function problemOfKeySet(url, keyId, network) {
  try {
    const { status, body } = await get(new URL(url), { ...network, headers: { accept: 'application/json' } });
    if (status !== 200) return `the public keys are not at ${url} (HTTP ${status})`;
    const keys = keysIn(body);
    if (keys === null) return `what is at ${url} is no JWKS`;
    const names = keys.map((key) => key?.kid).filter((kid) => kid !== undefined);
    if (keyId === undefined || names.includes(keyId)) return null;
    return `${url} has no key with the kid ${keyId}, but ${names.join(', ') || 'none at all'}`;
  } catch (error) {
    const { message } = /** @type {Error} */ (error);
    return `the public keys at ${url} cannot be read: ${message}`;
  }
}

/**
 * @param {string} body
 * @returns {({ kid?: unknown } | null)[] | null} null where it is no JWKS
 */
function keysIn(body) {
  try {
    const keys = JSON.parse(body)?.keys;
    return Array.isArray(keys) ? keys : null;
  } catch {
    return null;
  }
}

/**
 * A small search with the token.
 *
 * @param {ClientAuthInterceptor} interceptor
 * @param {ClientAuthOptions} settings
 * @param {Diagnosis} diagnosis with a token
 * @param {string | undefined} probe
 * @param {ProbeOptions} network
 * @returns {Promise<Step>}
 */
async function authorisedRequest(interceptor, settings, { token }, probe, network) {
  const name = 'FHIR request';
  const base = settings.fhirBaseUrl;
  const query = probe ?? queryFor(token?.grantedScopes ?? []);
  if (base === undefined)
    return { name, status: 'skipped', summary: 'not tried: no FHIR base URL was given' };
  if (query === null) {
    return { name, status: 'skipped', summary: 'not tried: no granted scope allows a search; give --probe' };
  }
  const url = new URL(query, `${base.replace(/\/+$/, '')}/`);
  if (url.origin !== new URL(base).origin) {
    return failure(name, `--probe leads to ${url.origin}, another server: nothing was sent`, null);
  }
  let authorization;
  try {
    authorization = await interceptor.getAuthorizationHeader({ signal: network.signal });
  } catch (error) {
    network.signal.throwIfAborted();
    return failure(name, `not made: ${/** @type {Error} */ (error).message}`, null);
  }
  try {
    const headers = { authorization, accept: 'application/fhir+json' };
    return judge(name, url, await get(url, { ...network, headers }), authorization);
  } catch (error) {
    network.signal.throwIfAborted();
    const problem = /** @type {NodeJS.ErrnoException} */ (error);
    return failure(name, `GET ${url}: ${problem.message}`, causeOfSilence(problem));
  }
}

/**
 * @param {NodeJS.ErrnoException} error
 * @returns {import('./causes.js').Cause}
 */
function causeOfSilence({ code = '' }) {
  if (/CERT|_TLS_|_SSL_|EPROTO|UNABLE_TO/.test(code)) {
    return {
      cause: 'the FHIR server gave no answer to a client that uses the TLS of Node',
      remedy: 'for a CA of your own set NODE_EXTRA_CA_CERTS',
    };
  }
  return {
    cause: 'the FHIR server gave no answer',
    remedy: 'check the address, DNS and the firewall, and the proxy if there is one',
  };
}

/** @param {readonly string[]} scopes */
function queryFor(scopes) {
  const types = scopes.map((scope) => SEARCHABLE.exec(scope)?.[1]).filter((type) => type !== undefined);
  const [type] = types;
  if (type === undefined) return null;
  return `${type === '*' ? 'Patient' : type}?_count=1`;
}

/**
 * @param {string} name
 * @param {URL} url
 * @param {import('./probes.js').Received} received
 * @param {string} authorization that was sent
 * @returns {Step}
 */
function judge(name, url, { status, headers, body }, authorization) {
  const request = `GET ${url.origin}${url.pathname}${url.search}: HTTP ${status}`;
  const summary = `${request}${detail(headers, body, authorization)}`;
  if (status >= 300 && status < 400) {
    const { location = '' } = headers;
    const target = URL.canParse(location, url.href) ? ` to ${new URL(location, url).origin}` : '';
    return failure(name, `${request}${target}, which was not followed`, {
      cause: 'the FHIR server sends the request elsewhere: another base URL, or a login page',
      remedy: 'check the FHIR base URL',
    });
  }
  if (status < 300 && /\bx?html\b/.test(headers['content-type'] ?? '')) {
    return failure(name, `${request}, text/html`, {
      cause: 'what answered is a web page, not a FHIR server: a login page, a portal or a proxy',
      remedy: 'check the FHIR base URL',
    });
  }
  if (status >= 500) {
    return failure(name, summary, {
      cause: 'the FHIR server failed, which says nothing about the token',
      remedy: 'try again later, or ask its operator',
    });
  }
  if (status === 401) {
    return failure(name, summary, {
      cause: 'the FHIR server does not accept the token that its own authorization server has granted',
      remedy:
        'compare issuer and audience of the token with what the FHIR server is set up for; if it needs one, an additional parameter such as audience or resource',
    });
  }
  if (status === 403) {
    return failure(name, summary, {
      cause: 'the token is accepted and does not cover this request',
      remedy: 'ask for the scope that covers it (--scope), or probe something else (--probe)',
    });
  }
  if (status >= 400) {
    return {
      name,
      status: 'attention',
      summary,
      remedy: 'the token was accepted; probe something that the server knows (--probe)',
    };
  }
  return { name, status: 'ok', summary: request };
}

/**
 * @param {import('node:http').IncomingHttpHeaders} headers
 * @param {string} body
 * @param {string} authorization that was sent: a server that repeats it must not make us print it
 */
function detail(headers, body, authorization) {
  const challenge = headers['www-authenticate'];
  const token = authorization.slice(authorization.indexOf(' ') + 1);
  return [challenge, outcomeOf(body)]
    .filter((text) => text !== undefined)
    .map((text) => `; ${repeats(text, [token]) ? WITHHELD : text.slice(0, LONGEST_DETAIL)}`)
    .join('');
}

/** @param {string} body */
function outcomeOf(body) {
  try {
    const [issue] = JSON.parse(body).issue;
    return String(issue.details?.text ?? issue.diagnostics);
  } catch {
    return undefined;
  }
}

module.exports = { authorisedRequest, registeredKeys, tlsOf };
