import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { debianPrograms } from './debian-programs.mjs';
import { ecJwks, publicJwks } from './keys.mjs';
import { startServerProcess } from './server-process.mjs';

const MODULES = { user: 'user', client: 'client', user_auth_scheme: 'scheme', plugin: 'plugin' };

/**
 * Glewlwyd over plain http, with a database of its own and the OpenID Connect plugin.
 *
 * @typedef {object} GlewlwydClient
 * @property {string} clientId
 * @property {import('./keys.mjs').Jwks} [jwks] private or public; for private_key_jwt
 * @property {string} [clientSecret] for client_secret_jwt
 *
 * @param {object} options
 * @param {GlewlwydClient[]} options.clients
 * @param {string} options.scope that they may have
 * @param {number} [options.maxAssertionSeconds] how far ahead the `exp` of an assertion may be
 * @param {Record<string, string>} [options.env] of the process
 * @returns {Promise<{ issuer: string, tokenEndpoint: string, close(): Promise<void> }>}
 */
export async function startGlewlwyd({ clients, scope, maxAssertionSeconds = 3600, env = {} }) {
  const { paths, env: libraries } = debianPrograms();
  const prefix = dirname(dirname(paths.glewlwyd));
  const directory = mkdtempSync(join(tmpdir(), 'smart-m2m-glewlwyd-'));
  const remove = () => rmSync(directory, { recursive: true, force: true });
  const originOf = (port) => `http://127.0.0.1:${port}`;
  const issuerOf = (port) => `${originOf(port)}/api/oidc`;
  try {
    const commandFor = (port) => {
      const database = join(directory, `${port}.db`);
      const schema = join(prefix, 'share/dbconfig-common/data/glewlwyd/install/sqlite3');
      const statements = registrations({ issuer: issuerOf(port), clients, scope, maxAssertionSeconds });
      execFileSync(paths.sqlite3, [database], {
        input: `PRAGMA synchronous = OFF;\nBEGIN;\n${readFileSync(schema, 'utf8')}\n${statements.join('\n')}\nCOMMIT;\n`,
        env: { ...process.env, ...libraries },
      });
      const settings = join(directory, 'glewlwyd.conf');
      writeFileSync(settings, configuration({ port, origin: originOf(port), database, prefix }));
      return { command: paths.glewlwyd, args: [`--config-file=${settings}`], env: { ...libraries, ...env } };
    };
    const { port, close } = await startServerProcess(commandFor, {
      ready: /Glewlwyd started on port/,
      portTaken: /Failed to bind to port/,
      // It says that it has started just before it tries to.
      answers: async (port) => (await metadataOf(issuerOf(port)))?.issuer === issuerOf(port),
    });
    return {
      issuer: issuerOf(port),
      tokenEndpoint: `${issuerOf(port)}/token`,
      async close() {
        await close();
        remove();
      },
    };
  } catch (error) {
    remove();
    throw error;
  }
}

async function metadataOf(issuer) {
  const response = await fetch(`${issuer}/.well-known/openid-configuration`).catch(() => null);
  return response?.ok ? response.json() : null;
}

function configuration({ port, origin, database, prefix }) {
  const modules = Object.entries(MODULES).map(
    ([kind, folder]) => `${kind}_module_path = "${prefix}/lib/glewlwyd/${folder}"`,
  );
  return `
    port = ${port}
    bind_address = "127.0.0.1"
    external_url = "${origin}"
    login_url = "login.html"
    api_prefix = "api"
    log_mode = "console"
    log_level = "INFO"
    admin_scope = "g_admin"
    profile_scope = "g_profile"
    ${modules.join('\n')}
    hash_algorithm = "SHA512"
    database = { type = "sqlite3", path = "${database}" };
  `;
}

/** What its administrator would enter in a browser. */
function registrations({ issuer, clients, scope, maxAssertionSeconds }) {
  const plugin = {
    iss: issuer,
    'jwks-private': JSON.stringify(ecJwks({ alg: 'ES256', kid: 'signs' })),
    'access-token-duration': 300,
    'allow-non-oidc': true,
    'auth-type-client-enabled': true,
    'request-parameter-allow': true,
    'request-maximum-exp': maxAssertionSeconds,
    'client-jwks-parameter': 'jwks',
    'client-jwks_uri-parameter': 'jwks_uri',
    'client-pubkey-parameter': 'pubkey',
  };
  return [
    `INSERT INTO g_plugin_module_instance (gpmi_module, gpmi_name, gpmi_parameters)
      VALUES ('oidc', 'oidc', ${quoted(JSON.stringify(plugin))});`,
    `INSERT INTO g_scope (gs_name) VALUES (${quoted(scope)});`,
    `INSERT INTO g_client_scope (gcs_id, gcs_name) VALUES (1, ${quoted(scope)});`,
    ...clients.flatMap((client, index) => [
      `INSERT INTO g_client (gc_id, gc_client_id, gc_confidential)
        VALUES (${index + 1}, ${quoted(client.clientId)}, 1);`,
      `INSERT INTO g_client_scope_client (gc_id, gcs_id) VALUES (${index + 1}, 1);`,
      ...Object.entries(propertiesOf(client)).map(
        ([name, value]) => `INSERT INTO g_client_property (gc_id, gcp_name, gcp_value)
          VALUES (${index + 1}, ${quoted(name)}, ${quoted(value)});`,
      ),
    ]),
  ];
}

function propertiesOf({ jwks, clientSecret }) {
  return {
    authorization_type: 'client_credentials',
    token_endpoint_auth_method: jwks ? 'private_key_jwt' : 'client_secret_jwt',
    ...(jwks ? { jwks: JSON.stringify(publicJwks(jwks)) } : { client_secret: clientSecret }),
  };
}

function quoted(text) {
  return `'${text.replaceAll("'", "''")}'`;
}
