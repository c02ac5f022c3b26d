import { closeSync, openSync, readFileSync, readSync } from 'node:fs';

// The memory of a child process on Linux with glibc, as far as native code has it: what JavaScript has is V8's own
// affair, and its strings cannot be wiped.

const ARENA = 64 * 2 ** 20;
const CHUNK = 2 ** 20;

/**
 * @param {number} pid of a child, which a parent may read
 * @param {(bytes: Buffer) => string[]} search
 * @param {number} overlap of two chunks: no shorter than what is searched for
 * @returns {{ found: string[], mebibytes: number }}
 */
export function searchNativeMemory(pid, search, overlap = 4096) {
  const memory = openSync(`/proc/${pid}/mem`, 'r');
  const found = [];
  let searched = 0;
  try {
    for (const { start, end, name } of nativeRegions(readFileSync(`/proc/${pid}/maps`, 'utf8'))) {
      for (let at = start; at < end; at += CHUNK - overlap) {
        const bytes = Buffer.allocUnsafe(Math.min(CHUNK, end - at));
        const length = readAt(memory, bytes, at);
        if (length === 0) break;
        searched += length;
        found.push(...search(bytes.subarray(0, length)).map((what) => `${what} in ${name}`));
        if (at + length >= end) break;
      }
    }
  } finally {
    closeSync(memory);
  }
  return { found: [...new Set(found)], mebibytes: searched / 2 ** 20 };
}

/** malloc's blocks, on its heap and in its arenas; the stacks; the addon's data. */
function nativeRegions(maps) {
  const regions = maps.split('\n').filter(Boolean).map(regionOf);
  return regions.flatMap((region, index) => {
    const { start, end, access, name } = region;
    if (!access.startsWith('rw')) return [];
    if (name === '[heap]' || name === '[stack]') return [region];
    if (name.endsWith('.node')) return [{ ...region, name: 'the addon' }];
    if (name !== '') return [];
    const [before, after] = [regions[index - 1], regions[index + 1]];
    if (start % ARENA === 0 && (end - start === ARENA || endsArena(after, start))) {
      return [{ ...region, name: 'an arena' }];
    }
    // What follows the last data of a library belongs to it.
    if (before?.name.endsWith('.node') && before.end === start) return [{ ...region, name: 'the addon' }];
    const isGuarded =
      before?.end === start && before.access.startsWith('---') && before.end - before.start <= 4096;
    return isGuarded && end - start >= 2 ** 20 ? [{ ...region, name: 'a stack' }] : [];
  });
}

function endsArena(region, start) {
  return region?.access.startsWith('---') && region.end === start + ARENA;
}

function regionOf(line) {
  const [range, access, _offset, _device, _inode, ...name] = line.split(/ +/);
  const [start, end] = range.split('-').map((hex) => Number.parseInt(hex, 16));
  return { start, end, access, name: name.join(' ') };
}

function readAt(memory, bytes, position) {
  try {
    return readSync(memory, bytes, 0, bytes.length, position);
  } catch {
    // Gone meanwhile.
    return 0;
  }
}
