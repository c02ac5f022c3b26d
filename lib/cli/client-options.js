'use strict';

const { readFileSync } = require('node:fs');
const { basename, extname } = require('node:path');
const { ClientAuthError } = require('../client-auth-error.js');
const { Keystores } = require('../keystores.js');
const { askSecret } = require('./prompt.js');
const { UsageError } = require('./usage-error.js');

/**
 * @typedef {import('./main.js').Io} Io
 * @typedef {import('../../index.js').ClientAuthOptions} ClientAuthOptions
 * @typedef {Record<string, string | boolean | string[] | undefined>} Values of the command line
 */

/** What the commands share that speak for a client. */
const CLIENT_OPTIONS = /** @type {const} */ ({
  'client-id': { type: 'string' },
  key: { type: 'string' },
  keystore: { type: 'string' },
  alias: { type: 'string' },
  'client-secret-file': { type: 'string' },
  'client-certificate': { type: 'string' },
  'passphrase-file': { type: 'string' },
  scope: { type: 'string' },
  issuer: { type: 'string' },
  'token-endpoint': { type: 'string' },
  server: { type: 'string' },
  method: { type: 'string' },
  audience: { type: 'string' },
  algorithm: { type: 'string' },
  kid: { type: 'string' },
  typ: { type: 'string' },
  'jwks-url': { type: 'string' },
  'basic-encoding': { type: 'string' },
  'force-http-audience': { type: 'boolean' },
  parameter: { type: 'string', multiple: true },
  options: { type: 'string' },
  ca: { type: 'string' },
  proxy: { type: 'string' },
  timeout: { type: 'string' },
  'allow-insecure-http': { type: 'boolean' },
});

const CLIENT_USAGE = `Who asks
  --client-id <id>             the id that the server gave the client    (SMART_M2M_CLIENT_ID)
  --key <file>                 private key: JWKS, PEM, DER, PKCS#12, JKS (SMART_M2M_KEY)
  --keystore <name>            a keystore of the folder SMART_M2M_KEYSTORE_DIR instead
  --alias <name>               which key of a PKCS#12 or Java keystore signs
  --client-secret-file <file>  a file with the secret, or the variable   SMART_M2M_CLIENT_SECRET
  --client-certificate <file>  PEM or PKCS#12, for servers that want one in the TLS handshake
  --passphrase-file <file>     opens the key or certificate, or          SMART_M2M_PASSPHRASE
  What is not given and needed is asked for, where there is a terminal.

Where
  --issuer <url>               discover from the authorization server's issuer
  --token-endpoint <url>       discover nothing
  --server <name>              a preset: epic, oracle-health, okta, auth0, keycloak, entra, bcda, dpc, fapi2

How
  --scope <scopes>             separated by spaces; '' asks for none     (SMART_M2M_SCOPE)
  --method <name>              private_key_jwt, client_secret_basic, client_secret_post, client_secret_jwt,
                               tls_client_auth
  --audience <text>            token_endpoint (default), issuer, or the text to send as aud
  --force-http-audience        aud says http: where the URL says https:
  --algorithm <name>           such as RS384, ES384, PS256
  --kid <id>, --typ <type>     of the assertion's header; '' sends none
  --jwks-url <url>             jku: where the server finds the client's public keys
  --basic-encoding <name>      rfc6749 (default) or raw
  --parameter <name=value>     a further parameter of the token request, any number of times; a secret one goes
                               into --options
  --options <file>             JSON of ClientAuthOptions, for everything else; what is said above wins

Transport
  --ca <file>                  PEM certificates to trust besides the system's
  --proxy <url>                default: HTTPS_PROXY and NO_PROXY; one with a password only there
  --timeout <seconds>          of one HTTP attempt, default 30
  --allow-insecure-http        http:// off this machine, for tests
`;

/** The name that `--key` is registered under. */
const KEYSTORE = 'smart-m2m-command-line';

/**
 * @param {Values} values
 * @param {Io} io
 * @param {string | undefined} fhirBaseUrl
 * @returns {Promise<ClientAuthOptions>}
 */
async function readClientOptions(values, io, fhirBaseUrl) {
  const file = values.options === undefined ? {} : readJson(String(values.options));
  const text = (/** @type {string} */ name) => /** @type {string | undefined} */ (values[name]);
  const given = {
    clientId: text('client-id') ?? variable(io, 'CLIENT_ID'),
    fhirBaseUrl,
    issuer: text('issuer'),
    tokenEndpoint: text('token-endpoint'),
    server: text('server'),
    clientAuthMethod: text('method'),
    audience: text('audience'),
    basicEncoding: text('basic-encoding'),
    forceHttpInTokenRequestAudience: values['force-http-audience'],
    allowInsecureHttp: values['allow-insecure-http'],
    scope: noneIfEmpty(text('scope') ?? variable(io, 'SCOPE')),
    additionalParameters: parametersOf(/** @type {string[] | undefined} */ (values.parameter)),
  };
  const assertion = {
    algorithm: text('algorithm'),
    keyId: noneIfEmpty(text('kid')),
    typ: noneIfEmpty(text('typ')),
    jwksUrl: text('jwks-url'),
  };
  const options = {
    scope: null,
    ...file,
    ...withoutUndefined(given),
    assertion: { ...file.assertion, ...withoutUndefined(assertion) },
    http: { ...file.http, ...withoutUndefined(await transportOf(values, io)) },
  };
  const { issuer, tokenEndpoint, server } = /** @type {ClientAuthOptions} */ (options);
  if ((options.fhirBaseUrl ?? issuer ?? tokenEndpoint ?? server) === undefined) {
    throw new UsageError('where to ask is not known: give the FHIR base URL, --issuer or --token-endpoint');
  }
  return addCredentials(/** @type {ClientAuthOptions} */ (/** @type {unknown} */ (options)), values, io);
}

