'use strict';

const { subscribe, unsubscribe } = require('node:diagnostics_channel');

/**
 * @typedef {import('../../index.js').ClientAuthInterceptor} ClientAuthInterceptor
 * @typedef {import('../../index.js').TokenRequestTrace} TokenRequestTrace
 * @typedef {import('@opentelemetry/api').Attributes} Attributes
 *
 * @typedef {object} Observed interceptors whose cache hits are one time series
 * @property {Attributes} attributes
 * @property {WeakSet<ClientAuthInterceptor>} members
 * @property {Map<WeakRef<ClientAuthInterceptor>, number>} hits of each, as told last
 * @property {number} past hits of interceptors that are gone: the sum never falls
 */

const NAME = '@org/smart-m2m';
const TOKEN_REQUEST_END = 'tracing:smart-m2m:token:end';
const WARNING = 'smart-m2m:warning';
/** Those of http.client.request.duration (Semantic Conventions, HTTP metrics). */
const BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10];

/** @type {typeof import('./opentelemetry.js').startTelemetry} */
function startTelemetry({ tracerProvider, meterProvider, includeClientId = false } = {}) {
  const api = loadApi();
  if (api === null) return { observe() {}, stop() {} };
  const { SpanKind, SpanStatusCode } = api;
  const { version } = require('../../package.json');
  const tracer = (tracerProvider ?? api.trace).getTracer(NAME, version);
  const meter = (meterProvider ?? api.metrics).getMeter(NAME, version);

  const requests = meter.createCounter('smart_m2m.token.requests', {
    description: 'HTTP attempts of token requests',
    unit: '{request}',
  });
  const failures = meter.createCounter('smart_m2m.token.failures', {
    description: 'HTTP attempts of token requests that failed, by code',
    unit: '{request}',
  });
  const duration = meter.createHistogram('smart_m2m.token.request.duration', {
    description: 'Duration of HTTP attempts of token requests',
    unit: 's',
    advice: { explicitBucketBoundaries: BUCKETS },
  });
  const warnings = meter.createCounter('smart_m2m.warnings', {
    description: 'Warnings, by code',
    unit: '{warning}',
  });
  const cacheHits = meter.createObservableCounter('smart_m2m.cache.hits', {
    description: 'Headers and tokens handed out without a token request',
    unit: '{hit}',
  });

  /** @param {string | null} clientId */
  const clientOf = (clientId) =>
    includeClientId && clientId !== null ? { 'smart_m2m.client_id': clientId } : {};

  /** @param {unknown} message */
  function onTokenRequest(message) {
    const trace = /** @type {TokenRequestTrace} */ (message);
    const { clientId, tokenEndpoint, reason, attempt, durationMs = 0, error } = trace;
    const shared = { ...serverOf(tokenEndpoint), 'smart_m2m.reason': reason, ...clientOf(clientId) };
    const outcome = error === undefined ? {} : { 'error.type': error.code };
    requests.add(1, shared);
    if (error !== undefined) failures.add(1, { ...shared, ...outcome });
    duration.record(durationMs / 1000, { ...shared, ...outcome });

    const end = Date.now();
    const span = tracer.startSpan('POST token', {
      // A token is for whoever asks; no caller's span is its parent.
      root: true,
      kind: SpanKind.CLIENT,
      startTime: end - durationMs,
      attributes: {
        'http.request.method': 'POST',
        'url.full': tokenEndpoint,
        ...(attempt > 1 ? { 'http.request.resend_count': attempt - 1 } : {}),
        ...(error?.status === undefined ? {} : { 'http.response.status_code': error.status }),
        ...shared,
        ...outcome,
      },
    });
    if (error !== undefined) span.setStatus({ code: SpanStatusCode.ERROR });
    span.end(end);
  }

  /** @param {unknown} message */
  function onWarning(message) {
    const { code, clientId } = /** @type {{ code: string, clientId: string | null }} */ (message);
    warnings.add(1, { 'smart_m2m.warning.code': code, ...clientOf(clientId) });
  }

  /** @type {Map<string, Observed>} */
  const observed = new Map();
  /** @param {import('@opentelemetry/api').ObservableResult} result */
  function tellHits(result) {
    for (const group of observed.values()) result.observe(hitsOf(group), group.attributes);
  }

  subscribe(TOKEN_REQUEST_END, onTokenRequest);
  subscribe(WARNING, onWarning);
  cacheHits.addCallback(tellHits);
  return {
    observe(interceptor, attributes = {}) {
      const key = JSON.stringify(Object.entries(attributes).sort());
      const group = observed.get(key) ?? { attributes, members: new WeakSet(), hits: new Map(), past: 0 };
      observed.set(key, group);
      if (group.members.has(interceptor)) return;
      group.members.add(interceptor);
      group.hits.set(new WeakRef(interceptor), 0);
      // A subscription is noticed by the next call that asks the core.
      interceptor.stats();
    },
    stop() {
      unsubscribe(TOKEN_REQUEST_END, onTokenRequest);
      unsubscribe(WARNING, onWarning);
      cacheHits.removeCallback(tellHits);
      observed.clear();
    },
  };
}

/** @returns {typeof import('@opentelemetry/api') | null} null: not installed */
function loadApi() {
  try {
    return require('@opentelemetry/api');
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code === 'MODULE_NOT_FOUND') return null;
    throw error;
  }
}

/** @param {string} url */
function serverOf(url) {
  const { hostname, port, protocol } = new URL(url);
  return {
    // An IPv6 address without its brackets.
    'server.address': hostname.replace(/^\[|\]$/g, ''),
    'server.port': Number(port || (protocol === 'https:' ? 443 : 80)),
  };
}

/** @param {Observed} group */
function hitsOf(group) {
  let sum = 0;
  for (const [reference, before] of group.hits) {
    const interceptor = reference.deref();
    if (interceptor === undefined) {
      group.hits.delete(reference);
      group.past += before;
    } else {
      const { cacheHits } = interceptor.stats();
      group.hits.set(reference, cacheHits);
      sum += cacheHits;
    }
  }
  return group.past + sum;
}

module.exports = { startTelemetry };
