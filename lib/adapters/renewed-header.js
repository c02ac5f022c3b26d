'use strict';

/**
 * What to send a request with once more after a 401, by the rules of the interceptor's own fetch: the refused
 * token is dropped, a body that is gone is not sent again, and a server that hands out the same token again has
 * given its answer.
 *
 * @param {import('../../index.js').ClientAuthInterceptor} interceptor
 * @param {object} exchange
 * @param {string | URL} exchange.url
 * @param {string} exchange.refused the header that was sent
 * @param {boolean} exchange.isReplayable
 * @param {import('../../index.js').AuthorizationRequest} request
 * @returns {Promise<string | null>} null: the 401 stands
 */
async function renewedHeader(interceptor, { url, refused, isReplayable }, request) {
  interceptor.invalidate(refused);
  if (!isReplayable) return null;
  const renewed = await interceptor.getAuthorizationHeaderFor(url, request);
  return renewed === refused ? null : renewed;
}

module.exports = { renewedHeader };
