import { ClientAuthInterceptorFactory } from '@org/smart-m2m';
import { makeCertificates } from '../../examples/embedded/certificates.mjs';
import { startPlainServer } from './plain-server.mjs';
import { json, startRecordingServer } from './recording-server.mjs';

export const FIRST = 'Bearer token-1';
export const SECOND = 'Bearer token-2';

const certificates = await makeCertificates();
/** Who signed for all servers of this module. */
export const { caPem } = certificates;

/**
 * What a test of an adapter needs: a FHIR server and some other server, both over TLS, and the library at hand.
 *
 * @typedef {object} Sent what a library is asked to send
 * @property {string} [url] absolute, or relative to the library's own base URL, which is the FHIR base
 * @property {string} [method]
 * @property {string} [body]
 * @property {string} [stream] sent as a stream
 * @property {AbortSignal} [signal]
 *
 * @typedef {(sent?: Sent) => Promise<{ status: number, body: string }>} Send resolves for every answer of a server
 *
 * @typedef {object} Connection
 * @property {import('@org/smart-m2m').ClientAuthInterceptor} interceptor
 * @property {Awaited<ReturnType<typeof startPlainServer>>} server
 * @property {object} options of the adapter
 * @property {import('ava').ExecutionContext} t
 *
 * @typedef {(connection: Connection) => Send | Promise<Send>} Connect
 */

/**
 * @param {import('ava').ExecutionContext} t
 * @param {Connect} connect
 */
export async function startServers(t, connect) {
  const { caPem: _, ...tls } = certificates;
  const server = await startPlainServer({ certificates });
  const elsewhere = await startRecordingServer({ tls, handler: json(200, { resourceType: 'Elsewhere' }) });
  t.teardown(() => Promise.all([server.close(), elsewhere.close()]));
  return {
    server,
    elsewhere,
    /**
     * A client of the FHIR server.
     *
     * @param {object} [changes] to the interceptor's settings
     * @param {object} [options] of the adapter
     */
    async client(changes = {}, options = {}) {
      const interceptor = ClientAuthInterceptorFactory.create({ ...server.options, ...changes });
      return { interceptor, send: await connect({ interceptor, server, options, t }) };
    },
  };
}

/** Answers 401 to every other token. */
export function acceptOnly(authorization) {
  return ({ headers }) =>
    headers.authorization === authorization
      ? json(200, { resourceType: 'Bundle' })
      : json(401, { resourceType: 'OperationOutcome' });
}

/** Never answers; tells when somebody asks, and when that somebody has hung up. */
export function hangingReply() {
  const asked = deferred();
  const left = deferred();
  return {
    asked: asked.promise,
    left: left.promise,
    reply(_request, response) {
      response.on('close', left.resolve);
      asked.resolve();
      return left.promise;
    },
  };
}

function deferred() {
  let resolve;
  const promise = new Promise((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}
