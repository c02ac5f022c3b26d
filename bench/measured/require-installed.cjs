// As a program does that has the package in its node_modules: the loader looks for the addon in another package.

const { from, name, after } = JSON.parse(process.argv[2]);
const requireThere = require('node:module').createRequire(from);

/** For the engine to end, on threads of its own, what loading other modules has set off. */
const SETTLED_MS = 50;

if (after === undefined) {
  load();
} else {
  requireThere(after);
  setTimeout(load, SETTLED_MS);
}

function load() {
  const before = process.cpuUsage();
  requireThere(name);
  const { user, system } = process.cpuUsage(before);
  process.stdout.write(JSON.stringify(user + system));
}
