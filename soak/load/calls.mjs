import { identityName, LINGER_MS } from '../plan.mjs';

/** Between the moment when the core decides and the one when JavaScript reads the clock. */
const CLOCK_MS = 50;
/** A call that took no longer has not waited for the network. */
const AT_ONCE_MS = 2;
/** How long a client may be answered from memory that it is unknown, and time to get there. */
const LONGEST_COOL_DOWN_MS = 10_000;
const LATE_MS = 2_000;

let requests = 0;

/** One call of the package by the load, and what the rules say about its outcome. */
class Call {
  #thread;
  #client;
  #fhirBaseUrl;
  #signal;
  #startedAt = Date.now();

  /**
   * @param {import('./thread.mjs').LoadThread} thread
   * @param {import('./clients.mjs').Client} client
   * @param {string} kind
   * @param {{ fhirBaseUrl: string, signal?: AbortSignal }} request
   */
  constructor(thread, client, kind, { fhirBaseUrl, signal }) {
    this.#thread = thread;
    this.#client = client;
    this.#fhirBaseUrl = fhirBaseUrl;
    this.#signal = signal;
    this.kind = kind;
    this.isServed = client.served.has(fhirBaseUrl);
  }

  toString() {
    return `${this.kind} of ${identityName(this.#identity)}`;
  }

  /**
   * @template T
   * @param {() => Promise<T>} run
   * @param {(result: T) => void} check
   * @returns {Promise<T | undefined>} undefined where it failed
   */
  async run(run, check) {
    const started = performance.now();
    this.#thread.opened(this);
    try {
      const result = await run();
      if (this.kind !== 'fetch') {
        this.#thread.latencies.record(Math.max(1, Math.round((performance.now() - started) * 1000)));
      }
      check(result);
      return result;
    } catch (error) {
      this.#failed(error);
      return undefined;
    } finally {
      this.#thread.settled(this);
    }
  }

  /** @param {string} header */
  checkHeader(header) {
    const thread = this.#thread;
    const settledAt = Date.now();
    if (this.#startedAt > this.#client.closedAt) this.#violation('closed', 'got a header');
    thread.tally.count('headers');
    const claims = thread.mint.readHeader(header);
    if (claims === null) {
      this.#violation('owner', 'got a header that nobody issued');
      return;
    }
    const expected = this.#client.expectedAt(this.#fhirBaseUrl);
    if (claims.identity !== expected) {
      this.#violation('owner', `got the header of ${claims.identity} instead of that of ${expected}`);
    }
    const late = settledAt - claims.expiresAt;
    if (claims.expiresAt <= this.#startedAt || late >= thread.lag.longestMs() + CLOCK_MS) {
      const waited = settledAt - this.#startedAt;
      this.#violation('end', `got a header ${late} ms past its end after ${waited} ms`);
    }
    this.#client.served.add(this.#fhirBaseUrl);
    if (settledAt - this.#startedAt > AT_ONCE_MS && this.#mayNotWait) {
      this.#report('waited', { number: claims.number });
    }
  }

  checkBody({ identity }) {
    const expected = this.#client.expectedAt(this.#fhirBaseUrl);
    if (identity !== expected) this.#violation('owner', `sent the token of ${identity}`);
    else this.#thread.tally.count('fetches answered 200');
    this.#client.served.add(this.#fhirBaseUrl);
  }

  /** A 401 that `fetch` could not cure: the judge knows whom the server refused. */
  checkRefusal(request) {
    this.#thread.tally.count('refused twice');
    this.#report('refused', { request });
  }

  #failed(error) {
    const { tally } = this.#thread;
    const client = this.#client;
    const now = Date.now();
    if (this.#signal?.aborted && error === this.#signal.reason) {
      tally.count('aborted by their own signal');
    } else if (error.code === 'ERR_CLOSED' && now >= client.closedAt) {
      tally.count('closed by their own thread');
    } else if (error.code === 'ERR_TOKEN_REJECTED' && this.#mayBeRejected(error)) {
      tally.count('wrong secret');
    } else if (error.code === 'ERR_PRE_TOKEN_HOOK' && client.thrown.has(error.cause)) {
      tally.count('hook threw');
      this.#report('failed', { code: error.code });
    } else if (error.transient && (error.code === 'ERR_SERVER' || error.code === 'ERR_NETWORK')) {
      tally.count('all attempts met faults');
      const { code, status, attempts = 1, message } = error;
      this.#report('failed', { code, status, attempts, message });
    } else if (this.#isLateForConnection(error)) {
      tally.count('fetched too late for an idle connection');
    } else {
      this.#violation('success', `${error.code ?? error.name}: ${error.message} (${error.cause?.message})`);
    }
  }

