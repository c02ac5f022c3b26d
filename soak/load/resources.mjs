import { fstatSync, readdirSync, readlinkSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
/** @type {() => void} */
const collectGarbage = globalThis.gc ?? runInNewContext('gc');

/** Twice: what a finalizer lets go of is garbage of the next time. */
export async function collect() {
  for (let round = 0; round < 2; round += 1) {
    collectGarbage();
    await sleep(10);
  }
}

/**
 * Open descriptors: sockets, pipes and the like. Regular files are left out, because Node itself leaves a module's
 * file open when a worker is terminated while it reads that file.
 *
 * @returns {number | null} null where the system does not say
 */
export function openFiles() {
  for (const folder of ['/proc/self/fd', '/dev/fd']) {
    try {
      return readdirSync(folder).filter(isOpenAndNoFile).length;
    } catch {
      // The other one, then.
    }
  }
  return null;
}

function isOpenAndNoFile(descriptor) {
  try {
    return !fstatSync(Number(descriptor)).isFile();
  } catch {
    // The folder that was read is closed again.
    return false;
  }
}

/** What kinds of descriptors are open, as Linux names them: to tell what stayed. */
export function openKinds() {
  const counts = {};
  try {
    for (const descriptor of readdirSync('/proc/self/fd').filter(isOpenAndNoFile)) {
      const kind = readlinkSync(`/proc/self/fd/${descriptor}`).replace(/:\[\d+\]$/, '');
      counts[kind] = (counts[kind] ?? 0) + 1;
    }
  } catch {
    // Elsewhere the number has to do.
  }
  return counts;
}

/**
 * Waits until no more files are open than before: connections that nobody uses end within seconds.
 *
 * @param {number | null} before
 * @param {number} limitMs
 */
export async function openFilesFrom(before, limitMs) {
  const end = Date.now() + limitMs;
  while (before !== null && openFiles() > before && Date.now() < end) {
    await collect();
    await sleep(250);
  }
  return openFiles();
}

/** @returns {Record<string, number>} what keeps the process alive, by type */
export function activeResources() {
  const counts = {};
  for (const type of process.getActiveResourcesInfo()) counts[type] = (counts[type] ?? 0) + 1;
  return counts;
}
