'use strict';

const { setTimeout: sleep } = require('node:timers/promises');

/**
 * @typedef {import('node:http').ServerResponse} ServerResponse
 *
 * @typedef {object} Delivery how an answer goes out, where that is not at once and whole
 * @property {number} [delayMs] before anything is sent
 * @property {boolean} [reset] the connection instead
 * @property {number} [truncateAfter] bytes of the body after which the connection ends
 * @property {number} [dripMs] between one byte of the body and the next
 */

/**
 * @param {ServerResponse} response
 * @param {import('./exchange.js').Answer} answer
 * @param {object} options
 * @param {() => Date} options.now
 * @param {AbortSignal} options.signal the server closes
 * @param {Delivery} options.delivery
 * @param {() => void} options.reset
 */
async function send(response, answer, { now, signal, delivery, reset }) {
  const { delayMs = 0, truncateAfter, dripMs = 0 } = delivery;
  if (delayMs > 0) await pause(response, delayMs, signal);
  if (response.destroyed) return;
  if (delivery.reset) {
    reset();
    return;
  }
  const body = bytesOf(answer.body);
  // The server's own clock, which may be wrong on purpose.
  response.sendDate = false;
  response.writeHead(answer.status, {
    date: now().toUTCString(),
    ...typeOf(answer),
    ...(hasBody(answer.status) ? { 'content-length': String(body.length) } : {}),
    ...answer.headers,
  });
  if (truncateAfter !== undefined) {
    const part = body.subarray(0, Math.min(truncateAfter, Math.max(body.length - 1, 0)));
    response.flushHeaders();
    await new Promise((resolve) => response.write(part, resolve));
    response.destroy();
  } else if (dripMs > 0) {
    for (const byte of body) {
      response.write(Buffer.from([byte]));
      await pause(response, dripMs, signal);
      if (response.destroyed) return;
    }
    response.end();
  } else {
    response.end(response.req.method === 'HEAD' || !hasBody(answer.status) ? undefined : body);
  }
}

/**
 * Until the time is over, the client gone, or the server closed.
 *
 * @param {ServerResponse} response
 * @param {number} ms
 * @param {AbortSignal} signal
 */
async function pause(response, ms, signal) {
  const over = new AbortController();
  const end = () => over.abort();
  response.once('close', end);
  signal.addEventListener('abort', end, { once: true });
  if (signal.aborted || response.destroyed) end();
  try {
    await sleep(ms, undefined, { signal: over.signal });
  } catch {
    response.destroy();
  } finally {
    response.off('close', end);
    signal.removeEventListener('abort', end);
  }
}

/** @param {unknown} body */
function bytesOf(body) {
  if (body === undefined || body === null) return Buffer.alloc(0);
  if (ArrayBuffer.isView(body)) return Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  return Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
}

/**
 * @param {import('./exchange.js').Answer} answer
 * @returns {Record<string, string>}
 */
function typeOf({ body }) {
  if (body === undefined || body === null || body === '') return {};
  if (ArrayBuffer.isView(body)) return { 'content-type': 'application/octet-stream' };
  return { 'content-type': typeof body === 'string' ? 'text/plain; charset=utf-8' : 'application/json' };
}

/** @param {number} status */
function hasBody(status) {
  return status !== 204 && status !== 304;
}

module.exports = { send };
