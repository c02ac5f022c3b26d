export const TITLE = 'Retry-After of every sort, with status 429 or 503';
export const KIND = 'input';

const AT_ONCE = 'the usual pause, and the next attempt';
const NOT_WAITED = 'not waited for: the error says how long, a day at most';
const DAY_MS = 24 * 3600 * 1000;
const YEAR_MS = 365 * DAY_MS;
const date = (fromNowMs) => () => new Date(Date.now() + fromNowMs).toUTCString();

const TRIED_AGAIN = [
  ['none', undefined],
  ['empty', ''],
  ['0', '0'],
  ['-1', '-1'],
  ['-1e9', '-1000000000'],
  ['a fraction', '0.5'],
  ['NaN', 'NaN'],
  ['Infinity', 'Infinity'],
  ['a sign', '+1'],
  ['an exponent', '1e3'],
  ['hexadecimal digits', '0x10'],
  ['a unit', '120 s'],
  ['words', 'when hell freezes over'],
  ['a date that has passed', date(-YEAR_MS)],
  ['the epoch', () => new Date(0).toUTCString()],
  ['a date before 1970', 'Sun, 06 Nov 1904 08:49:37 GMT'],
  ['a date that there is not', 'Sun, 31 Feb 2094 08:49:37 GMT'],
  ['a date of another time zone', 'Sun, 06 Nov 2094 08:49:37 +0200'],
  ['a date as ISO 8601 has it', '2094-11-06T08:49:37Z'],
  ['100,000 letters', 'x'.repeat(100_000)],
  ['digits of another script', '\xd9\xa3\xd9\xa0'],
];

const TOO_LONG = [
  ['1e9 seconds', '1000000000'],
  ['2 to the power of 31', '2147483648'],
  ['2 to the power of 64', '18446744073709551616'],
  ['10,000 digits', '9'.repeat(10_000)],
  ['zeros in front', '0000000000000000000000007200'],
  ['a date in an hour', date(3600 * 1000)],
  ['a date in a hundred years', date(100 * YEAR_MS)],
  ['the last date that there is', 'Fri, 31 Dec 9999 23:59:59 GMT'],
];

const row =
  (outcome, isWaited) =>
  ([name, value], index) => ({
    name,
    outcome,
    isWaited,
    value: typeof value === 'function' ? value : () => value,
    status: [429, 503][index % 2],
  });

export const ROWS = [...TRIED_AGAIN.map(row(AT_ONCE, true)), ...TOO_LONG.map(row(NOT_WAITED, false))];
