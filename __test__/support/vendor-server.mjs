import { randomUUID } from 'node:crypto';
import { inspect } from 'node:util';
import { ClientAuthInterceptorFactory, Keystores } from '@org/smart-m2m';
import { createLocalJWKSet, jwtVerify } from 'jose';
import { makeCertificates } from '../../examples/embedded/certificates.mjs';
import { ecJwks, publicJwks, rsaJwks } from './keys.mjs';
import { json, tokenResponse } from './recording-server.mjs';
import { openTokenEndpoint } from './token-endpoint.mjs';

/** Keys that every vendor of this module knows: an RSA one that does not say its `alg`, and one on each curve. */
export const RSA = withoutAlg(rsaJwks({ kid: 'the-rsa-key' }));
export const ES256 = ecJwks({ alg: 'ES256', kid: 'the-p256-key' });
export const ES384 = ecJwks({ alg: 'ES384', kid: 'the-p384-key' });
const KNOWN_KEYS = { keys: [RSA, ES256, ES384].flatMap(({ keys }) => keys) };

export const INVALID_CLIENT = json(401, { error: 'invalid_client' });

let certificates;

/** @typedef {import('./recording-server.mjs').ReplyParts} ReplyParts */

class Refusal extends Error {
  /** @param {ReplyParts} reply */
  constructor(reply) {
    super(`refused with ${reply.status}`);
    this.reply = reply;
  }
}

/** One token request, as a vendor's server looks at it. */
export class Asked {
  #keys;

  /** @param {import('./recording-server.mjs').RecordedRequest} request */
  constructor(request, { keys, origin, tokenEndpoint }) {
    this.request = request;
    this.headers = request.headers;
    this.form = new URLSearchParams(request.body);
    this.origin = origin;
    this.tokenEndpoint = tokenEndpoint;
    this.#keys = keys;
  }

  /**
   * Refuses unless this holds.
   *
   * @param {unknown} condition
   * @param {ReplyParts} [reply]
   */
  demand(condition, reply = INVALID_CLIENT) {
    if (!condition) throw new Refusal(reply);
  }

  /**
   * The assertion, verified by jose with the keys that the server knows; what does not verify is refused.
   *
   * @param {import('jose').JWTVerifyOptions} [options]
   * @param {(error: Error) => ReplyParts} [refusal]
   */
  async assertion(options = {}, refusal = () => INVALID_CLIENT) {
    const { form } = this;
    this.demand(form.get('client_assertion_type')?.endsWith(':client-assertion-type:jwt-bearer'));
    this.demand(!form.has('client_secret') && this.headers.authorization === undefined);
    try {
      const { protectedHeader, payload } = await jwtVerify(form.get('client_assertion'), this.#keys, {
        requiredClaims: ['iss', 'sub', 'aud', 'exp', 'jti'],
        ...options,
      });
      this.demand(payload.iss === payload.sub);
      return { header: protectedHeader, claims: payload };
    } catch (error) {
      if (error instanceof Refusal) throw error;
      throw new Refusal(refusal(error));
    }
  }

  /** Id and secret of HTTP Basic, as they stand before the first and behind the last colon; not decoded. */
  basic() {
    this.demand(this.headers.authorization?.startsWith('Basic '));
    const text = Buffer.from(this.headers.authorization.slice('Basic '.length), 'base64').toString();
    const colon = text.indexOf(':');
    return [text.slice(0, colon), text.slice(colon + 1)];
  }
}

/**
 * A server that plays one vendor: `judge` looks at each token request, refuses what the vendor refuses, and
 * returns members of the token response.
 *
 * @param {import('ava').ExecutionContext} t
 * @param {object} script
 * @param {(asked: Asked) => object | void | Promise<object | void>} script.judge
 * @param {string} [script.path] of the token endpoint
 * @param {import('./keys.mjs').Jwks | import('node:crypto').KeyObject} [script.keys] that it knows, instead of
 *   those of this module; of a set the `kid` decides, a single key is the one whatever that says
 * @param {(server: { origin: string, tokenEndpoint: string }) => object} [script.metadata] what its
 *   smart-configuration says besides the token endpoint
 */
export async function openVendor(t, { judge, path = '/token', keys = KNOWN_KEYS, metadata = () => ({}) }) {
  certificates ??= makeCertificates();
  const server = await openTokenEndpoint(t, { certificates: await certificates });
  const { origin } = server;
  const tokenEndpoint = origin + path;
  const keySet = 'keys' in keys ? createLocalJWKSet(publicJwks(keys)) : keys;
  const document = { token_endpoint: tokenEndpoint, ...metadata({ origin, tokenEndpoint }) };
  server.on('GET /fhir/.well-known/smart-configuration', json(200, document));
  server.on(`POST ${path}`, async (request) => {
    try {
      const members = await judge(new Asked(request, { keys: keySet, origin, tokenEndpoint }));
      return tokenResponse(members ?? {});
    } catch (error) {
      if (error instanceof Refusal) return error.reply;
      throw error;
    }
  });
  const { clientSecret, ...options } = server.options;
  return {
    ...server,
    tokenEndpoint,
    /**
     * A client that nobody shares a token with; by the RSA key, unless it has a secret.
     *
     * @param {object | ((server: { origin: string, tokenEndpoint: string }) => object)} [settings]
     */
    client(settings = {}) {
      const given = typeof settings === 'function' ? settings({ origin, tokenEndpoint }) : settings;
      const { jwks = RSA, ...changes } = given;
      const proof = changes.clientSecret === undefined && changes.keystore === undefined;
      return ClientAuthInterceptorFactory.create({
        ...options,
        clientId: randomUUID(),
        retry: { attempts: 1 },
        ...(proof && { keystore: keystoreOf({ jwks }) }),
        ...changes,
      });
    },
  };
}

/**
 * The test of a vendor's behaviour: what it accepts brings a token, what it refuses an error that says this.
 *
 * @param {import('ava').ExecutionContext} t
 * @param {Parameters<typeof openVendor>[1] & { accepts?: object[], refuses?: [object, RegExp][] }} script
 */
export async function plays(t, { accepts = [], refuses = [], ...script }) {
  const vendor = await openVendor(t, script);
  for (const settings of accepts) {
    t.regex(await vendor.client(settings).getAuthorizationHeader(), /^Bearer /, inspect(settings));
  }
  for (const [settings, message] of refuses) {
    const error = await t.throwsAsync(
      vendor.client(settings).getAuthorizationHeader(),
      undefined,
      inspect(settings),
    );
    t.regex(error.message, message);
  }
}

/** @param {import('@org/smart-m2m').KeystoreSource} source */
export function keystoreOf(source) {
  const name = `vendor-${randomUUID()}`;
  Keystores.register(name, source);
  return name;
}

/** @param {import('./keys.mjs').Jwks} jwks */
export function withoutAlg({ keys }) {
  return { keys: keys.map(({ alg, ...key }) => key) };
}
