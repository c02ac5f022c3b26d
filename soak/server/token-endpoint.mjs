import { text as readText } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { Lag } from '../lag.mjs';
import { identityName, isForgetful, isLate, lifetimeSeconds } from '../plan.mjs';
import { chooseFault, latencyMs, retryAfter } from './faults.mjs';

/**
 * One HTTP attempt of a token request, as the judge gets to know it.
 *
 * @typedef {object} Attempt
 * @property {'attempt'} type
 * @property {string} identity
 * @property {number} arrivedAt epoch milliseconds, as all times are
 * @property {number} endedAt just before the answer left
 * @property {number} lagMs how late the server may have noticed the arrival
 * @property {'token' | 'rejected' | 'stale' | import('./faults.mjs').Fault['kind']} outcome
 * @property {number} [status]
 * @property {number} [retryAt] by the answer's `Retry-After`
 * @property {boolean} [givesUp] that is longer than the client waits
 * @property {number} [number] of the token
 * @property {number} [expiresAt] of the token
 */

/** `/token/<base>`: answers, breaks off, and writes down what it did. */
export class TokenEndpoint {
  #random;
  #mint;
  #proof;
  #connections;
  #origin;
  #registersAt;
  #log;
  #lag = new Lag();
  #issued = 0;
  /** @type {Map<string, number>} requests in process */
  #inProcess = new Map();

  /**
   * @param {object} parts
   * @param {import('../random.mjs').Random} parts.random
   * @param {import('../token-mint.mjs').TokenMint} parts.mint
   * @param {import('./client-proof.mjs').ClientProof} parts.proof
   * @param {import('./connections.mjs').Connections} parts.connections
   * @param {string} parts.origin
   * @param {number} parts.registersAt when the late clients are known
   * @param {(event: object) => void} parts.log
   */
  constructor({ random, mint, proof, connections, origin, registersAt, log }) {
    this.#random = random;
    this.#mint = mint;
    this.#proof = proof;
    this.#connections = connections;
    this.#origin = origin;
    this.#registersAt = registersAt;
    this.#log = log;
  }

  /**
   * @param {import('node:http').IncomingMessage} request
   * @param {import('node:http').ServerResponse} response
   */
  async handle(request, response) {
    const arrivedAt = Date.now();
    const base = request.url.slice('/token/'.length);
    const form = new URLSearchParams(await readText(request));
    const endpoint = this.#origin + request.url;
    const { clientId, secret, flaw } = this.#proof.check(request.headers.authorization, form, endpoint);
    const scope = form.get('scope');
    const identity = identityName({ base, clientId, scope, secret });
    if (flaw !== null) this.#violation('proof', `${identity} sent ${flaw}`);

    if (this.#connections.hasEnded(request.socket)) {
      // The client knows already, and may have sent the next attempt.
      request.socket.destroy();
      this.#log({ type: 'attempt', identity, arrivedAt, endedAt: arrivedAt, lagMs: 0, outcome: 'stale' });
      return;
    }
    this.#enter(identity);
    const fault = chooseFault(this.#random);
    await sleep(latencyMs(this.#random));
    const isRejected = secret === 'wrong' || (isLate(clientId) && arrivedAt < this.#registersAt);
    const answer = () => (isRejected ? rejection() : this.#token(identity, clientId, scope, arrivedAt));
    // Before the answer is out: the client's next attempt may arrive before the next line is reached.
    this.#leave(identity);
    const endedAt = Date.now();
    const attempt = this.#answer(request, response, fault, answer);
    const lagMs = this.#lag.longestMs();
    this.#log({ type: 'attempt', identity, arrivedAt, endedAt, lagMs, ...attempt });
  }

  #answer(request, response, fault, answer) {
    const { socket } = request;
    const { kind } = fault;
    if (kind === 'reset before the answer') {
      this.#connections.reset(socket);
    } else if (kind === 'end before the answer') {
      socket.destroy();
    } else if (kind === 'reset in the answer') {
      this.#breakOff(socket, response, answer().body);
    } else if (kind === 'server error') {
      const { headers, retryAt, givesUp } = retryAfter(fault);
      send(response, fault.status, { error: 'server_error' }, headers);
      return { outcome: kind, status: fault.status, retryAt, givesUp };
    } else {
      const { outcome, status, body, number, expiresAt } = answer();
      send(response, status, body);
      return { outcome, status, number, expiresAt };
    }
    return { outcome: kind };
  }

  #enter(identity) {
    const others = this.#inProcess.get(identity) ?? 0;
    if (others > 0 && !isForgetful(identity)) {
      this.#violation('single', `${identity} asked again while a request was in process`);
    }
    this.#inProcess.set(identity, others + 1);
  }

  #leave(identity) {
    const others = this.#inProcess.get(identity) - 1;
    if (others > 0) this.#inProcess.set(identity, others);
    else this.#inProcess.delete(identity);
  }

  #token(identity, clientId, scope, arrivedAt) {
    this.#issued += 1;
    const number = this.#issued;
    const seconds = lifetimeSeconds(clientId);
    // The client counts from when it sent the request: to it the token ends earlier. Clock readings are rounded
    // down, hence the millisecond.
    const expiresAt = arrivedAt + 1 + seconds * 1000;
    const body = {
      access_token: this.#mint.issue({ identity, number, expiresAt }),
      token_type: 'Bearer',
      expires_in: seconds,
      scope,
    };
    return { outcome: 'token', status: 200, body, number, expiresAt };
  }

  /** Half of the answer, and no more. */
  #breakOff(socket, response, body) {
    const text = JSON.stringify(body);
    response.writeHead(200, {
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(text),
    });
    response.write(text.slice(0, text.length / 2), () => this.#connections.reset(socket));
  }

  /**
   * @param {keyof typeof import('../rules.mjs').RULES} rule
   * @param {string} text
   */
  #violation(rule, text) {
    this.#log({ type: 'violation', rule, text });
  }
}

function rejection() {
  return { outcome: 'rejected', status: 401, body: { error: 'invalid_client' } };
}

function send(response, status, body, headers) {
  const text = JSON.stringify(body);
  response.writeHead(status, {
    'content-type': 'application/json',
    'cache-control': 'no-store',
    'content-length': Buffer.byteLength(text),
    ...headers,
  });
  response.end(text);
}