/**
 * @param {ClientAuthOptions} options
 * @param {Values} values
 * @param {Io} io
 * @returns {Promise<ClientAuthOptions>}
 */
async function addCredentials(options, values, io) {
  const key = values.key ?? variable(io, 'KEY');
  if (values.keystore !== undefined) return { ...options, keystore: String(values.keystore) };
  if (key !== undefined) {
    await registerKey(KEYSTORE, String(key), values, io);
    return { ...options, keystore: KEYSTORE };
  }
  const secret =
    values['client-secret-file'] === undefined
      ? variable(io, 'CLIENT_SECRET')
      : readText(String(values['client-secret-file']), 'client-secret-file');
  if (secret !== undefined) return { ...options, clientSecret: secret };
  const isProvided = options.keystore ?? options.clientSecret ?? options.http?.clientCertificate;
  if (isProvided !== undefined) return options;
  if (!io.isTerminal) {
    throw new UsageError(
      'nothing proves who asks: give --key, --keystore, --client-secret-file or --client-certificate',
    );
  }
  return { ...options, clientSecret: await askSecret(io, 'Client secret: ') };
}

/**
 * Reads a key file; its passphrase is asked for where it needs one.
 *
 * @param {string} name to register it under
 * @param {string} path
 * @param {Values} values
 * @param {Io} io
 * @returns {Promise<import('../../index.js').KeystoreInfo>}
 */
async function registerKey(name, path, values, io) {
  const alias = /** @type {string | undefined} */ (values.alias);
  const given = passphraseOf(values, io);
  try {
    return Keystores.register(name, { path, alias, passphrase: given });
  } catch (error) {
    const isWanted = error instanceof ClientAuthError && error.code === 'ERR_KEYSTORE_PASSPHRASE';
    if (!isWanted || given !== undefined || !io.isTerminal) throw error;
    const passphrase = await askSecret(io, `Passphrase of ${basename(path)}: `);
    return Keystores.register(name, { path, alias, passphrase });
  }
}

/**
 * @param {Values} values
 * @param {Io} io
 */
async function transportOf(values, io) {
  const { ca, proxy, timeout } = values;
  if (URL.canParse(String(proxy)) && new URL(String(proxy)).password !== '') {
    throw new UsageError(
      '--proxy: a command line is seen by every user of the machine: put a proxy with a password into the environment (HTTPS_PROXY)',
    );
  }
  const certificate = values['client-certificate'];
  const passphrase = passphraseOf(values, io);
  const timeoutMs = timeout === undefined ? undefined : Number(timeout) * 1000;
  if (timeoutMs !== undefined && !(timeoutMs > 0)) {
    throw new UsageError('--timeout: expected a number of seconds');
  }
  return {
    ca: ca === undefined ? undefined : readBytes(String(ca), 'ca'),
    proxy: proxy === undefined ? undefined : String(proxy),
    timeoutMs,
    clientCertificate:
      certificate === undefined ? undefined : clientCertificateOf(String(certificate), passphrase),
  };
}

/**
 * @param {string} path
 * @param {string | undefined} passphrase
 */
function clientCertificateOf(path, passphrase) {
  const bytes = readBytes(path, 'client-certificate');
  const isPkcs12 = ['.p12', '.pfx'].includes(extname(path).toLowerCase());
  return { [isPkcs12 ? 'pkcs12' : 'pem']: bytes, ...withoutUndefined({ passphrase }) };
}

/**
 * @param {Values} values
 * @param {Io} io
 */
function passphraseOf(values, io) {
  const file = values['passphrase-file'];
  return file === undefined ? variable(io, 'PASSPHRASE') : readText(String(file), 'passphrase-file');
}

/**
 * Empty is unset: that is how compose files and CI leave a variable out.
 *
 * @param {Io} io
 * @param {string} name behind `SMART_M2M_`
 */
function variable({ env }, name) {
  return env[`SMART_M2M_${name}`] || undefined;
}

/** @param {string | undefined} text */
function noneIfEmpty(text) {
  return text === '' ? null : text;
}

/** @param {string[] | undefined} parameters */
function parametersOf(parameters) {
  return parameters?.map((parameter) => {
    const at = parameter.indexOf('=');
    if (at < 1) throw new UsageError('--parameter: expected name=value');
    return [parameter.slice(0, at), parameter.slice(at + 1)];
  });
}

/** @param {object} object */
function withoutUndefined(object) {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined));
}

/**
 * @param {string} path
 * @param {string} option
 */
function readBytes(path, option) {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new UsageError(`--${option}: ${path} cannot be read (${/** @type {any} */ (error).code})`);
  }
}

/**
 * One line, as editors and `echo` end it.
 *
 * @param {string} path
 * @param {string} option
 */
function readText(path, option) {
  return readBytes(path, option)
    .toString('utf8')
    .replace(/\r?\n$/, '');
}

/** @param {string} path */
function readJson(path) {
  try {
    const value = JSON.parse(readText(path, 'options'));
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  } catch (error) {
    if (error instanceof UsageError) throw error;
  }
  throw new UsageError(`--options: ${path} holds no JSON object`);
}

module.exports = { KEYSTORE, CLIENT_OPTIONS, CLIENT_USAGE, readClientOptions, registerKey, variable };
