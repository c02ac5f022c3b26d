import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { show } from '../start/narration.mjs';

/** A program in a process of its own, whose lines are shown as they come. */
export class Program {
  /** @type {string[]} of stdout */
  output = [];
  #child;
  #name;
  #lines = [];
  #ended;
  #isStopped = false;

  /**
   * @param {URL} file
   * @param {{ name: string, args?: string[], env: Record<string, string | undefined>, input?: string }} options
   *   `name`: what its lines are shown under; `input`: all of its stdin
   */
  constructor(file, { name, args = [], env, input = '' }) {
    this.#name = name;
    this.#child = spawn(process.execPath, [fileURLToPath(file), ...args], { env });
    this.#child.stdin.end(input);
    for (const stream of ['stdout', 'stderr']) {
      createInterface(this.#child[stream]).on('line', (line) => {
        show(name, line);
        if (stream === 'stdout') this.output.push(line);
        this.#lines.push(line);
        this.#child.emit('line');
      });
    }
    this.#ended = once(this.#child, 'close').then(([code]) => code);
  }

  /**
   * @param {RegExp} pattern
   * @returns {Promise<RegExpExecArray>} of the first line that matches, as soon as it is there
   */
  async line(pattern) {
    const ended = this.#ended.then((code) => {
      throw new Error(`${this.#name} has ended with ${code}, without a line that matches ${pattern}`);
    });
    for (;;) {
      const more = once(this.#child, 'line');
      const match = this.#lines.map((line) => pattern.exec(line)).find(Boolean);
      if (match) {
        ended.catch(() => {});
        return match;
      }
      await Promise.race([more, ended]);
    }
  }

  /** @param {number} [expected] its exit code */
  async end(expected = 0) {
    const code = await this.#ended;
    // Windows has no signals: there a program that is told to stop ends at once, without an exit code.
    if (code !== expected && !(this.#isStopped && code === null)) {
      throw new Error(`${this.#name} has ended with ${code}, and not with ${expected}`);
    }
  }

  /** @param {NodeJS.Signals} [signal] */
  stop(signal = 'SIGTERM') {
    this.#isStopped = process.platform === 'win32';
    this.#child.kill(signal);
  }

  /** Whatever it does. */
  async kill() {
    this.#child.kill('SIGKILL');
    await this.#ended;
  }
}
