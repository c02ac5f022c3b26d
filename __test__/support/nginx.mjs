import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { debianPrograms } from './debian-programs.mjs';
import { startServerProcess } from './server-process.mjs';

const TEMP_PATHS = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];

/**
 * nginx that ends TLS in front of a server on 127.0.0.1.
 *
 * @param {object} options
 * @param {{ certificatePem: string, privateKeyPem: string }} options.tls
 * @param {string} options.upstream origin, of which the port counts
 * @param {boolean} [options.tellsScheme] by X-Forwarded-Proto, as the server needs it to know of the TLS
 * @param {string} [options.clientCaPem] of the client certificates that it wants
 * @returns {Promise<{ origin: string, close(): Promise<void> }>}
 */
export async function startNginx({ tls, upstream, tellsScheme = false, clientCaPem }) {
  const { paths, env } = debianPrograms();
  const directory = mkdtempSync(join(tmpdir(), 'smart-m2m-nginx-'));
  const remove = () => rmSync(directory, { recursive: true, force: true });
  const file = (name) => join(directory, name);
  try {
    writeFileSync(file('certificate.pem'), tls.certificatePem);
    writeFileSync(file('key.pem'), tls.privateKeyPem, { mode: 0o600 });
    if (clientCaPem !== undefined) writeFileSync(file('client-ca.pem'), clientCaPem);
    const wantsCertificate = clientCaPem !== undefined;
    const commandFor = (port) => {
      const settings = { directory, port, upstream, tellsScheme, wantsCertificate };
      writeFileSync(file('nginx.conf'), configuration(settings));
      return { command: paths.nginx, args: ['-p', directory, '-c', file('nginx.conf')], env };
    };
    const nginx = await startServerProcess(commandFor, {
      ready: /\[notice\].*: getrlimit\(RLIMIT_NOFILE\)/,
      portTaken: /Address already in use/,
    });
    return {
      origin: `https://localhost:${nginx.port}`,
      async close() {
        await nginx.close();
        remove();
      },
    };
  } catch (error) {
    remove();
    throw error;
  }
}

function configuration({ directory, port, upstream, tellsScheme, wantsCertificate }) {
  const client = wantsCertificate
    ? `ssl_verify_client on; ssl_client_certificate ${directory}/client-ca.pem;`
    : '';
  const scheme = tellsScheme ? 'proxy_set_header X-Forwarded-Proto $scheme;' : '';
  // One process, which neither changes its user nor leaves others behind.
  return `
    daemon off;
    master_process off;
    pid ${directory}/nginx.pid;
    error_log stderr notice;
    events { worker_connections 64; }
    http {
      access_log off;
      ${TEMP_PATHS.map((name) => `${name}_temp_path ${directory}/${name};`).join('\n')}
      server {
        listen 127.0.0.1:${port} ssl;
        ssl_certificate ${directory}/certificate.pem;
        ssl_certificate_key ${directory}/key.pem;
        ${client}
        location / {
          proxy_pass http://127.0.0.1:${new URL(upstream).port};
          proxy_set_header Host $http_host;
          ${scheme}
        }
      }
    }
  `;
}
