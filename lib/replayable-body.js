'use strict';

const { isArrayBuffer } = require('node:util/types');

/**
 * True when the body can be sent a second time. A stream is gone once sent; holding a copy of every upload in
 * memory, for a 401 that seldom comes, would be the wrong price.
 *
 * @param {unknown} body of fetch, or of a library with the same kinds of bodies
 */
function isReplayable(body) {
  return (
    typeof body !== 'object' ||
    body === null ||
    body instanceof URLSearchParams ||
    body instanceof Blob ||
    body instanceof FormData ||
    ArrayBuffer.isView(body) ||
    isArrayBuffer(body)
  );
}

module.exports = { isReplayable };
