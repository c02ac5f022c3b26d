'use strict';

/**
 * A body as text, up to a limit: what a server sends is not kept without bound.
 *
 * @param {Response} response
 * @param {number} mostBytes
 * @returns {Promise<string | null>} null: it is longer
 */
async function readText(response, mostBytes) {
  if (response.body === null) return '';
  const decoder = new TextDecoder();
  let text = '';
  let bytes = 0;
  // Leaving the loop cancels the stream, which frees the connection.
  for await (const chunk of /** @type {AsyncIterable<Uint8Array>} */ (response.body)) {
    bytes += chunk.byteLength;
    if (bytes > mostBytes) return null;
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}

module.exports = { readText };
