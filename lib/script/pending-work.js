'use strict';

/** The requests of a run that are under way: a script that forgot an await should not lose them. */
class PendingWork {
  #count = 0;
  /** @type {(() => void)[]} */
  #waiting = [];

  /** @returns {() => void} to be called when the request is over */
  begin = () => {
    this.#count += 1;
    return () => {
      this.#count -= 1;
      if (this.#count > 0) return;
      for (const wake of this.#waiting.splice(0)) wake();
    };
  };

  get size() {
    return this.#count;
  }

  /** Until none is left, those that come up meanwhile included. */
  async settled() {
    while (this.#count > 0) {
      await new Promise((resolve) => this.#waiting.push(() => resolve(undefined)));
      // What follows a request may begin the next one.
      await new Promise(setImmediate);
    }
  }
}

module.exports = { PendingWork };
