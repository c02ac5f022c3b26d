import { readFileSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';

export const USAGE = `Usage: npm start
       npm start -- --fhir-base-url <url> --client-id <id> (--keystore <file> | --client-secret-file <file>) [options]

Without options: the whole story against an authorization server and a FHIR server that live as long as it does.
With them: discovery, one token and one search against a server of yours.

  --fhir-base-url <url>        base URL of the FHIR server, such as https://fhir.example.org/r4
  --client-id <id>             client id that you are registered under
  --keystore <file>            private signing key: a JWKS or a PEM file
  --client-secret-file <file>  file that holds the client secret (a command line is seen by every user of the machine)
  --scope <scopes>             default: system/*.read
  --token-endpoint <url>       the token endpoint; nothing is discovered then
  --issuer <url>               the authorization server's issuer, for discovery by RFC 8414 or OpenID Connect
  --ca <file>                  PEM certificates to trust besides the system's
  --search <query>             search below the base URL; default: Patient?_count=3
  --help                       this text
`;

const OPTIONS = /** @type {const} */ ({
  'fhir-base-url': { type: 'string' },
  'client-id': { type: 'string' },
  keystore: { type: 'string' },
  'client-secret-file': { type: 'string' },
  scope: { type: 'string', default: 'system/*.read' },
  'token-endpoint': { type: 'string' },
  issuer: { type: 'string' },
  ca: { type: 'string' },
  search: { type: 'string', default: 'Patient?_count=3' },
  help: { type: 'boolean', short: 'h', default: false },
});

/** The command line is wrong; the message is one sentence that says how. */
export class UsageError extends Error {}

/**
 * @typedef {object} StartOptions
 * @property {boolean} help
 * @property {string} [fhirBaseUrl] not set: the embedded default
 * @property {string} [clientId]
 * @property {string} [keystorePath]
 * @property {string} [clientSecretPath]
 * @property {string} scope
 * @property {string} [tokenEndpoint]
 * @property {string} [issuer]
 * @property {string} [caPem]
 * @property {string} search
 */

/**
 * @param {string[]} args
 * @returns {StartOptions}
 */
export function readOptions(args) {
  const { values } = parse(args);
  const options = {
    help: values.help,
    fhirBaseUrl: values['fhir-base-url'],
    clientId: values['client-id'],
    keystorePath: existingFile(values, 'keystore'),
    clientSecretPath: existingFile(values, 'client-secret-file'),
    scope: values.scope,
    tokenEndpoint: values['token-endpoint'],
    issuer: values.issuer,
    caPem: values.ca && readFileSync(existingFile(values, 'ca'), 'utf8'),
    search: values.search,
  };
  if (!options.help && args.length > 0) requireOwnServer(options);
  return options;
}

function parse(args) {
  // Node's own messages go on to explain how to escape; the first sentence is enough.
  for (const [index, arg] of args.entries()) {
    const value = args[index + 1];
    if (
      OPTIONS[arg.replace(/^--/, '')]?.type === 'string' &&
      (value === undefined || value.startsWith('--'))
    ) {
      throw new UsageError(`${arg} needs a value.`);
    }
  }
  try {
    return parseArgs({ args, options: OPTIONS });
  } catch (error) {
    throw new UsageError(`${error.message.split('. ')[0].replace(/\.$/, '')}; --help lists the options.`);
  }
}

function requireOwnServer({ fhirBaseUrl, clientId, keystorePath, clientSecretPath, search }) {
  if (!fhirBaseUrl) throw new UsageError('--fhir-base-url is missing: it names the server to ask.');
  if (!URL.canParse(fhirBaseUrl)) {
    throw new UsageError('--fhir-base-url is no absolute URL such as https://fhir.example.org/r4.');
  }
  if (!clientId) throw new UsageError('--client-id is missing: the id that you are registered under.');
  if (!keystorePath && !clientSecretPath) {
    throw new UsageError('Either --keystore or --client-secret-file is needed, to prove who you are.');
  }
  if (keystorePath && clientSecretPath) {
    throw new UsageError('--keystore and --client-secret-file exclude each other.');
  }
  if (/^([a-z][a-z0-9+.-]*:|\/)/i.test(search)) {
    throw new UsageError('--search is relative to the FHIR base URL, such as Patient?_count=3.');
  }
}

function existingFile(values, name) {
  if (values[name] === undefined) return undefined;
  const path = resolve(values[name]);
  if (!statSync(path, { throwIfNoEntry: false })?.isFile()) {
    throw new UsageError(`--${name}: there is no file ${path}.`);
  }
  return path;
}
