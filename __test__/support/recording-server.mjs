import { text as readText } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { openLoopbackServer } from '../../examples/embedded/loopback-server.mjs';

/**
 * @typedef {object} RecordedRequest
 * @property {Date} at
 * @property {string} method
 * @property {string} url as it stood in the request line
 * @property {string[]} rawHeaders names and values in turn, as they were sent
 * @property {import('node:http').IncomingHttpHeaders} headers
 * @property {string} body
 *
 * @typedef {object} ReplyParts
 * @property {number} [status] 200 when left out
 * @property {Record<string, string | string[]>} [headers]
 * @property {string | Uint8Array} [body]
 * @property {number} [delayMs] wait before answering
 * @property {boolean} [destroy] drop the connection instead of answering
 *
 * A reply is its parts; a function of the recorded request that makes them; a raw handler, which is a function
 * that declares two parameters or more; or an array of these, one a request, of which the last one stays.
 * @typedef {ReplyParts
 *   | ((request: RecordedRequest) => ReplyParts | Promise<ReplyParts>)
 *   | ((request: import('node:http').IncomingMessage, response: import('node:http').ServerResponse,
 *       body: string) => void | Promise<void>)
 *   | Reply[]} Reply
 */

/** @type {(status: number, body: unknown, headers?: Record<string, string>) => ReplyParts} */
export function json(status, body, headers = {}) {
  return {
    status,
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  };
}

/** @type {(status: number, body: string, headers?: Record<string, string>) => ReplyParts} */
export function text(status, body, headers = {}) {
  return { status, headers: { 'content-type': 'text/plain; charset=utf-8', ...headers }, body };
}

/**
 * A token response as RFC 6749 wants it. A member set to undefined is left out.
 *
 * @type {(members?: Record<string, unknown>, headers?: Record<string, string>) => ReplyParts}
 */
export function tokenResponse(members = {}, headers = {}) {
  return json(
    200,
    { access_token: 'test-token', token_type: 'bearer', expires_in: 300, ...members },
    { 'cache-control': 'no-store', pragma: 'no-cache', ...headers },
  );
}

/**
 * A server that writes down every request byte for byte and answers as it is told: 404 where it was not.
 *
 * @param {object} [options]
 * @param {{ certificatePem: string, privateKeyPem: string }} [options.tls] without it: plain http
 * @param {Reply} [options.handler] for requests that no route takes
 * @param {string} [options.host]
 * @param {number} [options.port]
 */
export async function startRecordingServer({
  tls,
  handler = text(404, 'no such route\n'),
  host = tls ? 'localhost' : '127.0.0.1',
  port = 0,
} = {}) {
  const { server, origin, close } = await openLoopbackServer({ tls, host, port });
  /** @type {RecordedRequest[]} */
  const requests = [];
  const routes = new Map();
  const fallback = nextReply(handler);
  const closing = new AbortController();

  server.on('request', async (request, response) => {
    try {
      const { method, url, rawHeaders, headers } = request;
      const at = new Date();
      const recorded = { at, method, url, rawHeaders, headers, body: await readText(request) };
      requests.push(recorded);
      const route = routes.get(`${method} ${url}`) ?? routes.get(`${method} ${url.split('?', 1)[0]}`);
      const reply = (route ?? fallback)();
      if (typeof reply === 'function' && reply.length >= 2) {
        await reply(request, response, recorded.body);
      } else {
        const parts = typeof reply === 'function' ? await reply(recorded) : reply;
        await send(response, parts, closing.signal);
      }
    } catch (error) {
      // Closing ends what still waits; anything else is the test's own mistake and should be seen.
      if (closing.signal.aborted || request.destroyed) response.destroy();
      else if (response.headersSent) response.destroy(error);
      else response.writeHead(500).end(`recording server: ${error.stack}\n`);
    }
  });

  return {
    origin,
    requests,
    /** @param {string} path */
    url: (path) => origin + path,
    /**
     * Sets, or replaces, what is answered. A path without a query also takes requests with one.
     *
     * @type {(method: string, path: string, reply: Reply) => void}
     */
    route(method, path, reply) {
      routes.set(`${method} ${path}`, nextReply(reply));
    },
    /**
     * `route` in one string: `server.on('POST /token', reply)`.
     *
     * @type {(methodAndPath: string, reply: Reply) => void}
     */
    on(methodAndPath, reply) {
      routes.set(methodAndPath, nextReply(reply));
    },
    close() {
      closing.abort();
      return close();
    },
  };
}

/** @param {Reply} reply */
function nextReply(reply) {
  if (!Array.isArray(reply)) return () => reply;
  const left = [...reply];
  return () => (left.length > 1 ? left.shift() : left[0]);
}

async function send(response, parts, signal) {
  const { status = 200, headers = {}, body = '', delayMs = 0, destroy = false } = parts;
  if (delayMs > 0) await sleep(delayMs, undefined, { signal });
  if (destroy) {
    response.destroy();
    return;
  }
  response.writeHead(status, { 'content-length': Buffer.byteLength(body), ...headers });
  response.end(body);
}
