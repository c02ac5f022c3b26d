const before = process.cpuUsage();
await import('openid-client');
const { user, system } = process.cpuUsage(before);
process.stdout.write(JSON.stringify(user + system));
