// This package's first token where it is loaded by `require()`, without any other import.

const { tokenEndpoint } = JSON.parse(process.argv[2]);

const before = process.cpuUsage();
const start = performance.now();
const { ClientAuthInterceptorFactory } = require('../../index.js');
const interceptor = ClientAuthInterceptorFactory.create({
  clientId: 'bench',
  clientSecret: 'bench-secret',
  scope: 'system/*.read',
  tokenEndpoint,
  http: { proxy: null },
});
interceptor.getAuthorizationHeader().then((header) => {
  const { user, system } = process.cpuUsage(before);
  const wall = (performance.now() - start) * 1_000;
  const { number } = JSON.parse(Buffer.from(header.split('.')[1], 'base64url'));
  process.stdout.write(JSON.stringify({ cpu: user + system, wall, number }));
});
