'use strict';

/**
 * @typedef {import('../../../index.js').Diagnosis} Diagnosis
 *
 * @typedef {object} Cause
 * @property {string} cause what is probably wrong
 * @property {string} remedy what to change
 * @property {true} [isOpen] other settings may show what it is
 *
 * @typedef {object} Case one diagnosis, taken apart
 * @property {Diagnosis} diagnosis
 * @property {string} code of the error
 * @property {string} said what the server said, in lower case
 * @property {string | undefined} oauthError
 * @property {number} clockAhead seconds
 * @property {string | null} jwksProblem
 */

/** A clock that is further off makes valid assertions look expired or from the future. */
const NOTABLE_SKEW_SECONDS = 60;

/** Refusals that can be about how the client proves who it is (QK-11); some servers give none but the status. */
const ABOUT_CLIENT = ['invalid_client', 'invalid_grant', 'invalid_request', 'unauthorized_client'];

/** Whose settings experiments can change. */
const EXPERIMENTAL = ['private_key_jwt', 'client_secret_basic', 'client_secret_post'];

/**
 * Evidence first, guesses last: the first one that applies is told.
 *
 * @type {readonly { applies(found: Case): boolean, tell(found: Case): Cause }[]}
 */
const CAUSES = [
  {
    applies: ({ code }) => code === 'ERR_RATE_LIMITED',
    tell: ({ diagnosis }) => ({
      cause: 'the server has had too many requests, from this client or from this address',
      remedy: `wait${retryAfter(diagnosis)}; share one interceptor instead of creating many, so that there is one token request`,
    }),
  },
  {
    // A gateway that is out of order answers with a page as well.
    applies: ({ diagnosis }) =>
      (diagnosis.answer?.status ?? 0) < 500 &&
      (diagnosis.error?.message.includes('an HTML page') || isPage(diagnosis)),
    tell: () => ({
      cause: 'what answered is a web page, not a token endpoint: a login page, a portal or a proxy',
      remedy: 'check the FHIR base URL, or give --token-endpoint',
    }),
  },
  {
    applies: ({ code, diagnosis }) => code === 'ERR_INSECURE_URL' || isDowngraded(diagnosis),
    tell: () => ({
      cause:
        'the metadata came over https and names an http endpoint: the server does not know of the TLS in front of it',
      remedy:
        '--token-endpoint with the https URL, and --force-http-audience if the server expects http: in aud; better, have its configuration corrected',
    }),
  },
  {
    applies: ({ code, said }) => code === 'ERR_TLS' && said.includes('another host name'),
    tell: () => ({
      cause: 'the certificate is for another host name',
      remedy: 'use the name that is in it: check the URL',
    }),
  },
  {
    applies: ({ code }) => code === 'ERR_TLS',
    tell: ({ said }) =>
      /expired|not valid yet/.test(said)
        ? {
            cause: "the server's certificate, or one above it, is outside its validity",
            remedy: 'have it renewed, and check the clock of this machine',
          }
        : {
            cause: 'the TLS connection is not trusted or cannot be made',
            remedy: 'give the CA in --ca; where the server wants one, --client-certificate',
          },
  },
  {
    applies: ({ oauthError }) => oauthError === 'invalid_scope',
    tell: ({ diagnosis }) => ({
      cause: `the server does not grant ${parameter(diagnosis, 'scope') ?? 'a request without scope'}`,
      remedy: 'ask for what the client is registered for: --scope',
    }),
  },
  {
    applies: ({ clockAhead, code, diagnosis }) =>
      code === 'ERR_TOKEN_REJECTED' && Math.abs(clockAhead) > NOTABLE_SKEW_SECONDS && hasAssertion(diagnosis),
    tell: ({ clockAhead }) => ({
      cause: `this machine's clock is ${inMinutes(clockAhead)} ${clockAhead > 0 ? 'ahead of' : 'behind'} the server's, so that an assertion looks ${clockAhead > 0 ? 'as if it came from the future' : 'expired'}`,
      remedy: 'set the clock (NTP)',
    }),
  },
  {
    applies: ({ said, diagnosis }) => isAboutAudience(said) && saysHttp(said, diagnosis),
    tell: () => ({
      cause:
        'the server knows itself under http:, as one does behind a proxy that ends TLS, and aud says https:',
      remedy: '--force-http-audience (forceHttpInTokenRequestAudience: true)',
      isOpen: true,
    }),
  },
  {
    applies: ({ said, diagnosis }) => isAboutAudience(said) && !hasAssertion(diagnosis),
    tell: () => ({
      cause: 'the server wants a parameter of the token request that names the API, or another value of it',
      remedy: '--parameter audience=… with what the API is called there',
    }),
  },
  {
    applies: ({ said }) => isAboutAudience(said),
    tell: ({ diagnosis }) => ({
      cause: `the server expects another audience than ${claim(diagnosis, 'aud')}`,
      remedy: '--audience issuer, or --audience with the text that the server wants',
      isOpen: true,
    }),
  },
  {
    applies: ({ code, jwksProblem }) => code === 'ERR_TOKEN_REJECTED' && jwksProblem !== null,
    tell: ({ jwksProblem }) => ({
      cause: String(jwksProblem),
      remedy: 'publish this key under this kid (smart-m2m jwks), or give the kid that is registered in --kid',
    }),
  },
  {
    applies: ({ said, diagnosis }) =>
      hasAssertion(diagnosis) &&
      /\bkid\b|key id|no (matching|applicable|suitable)? ?key|unknown key/.test(said),
    tell: ({ diagnosis }) => ({
      cause: `the server has no key with the kid ${header(diagnosis, 'kid') ?? '(none was sent)'} for this client`,
      remedy:
        'register the public key (smart-m2m jwks), or give the kid that the server has for it in --kid; a new key can take hours',
    }),
  },
  {
    applies: ({ diagnosis, said }) =>
      hasAssertion(diagnosis) &&
      (/\balg(orithm)?\b/.test(said) || hasWarning(diagnosis, 'ALGORITHM_NOT_LISTED')),
    tell: ({ diagnosis }) => ({
      cause: `the server does not take ${header(diagnosis, 'alg')}${listed(diagnosis)}`,
      remedy: '--algorithm with one that the server takes, or a key of another kind (smart-m2m keygen)',
      isOpen: true,
    }),
  },
  {
    // Keycloak says unauthorized_client for a wrong secret or assertion as well.
    applies: ({ oauthError, said }) =>
      oauthError === 'unsupported_grant_type' ||
      (oauthError === 'unauthorized_client' && !/credential|secret|assertion|signature/.test(said)),
    tell: () => ({
      cause: 'the client is known, and not registered for the grant type client_credentials',
      remedy:
        'have it registered as a backend service (SMART) or a confidential client with a service account',
    }),
  },
  {
    applies: ({ code, oauthError, diagnosis }) =>
      code === 'ERR_TOKEN_REJECTED' &&
      (oauthError === undefined ? diagnosis.answer?.status === 401 : ABOUT_CLIENT.includes(oauthError)),
    tell: ({ diagnosis }) => ({
      cause: `the server does not say what it objects to: ${guesses(diagnosis)}`,
      remedy: EXPERIMENTAL.includes(diagnosis.request?.method ?? '')
        ? 'try the experiments (--experiment), which change one of these at a time'
        : 'compare them with what is registered with the server',
      isOpen: true,
    }),
  },
];

