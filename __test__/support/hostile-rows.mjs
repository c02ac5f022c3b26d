import { readFileSync } from 'node:fs';

/**
 * @typedef {object} HostileRow
 * @property {string} name
 * @property {string[]} codes that are right for it
 * @property {string | Uint8Array} [data]
 * @property {string} [path]
 * @property {string} [passphrase]
 */

export const CORRUPT = 'ERR_KEYSTORE_CORRUPT';
export const NOT_FOUND = 'ERR_KEYSTORE_NOT_FOUND';
export const UNSUPPORTED = 'ERR_KEYSTORE_UNSUPPORTED';
export const UNUSABLE = 'ERR_KEYSTORE_UNUSABLE_KEY';
export const WITH_PASSPHRASE = 'ERR_KEYSTORE_PASSPHRASE';

/** What opens the fixtures. */
export const PASSPHRASE = 'kitten-42';

/** PBKDF2 and its kin would take half an hour, and hold the thread. */
export const HUGE_COUNT = 2 ** 31 - 1;

/** @type {(file: string) => Buffer} */
export function fixture(file) {
  return readFileSync(new URL(`../fixtures/keystores/${file}`, import.meta.url));
}

/** @type {(name: string, data: string | Uint8Array, ...codes: string[]) => HostileRow} */
export function row(name, data, ...codes) {
  return { name, data, codes, passphrase: PASSPHRASE };
}

/** @type {(bytes: Uint8Array, at: number) => Buffer} `at`: from the end, where it is negative */
export function flipped(bytes, at) {
  const copy = Buffer.from(bytes);
  const position = at < 0 ? copy.length + at : at;
  copy[position] ^= 0x55;
  return copy;
}
