const before = process.cpuUsage();
require('@azure/msal-node');
const { user, system } = process.cpuUsage(before);
process.stdout.write(JSON.stringify(user + system));
