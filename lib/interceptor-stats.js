'use strict';

const { environment } = require('./environment.js');

/**
 * @param {number} interceptor its number in the environment
 * @param {number} hits headers handed out without asking the core
 * @returns {import('../index.js').InterceptorStats}
 */
function statsOf(interceptor, hits) {
  const { lastErrorCode, expiresAtMs, renewsAtMs, ...counts } = environment.stats(interceptor);
  return {
    ...counts,
    cacheHits: counts.cacheHits + hits,
    lastErrorCode: /** @type {import('../index.js').ClientAuthErrorCode | null} */ (lastErrorCode),
    expiresAt: expiresAtMs === null ? null : new Date(expiresAtMs),
    renewsAt: renewsAtMs === null ? null : new Date(renewsAtMs),
  };
}

module.exports = { statsOf };
