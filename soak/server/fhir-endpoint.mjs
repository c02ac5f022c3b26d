import { setTimeout as sleep } from 'node:timers/promises';
import { FAULT_RATES } from '../options.mjs';
import { BASES } from '../plan.mjs';

/** Of the storms, those that meet the replacement as well. */
const SECOND_REFUSALS = 0.1;

/**
 * `/<base>/.well-known/smart-configuration` and `/<base>/Patient`. Now and then it revokes the token that a
 * request carries: every request under way with that token is answered 401.
 */
export class FhirEndpoint {
  #random;
  #mint;
  #authorizationServer;
  #log;
  /** @type {Map<string, number>} revoked tokens, with their end */
  #revoked = new Map();
  /** @type {Map<string, number>} identities whose next token is revoked too, and the number of this one */
  #marked = new Map();

  /**
   * @param {object} parts
   * @param {import('../random.mjs').Random} parts.random
   * @param {import('../token-mint.mjs').TokenMint} parts.mint
   * @param {string} parts.authorizationServer origin
   * @param {(event: object) => void} parts.log
   */
  constructor({ random, mint, authorizationServer, log }) {
    this.#random = random;
    this.#mint = mint;
    this.#authorizationServer = authorizationServer;
    this.#log = log;
  }

  /**
   * @param {import('node:http').IncomingMessage} request
   * @param {import('node:http').ServerResponse} response
   */
  async handle(request, response) {
    const url = new URL(request.url, 'https://localhost');
    const [, base, ...path] = url.pathname.split('/');
    if (!BASES.includes(base)) return send(response, 404, {});
    if (path.join('/') === '.well-known/smart-configuration') {
      this.#log({ type: 'discovery', base });
      return send(response, 200, { token_endpoint: `${this.#authorizationServer}/token/${base}` });
    }
    const claims = this.#mint.readHeader(request.headers.authorization);
    if (claims === null) {
      this.#log({ type: 'violation', rule: 'owner', text: 'a FHIR request came with no token of this run' });
      return send(response, 401, {});
    }
    this.#log({ type: 'fhir request' });
    this.#brew(claims);
    await sleep(this.#random.between(2, 60));
    const reason = this.#refusal(claims);
    if (reason === null) return send(response, 200, { resourceType: 'Bundle', identity: claims.identity });
    this.#log({
      type: 'refusal',
      request: url.searchParams.get('request'),
      identity: claims.identity,
      number: claims.number,
      reason,
      at: Date.now(),
    });
    send(response, 401, {}, { 'www-authenticate': 'Bearer error="invalid_token"' });
  }

  /** Forgets revoked tokens that have ended anyway. */
  prune() {
    const now = Date.now();
    for (const [token, end] of this.#revoked) if (end <= now) this.#revoked.delete(token);
  }

  /** Storms, one in the making for each that breaks out. */
  #brew(claims) {
    const { identity, number } = claims;
    const marked = this.#marked.get(identity);
    if (marked !== undefined && marked !== number) {
      this.#marked.delete(identity);
      this.#revoke(claims, 'the replacement too');
    } else if (this.#random.chance(FAULT_RATES.storm)) {
      if (this.#random.chance(SECOND_REFUSALS)) this.#marked.set(identity, number);
      setTimeout(() => this.#revoke(claims, 'a storm'), this.#random.between(0, 30));
    }
  }

  #revoke({ identity, number, expiresAt }, kind) {
    const token = `${number} ${identity}`;
    if (this.#revoked.has(token)) return;
    this.#revoked.set(token, expiresAt);
    this.#log({ type: 'revocation', identity, number, kind, at: Date.now() });
  }

  #refusal({ identity, number, expiresAt }) {
    if (this.#revoked.has(`${number} ${identity}`)) return 'revoked';
    return expiresAt <= Date.now() ? 'expired' : null;
  }
}

function send(response, status, body, headers) {
  const text = JSON.stringify(body);
  response.writeHead(status, {
    'content-type': 'application/fhir+json',
    'content-length': Buffer.byteLength(text),
    ...headers,
  });
  response.end(text);
}
