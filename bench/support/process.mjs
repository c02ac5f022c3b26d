// The other end of `measured.mjs`. Imports nothing: the processes that start fresh count everything.

/** What `measured()` was given. */
export function settings() {
  return JSON.parse(process.argv[2]);
}

/** Microseconds of user and system time that all threads of this process have taken since `before`. */
export function cpuSince(before) {
  const { user, system } = process.cpuUsage(before);
  return user + system;
}

/** Hands over what was measured and ends the process, whatever the clients have left open. */
export function results(value) {
  process.stdout.write(JSON.stringify(value), () => process.exit());
}