/**
 * @param {Diagnosis} diagnosis with an error
 * @param {string | null} jwksProblem what is wrong with the registered key set, where that was looked at
 * @returns {Cause | null} null where the error says all there is
 */
function causeOf(diagnosis, jwksProblem) {
  const { error, answer } = diagnosis;
  if (error === null) return null;
  const description = error.oauth?.errorDescription ?? '';
  const said = `${description} ${answer?.body ?? ''} ${error.code === 'ERR_TLS' ? error.message : ''}`;
  /** @type {Case} */
  const found = {
    diagnosis,
    code: error.code,
    said: said.toLowerCase(),
    oauthError: error.oauth?.error,
    clockAhead: answer?.clockAheadSeconds ?? 0,
    jwksProblem,
  };
  return CAUSES.find(({ applies }) => applies(found))?.tell(found) ?? null;
}

/** @param {Diagnosis} diagnosis */
function isPage({ answer }) {
  return answer?.body.trimStart().startsWith('<') ?? false;
}

/** @param {Diagnosis} diagnosis */
function isDowngraded({ discovery }) {
  return discovery !== null && /^https:/i.test(discovery.document) && /^http:/i.test(discovery.tokenEndpoint);
}

/** @param {Diagnosis} diagnosis */
function hasAssertion({ request }) {
  return request !== null && request.assertion !== null;
}

/** @param {string} said */
function isAboutAudience(said) {
  return /\baud\b|audience/.test(said);
}

/**
 * @param {string} said
 * @param {Diagnosis} diagnosis
 */
function saysHttp(said, diagnosis) {
  const aud = String(claim(diagnosis, 'aud')).toLowerCase();
  return aud.startsWith('https:') && said.includes('http:');
}

/** @param {Diagnosis} diagnosis */
function guesses({ request }) {
  switch (request?.method) {
    case 'private_key_jwt':
      return 'the client id, the registered key and its kid, the audience, the algorithm or the typ';
    case 'client_secret_basic':
      return 'the client id, the secret, its encoding, or that it travels in a header';
    case 'tls_client_auth':
      return 'the client id, or the subject of the certificate';
    default:
      return 'the client id, the secret, or the way it is sent';
  }
}

/** @param {Diagnosis} diagnosis */
function retryAfter({ error }) {
  const wait = error?.retryAfterMs;
  return wait === undefined ? '' : ` ${Math.ceil(wait / 1000)} s, as the server asks`;
}

/** @param {Diagnosis} diagnosis */
function listed({ discovery }) {
  const names = discovery?.signingAlgorithms;
  return names === null || names === undefined ? '' : `; it lists ${names.join(', ')}`;
}

/** @param {number} seconds */
function inMinutes(seconds) {
  const distance = Math.abs(seconds);
  return distance < 120 ? `${distance} s` : `${Math.round(distance / 60)} min`;
}

/**
 * @param {Diagnosis} diagnosis
 * @param {string} code
 */
function hasWarning({ warnings }, code) {
  return warnings.some((warning) => warning.code === code);
}

/**
 * @param {Diagnosis} diagnosis
 * @param {string} name
 */
function parameter({ request }, name) {
  return request?.parameters.find(([other]) => other === name)?.[1];
}

/**
 * @param {Diagnosis} diagnosis
 * @param {string} name
 */
function claim({ request }, name) {
  return request?.assertion?.claims[name];
}

/**
 * @param {Diagnosis} diagnosis
 * @param {string} name
 */
function header({ request }, name) {
  return request?.assertion?.header[name];
}

module.exports = { NOTABLE_SKEW_SECONDS, causeOf, inMinutes };
