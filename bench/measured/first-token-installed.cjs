// This package's first token where it is installed, as CommonJS without any other import, or through `import`.

const { from, imported, tokenEndpoint } = JSON.parse(process.argv[2]);
const { createRequire } = require('node:module');

const before = process.cpuUsage();
const start = performance.now();
if (imported) import(`file://${from}/../node_modules/@org/smart-m2m/index.mjs`).then(getToken);
else getToken(createRequire(from)('@org/smart-m2m'));

async function getToken({ ClientAuthInterceptorFactory }) {
  const interceptor = ClientAuthInterceptorFactory.create({
    clientId: 'bench',
    clientSecret: 'bench-secret',
    scope: 'system/*.read',
    tokenEndpoint,
    http: { proxy: null },
  });
  const header = await interceptor.getAuthorizationHeader();
  const { user, system } = process.cpuUsage(before);
  const wall = (performance.now() - start) * 1_000;
  const { number } = JSON.parse(Buffer.from(header.split('.')[1], 'base64url'));
  process.stdout.write(JSON.stringify({ cpu: user + system, wall, number }));
}
