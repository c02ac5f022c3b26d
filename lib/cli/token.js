'use strict';

const { ClientAuthInterceptorFactory } = require('../client-auth-interceptor-factory.js');
const { CLIENT_OPTIONS, CLIENT_USAGE, readClientOptions, variable } = require('./client-options.js');
const { jsonDocument, printable } = require('./terminal.js');
const { UsageError } = require('./usage-error.js');

/**
 * @typedef {import('./main.js').Io} Io
 */

const summary = 'obtain a token, and show it or what it is good for';

const usage = `Usage: smart-m2m token [<fhir-base>] [options]

The FHIR base URL can come from SMART_M2M_FHIR_BASE_URL, and is not needed with --issuer or --token-endpoint.

Obtains a token and prints what it is good for, with the token itself masked.

  --show <what>                header: the value of the Authorization header; token: the bare token. Nothing else
                               is printed then, so that it can be used in a script
  --json                       what it is good for, as JSON

${CLIENT_USAGE}
Example
  curl -H "Authorization: $(smart-m2m token https://fhir.example.org/r4 --client-id my-client-id \\
    --key my-keystore.jwks --scope 'system/*.read' --show header)" https://fhir.example.org/r4/Patient
`;

const options = /** @type {const} */ ({
  ...CLIENT_OPTIONS,
  show: { type: 'string' },
  json: { type: 'boolean' },
});

/**
 * @param {{ values: any, positionals: string[], io: Io }} invocation
 * @returns {Promise<number>}
 */
async function run({ values, positionals, io }) {
  if (positionals.length > 1) throw new UsageError('one FHIR base URL at a time');
  if (values.show !== undefined && !['header', 'token'].includes(values.show)) {
    throw new UsageError('--show: expected header or token');
  }
  const settings = await readClientOptions(values, io, positionals[0] ?? variable(io, 'FHIR_BASE_URL'));
  const interceptor = ClientAuthInterceptorFactory.create(settings);
  const token = await interceptor.getAccessToken({ signal: io.signal });
  if (values.show !== undefined) {
    const { accessToken, tokenType } = token;
    io.stdout.write(`${values.show === 'token' ? accessToken : `${tokenType} ${accessToken}`}\n`);
    return 0;
  }
  const described = {
    tokenType: token.tokenType,
    token: masked(token.accessToken),
    expiresAt: token.expiresAt?.toISOString() ?? null,
    grantedScopes: token.grantedScopes,
    missingScopes: token.missingScopes,
  };
  io.stdout.write(values.json ? jsonDocument(described) : printable(inWords(described)));
  return 0;
}

/**
 * Enough to tell two tokens apart, and too little to use one.
 *
 * @param {string} token
 */
function masked(token) {
  const SHOWN = 6;
  return token.length < 4 * SHOWN
    ? `… (${token.length} characters)`
    : `${token.slice(0, SHOWN)}… (${token.length} characters)`;
}

/** @param {{ tokenType: string, token: string, expiresAt: string | null, grantedScopes: readonly string[], missingScopes: readonly string[] }} described */
function inWords({ tokenType, token, expiresAt, grantedScopes, missingScopes }) {
  const lines = [
    `${tokenType} ${token}`,
    `expires         ${expiresAt ?? 'the server does not say'}`,
    `granted scopes  ${grantedScopes.join(' ') || 'none'}`,
  ];
  if (missingScopes.length > 0) lines.push(`not granted     ${missingScopes.join(' ')}`);
  return `${lines.join('\n')}\n`;
}

module.exports = { allowPositionals: true, options, run, summary, usage };
