import { createPublicKey, verify } from 'node:crypto';

const JWT_BEARER = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';
/** SMART App Launch: an assertion ends within five minutes. */
const LONGEST_ASSERTION_MS = 300_000;

/** Who asks for a token, and whether they can prove it. */
export class ClientProof {
  #mint;
  #keys;
  /** @type {Map<string, number>} ids of assertions that could still be used, with their end */
  #assertions = new Map();

  /**
   * @param {import('../token-mint.mjs').TokenMint} mint
   * @param {Record<string, object>} publicKeys JWKs by algorithm
   */
  constructor(mint, publicKeys) {
    this.#mint = mint;
    this.#keys = new Map(
      Object.entries(publicKeys).map(([algorithm, key]) => [
        algorithm,
        createPublicKey({ key, format: 'jwk' }),
      ]),
    );
  }

  /**
   * @param {string | undefined} authorization
   * @param {URLSearchParams} form
   * @param {string} endpoint
   * @returns {{ clientId: string, secret?: 'right' | 'wrong', flaw: string | null }} `flaw`: what no client
   *   of this package should send
   */
  check(authorization, form, endpoint) {
    const assertion = form.get('client_assertion');
    if (assertion !== null) return this.#checkAssertion(assertion, form, endpoint);
    const [clientId, secret] = credentials(authorization, form);
    const isRight = secret === this.#mint.secretOf(clientId);
    return { clientId, secret: isRight ? 'right' : 'wrong', flaw: null };
  }

  #checkAssertion(assertion, form, endpoint) {
    const [head, body, signature] = assertion.split('.');
    const { alg } = JSON.parse(Buffer.from(head, 'base64url').toString());
    const { iss, sub, aud, exp, jti } = JSON.parse(Buffer.from(body, 'base64url').toString());
    const key = this.#keys.get(alg);
    const now = Date.now();
    let flaw = null;
    if (form.get('client_assertion_type') !== JWT_BEARER) flaw = 'an unknown client_assertion_type';
    else if (!key || !isSigned(`${head}.${body}`, signature, key)) flaw = 'an assertion that is not signed';
    else if (iss !== sub) flaw = 'an assertion about somebody else';
    else if (aud !== endpoint) flaw = 'an assertion for another endpoint';
    else if (exp * 1000 <= now || exp * 1000 > now + LONGEST_ASSERTION_MS) flaw = 'an assertion out of time';
    else if (this.#assertions.has(jti)) flaw = 'an assertion that was sent before';
    this.#assertions.set(jti, exp * 1000);
    return { clientId: iss, flaw };
  }

  /** Forgets what could not be used any more. */
  prune() {
    const now = Date.now();
    for (const [jti, end] of this.#assertions) if (end <= now) this.#assertions.delete(jti);
  }
}

function isSigned(text, signature, key) {
  const input = key.asymmetricKeyType === 'ec' ? { key, dsaEncoding: 'ieee-p1363' } : key;
  return verify('sha384', Buffer.from(text), input, Buffer.from(signature, 'base64url'));
}

function credentials(authorization, form) {
  const basic = /^Basic (.+)$/.exec(authorization ?? '')?.[1];
  if (basic === undefined) return [form.get('client_id') ?? '', form.get('client_secret') ?? ''];
  return Buffer.from(basic, 'base64').toString().split(':').map(decodeURIComponent);
}
