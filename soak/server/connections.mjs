import { LINGER_MS } from '../plan.mjs';

/** The connections of an HTTPS server, and the ways to break them. */
export class Connections {
  /** The TCP socket below a TLS socket, by the client's port: only that one can be reset. */
  #raw = new Map();
  /** @type {Set<import('node:net').Socket>} TLS sockets that have served a request and wait for the next */
  #idle = new Set();
  #ended = new WeakSet();
  /** The latest response on each connection. */
  #latest = new WeakMap();

  /** @param {import('node:http').Server} server */
  constructor(server) {
    // Node would destroy idle connections itself, and a request on its way to one would never be seen.
    server.keepAliveTimeout = 0;
    server.on('connection', (socket) => {
      const { remotePort } = socket;
      this.#raw.set(remotePort, socket);
      socket.once('close', () => this.#raw.delete(remotePort));
    });
    server.on('secureConnection', (socket) => {
      socket.on('error', () => socket.destroy());
      socket.once('close', () => this.#idle.delete(socket));
    });
    server.on('request', ({ socket }, response) => {
      this.#idle.delete(socket);
      this.#latest.set(socket, response);
      response.once('finish', () => {
        // The next request may be here before Node knows that this answer is out.
        const isIdle = this.#latest.get(socket) === response;
        if (isIdle && !socket.destroyed && !this.#ended.has(socket)) this.#idle.add(socket);
      });
    });
  }

  /** @param {import('node:net').Socket} socket */
  hasEnded(socket) {
    return this.#ended.has(socket);
  }

  /**
   * The client gets an error instead of an orderly end.
   *
   * @param {import('node:net').Socket} socket
   */
  reset(socket) {
    (this.#raw.get(socket.remotePort) ?? socket).resetAndDestroy();
  }

  /**
   * Ends an idle connection as servers do that have waited for long enough. A request that is on its way
   * already still arrives, and finds it ended.
   *
   * @param {import('../random.mjs').Random} random
   * @returns {boolean} whether there was one
   */
  endIdle(random) {
    if (this.#idle.size === 0) return false;
    const socket = random.pick([...this.#idle]);
    this.#idle.delete(socket);
    this.#ended.add(socket);
    socket.end();
    setTimeout(() => socket.destroy(), LINGER_MS).unref();
    return true;
  }
}
