import { makeCertificates } from '../../../examples/embedded/certificates.mjs';
import { openLoopbackServer } from '../../../examples/embedded/loopback-server.mjs';
import { startNameProxy } from './name-proxy.mjs';

/** The doctor remarks on certificates that end within three weeks. */
const LIFETIME_HOURS = 24 * 30;

/**
 * Servers on loopback under the names that the documentation uses, at port 443 as in its URLs. The core and curl reach
 * them by a proxy, Node's own HTTP by `named-hosts.mjs`; any other name leads nowhere.
 *
 * @param {string[]} hostnames
 */
export async function openNames(hostnames) {
  const { caPem, ...tls } = await makeCertificates({ hostnames, hours: LIFETIME_HOURS });
  /** @type {Record<string, number>} */
  const ports = {};
  const proxy = await startNameProxy((target) => ports[target]);
  const closing = [proxy.close];
  return {
    caPem,
    tls,
    ports,
    proxyUrl: proxy.url,
    /** What an interceptor in this process needs besides. */
    http: { ca: caPem, proxy: proxy.url },
    /** @param {string} hostname @param {number} port where its server listens */
    lead(hostname, port) {
      ports[`${hostname}:443`] = port;
    },
    /**
     * @param {string} hostname
     * @param {import('node:http').RequestListener} listener
     */
    async serve(hostname, listener) {
      const { server, port, close } = await openLoopbackServer({ tls, origin: `https://${hostname}` });
      server.on('request', listener);
      closing.push(close);
      ports[`${hostname}:443`] = port;
    },
    /** @param {() => Promise<void>} close */
    closeLater(close) {
      closing.push(close);
    },
    close: async () => {
      for (const close of closing.reverse()) await close();
    },
  };
}

/**
 * @param {import('node:http').ServerResponse} response
 * @param {object | string} body
 * @param {number} [status]
 * @param {Record<string, string>} [headers]
 */
export function answer(response, body, status = 200, headers = {}) {
  const isText = typeof body === 'string';
  response.writeHead(status, { 'content-type': isText ? 'text/html' : 'application/json', ...headers });
  response.end(isText ? body : JSON.stringify(body));
}