  /** Node's own fetch does not hear that an idle connection has ended while its thread does something else. */
  #isLateForConnection(error) {
    const isEnded = error.cause?.code === 'UND_ERR_SOCKET' || error.cause?.code === 'ECONNRESET';
    return this.kind === 'fetch' && isEnded && this.#thread.lag.longestMs() > LINGER_MS / 2;
  }

  #mayBeRejected(error) {
    if (error.oauth?.error !== 'invalid_client') return false;
    const { secret } = this.#identity;
    const known = this.#thread.config.registersAt + LONGEST_COOL_DOWN_MS + LATE_MS;
    return secret === 'wrong' || (secret === 'late' && this.#startedAt < known);
  }

  /** To the judge, who knows what the server did meanwhile. */
  #report(type, members) {
    this.#thread.report({
      type,
      call: `${this.#thread.name}: ${this}`,
      identity: identityName(this.#identity),
      configuredAttempts: this.#identity.attempts,
      // A hook is asked before the source that other interceptors have filled.
      mustHaveToken: this.#client.hook === null || this.isServed,
      startedAt: this.#startedAt,
      settledAt: Date.now(),
      ...members,
    });
  }

  /** While there is a living token. */
  get #mayNotWait() {
    return !this.#client.suppliesTokens && this.#identity.renewal.background !== false;
  }

  #violation(rule, text) {
    this.#thread.violation(rule, `${this}: ${text}`);
  }

  get #identity() {
    return this.#client.identityAt(this.#fhirBaseUrl);
  }
}

/**
 * `fhirBaseUrl` is left out where the interceptor has its own, now and then: both ways have to lead to the
 * same token.
 */
function argument({ random }, client, request) {
  const { fhirBaseUrl, ...rest } = request;
  return client.isRoaming || random.chance(0.3) ? request : rest;
}

export function getHeader(thread, client, request) {
  const call = new Call(thread, client, 'header', request);
  return call.run(
    () => client.interceptor.getAuthorizationHeader(argument(thread, client, request)),
    (header) => call.checkHeader(header),
  );
}

export function getToken(thread, client, request) {
  const call = new Call(thread, client, 'token', request);
  return call.run(
    () => client.interceptor.getAccessToken(argument(thread, client, request)),
    ({ tokenType, accessToken }) => call.checkHeader(`${tokenType} ${accessToken}`),
  );
}

/** `interceptor.fetch`, which feeds a 401 back itself. */
export function fetchPatients(thread, client, { fhirBaseUrl, signal }) {
  requests += 1;
  const id = `${thread.name} ${requests}`;
  const url = `${fhirBaseUrl}/Patient?request=${encodeURIComponent(id)}`;
  const call = new Call(thread, client, 'fetch', { fhirBaseUrl, signal });
  thread.tally.count('fetches');
  return call.run(
    async () => {
      const init = client.isRoaming ? { fhirBaseUrl, signal } : { signal };
      const response = await client.interceptor.fetch(url, init);
      return { status: response.status, body: await response.json() };
    },
    ({ status, body }) => (status === 200 ? call.checkBody(body) : call.checkRefusal(id)),
  );
}

/** The two hooks around a request that somebody else sends. */
export async function sendByHand(thread, client, { fhirBaseUrl }) {
  requests += 1;
  const url = `${fhirBaseUrl}/Patient?request=by-hand-${requests}`;
  const call = new Call(thread, client, 'request', { fhirBaseUrl });
  const request = await call.run(
    () => client.interceptor.interceptRequest({ url, headers: new Headers() }, { fhirBaseUrl }),
    ({ headers }) => call.checkHeader(headers.get('authorization')),
  );
  if (request === undefined) return;
  thread.tally.count('fetches');
  const response = await new Call(thread, client, 'fetch', { fhirBaseUrl }).run(
    async () => {
      const answer = await fetch(url, { headers: request.headers });
      await answer.arrayBuffer();
      return answer;
    },
    ({ status }) => status === 200 && thread.tally.count('fetches answered 200'),
  );
  if (response === undefined) return;
  if (thread.random.chance(0.5)) client.interceptor.interceptResponse(request, response);
  else if (response.status === 401) client.interceptor.invalidate(request.headers.get('authorization'));
}
