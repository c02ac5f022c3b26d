// CommonJS, as a program that calls `require()` is, and without any other import.

const { from, andCreate } = JSON.parse(process.argv[2]);
const requireThere = require('node:module').createRequire(from);

const before = process.cpuUsage();
const { ClientAuthInterceptorFactory } = requireThere('@org/smart-m2m');
if (andCreate) {
  ClientAuthInterceptorFactory.create({
    clientId: 'bench',
    clientSecret: 'bench-secret',
    scope: 'system/*.read',
    tokenEndpoint: 'https://127.0.0.1:1/token',
  });
}
const { user, system } = process.cpuUsage(before);
process.stdout.write(JSON.stringify(user + system));
