import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { basename, join } from 'node:path';
import { PACKAGE_ROOT } from './child.mjs';
import { packedPackages } from './installed-application.mjs';

/**
 * A registry on the loopback interface that has the main package and one for each platform, as after a release. Only
 * those that have been built can be downloaded: nobody has a reason to ask for another.
 *
 * @returns {Promise<{ url: string, downloads: string[], close(): Promise<void> }>}
 */
export async function startPackageRegistry() {
  const { main, platforms } = packedPackages();
  const built = new Map([main, ...platforms].map((packed) => [packed.name, packed]));
  const manifests = new Map([[main.name, main.manifest]]);
  for (const folder of await readdir(join(PACKAGE_ROOT, 'npm'))) {
    const manifest = JSON.parse(await readFile(join(PACKAGE_ROOT, 'npm', folder, 'package.json'), 'utf8'));
    manifests.set(manifest.name, manifest);
  }
  const downloads = [];
  const server = createServer(async (request, response) => {
    const path = decodeURIComponent(new URL(request.url, 'http://registry').pathname).slice(1);
    const origin = `http://${request.headers.host}`;
    if (manifests.has(path))
      return json(response, await packument(manifests.get(path), built.get(path), origin));
    const packed = [...built.values()].find(({ file }) => path === `tarballs/${basename(file)}`);
    if (path.startsWith('tarballs/')) downloads.push(packed?.name ?? path);
    if (packed === undefined) return json(response, { error: 'not found' }, 404);
    response.writeHead(200, { 'content-type': 'application/octet-stream' });
    response.end(await readFile(packed.file));
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${server.address().port}/`,
    downloads,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function packument(manifest, packed, origin) {
  const { name, version } = manifest;
  const content = packed === undefined ? Buffer.from(name) : await readFile(packed.file);
  const file =
    packed === undefined
      ? `${name.replace('@', '').replace('/', '-')}-${version}.tgz`
      : basename(packed.file);
  const hash = (algorithm, encoding) => createHash(algorithm).update(content).digest(encoding);
  const dist = {
    tarball: `${origin}/tarballs/${file}`,
    integrity: `sha512-${hash('sha512', 'base64')}`,
    shasum: hash('sha1', 'hex'),
  };
  // Older than any waiting time for new releases that a package manager may have.
  const released = '2020-01-01T00:00:00.000Z';
  return {
    name,
    'dist-tags': { latest: version },
    time: { created: released, modified: released, [version]: released },
    versions: { [version]: { ...manifest, dist } },
  };
}

function json(response, body, status = 200) {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
}
