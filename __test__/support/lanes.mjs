/**
 * Lets so many pieces of work run at the same time, and no more: each process wants its memory.
 *
 * @param {number} count
 * @returns {<T>(work: () => Promise<T>) => Promise<T>}
 */
export function openLanes(count) {
  const lanes = Array.from({ length: count }, () => Promise.resolve());
  let next = 0;
  return (work) => {
    const lane = next;
    next = (next + 1) % count;
    const done = lanes[lane].then(work);
    lanes[lane] = done.then(
      () => {},
      () => {},
    );
    return done;
  };
}
