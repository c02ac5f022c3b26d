import { ROWS as MESSAGES } from './http-messages.rows.mjs';
import { ROWS as ANSWERS } from './token-answers.rows.mjs';

export const TITLE = 'The same in answer to a renewal, while the token lives';
export const KIND = 'input';

/** One of each kind. */
const OF_ANSWERS = [
  'an access_token that is missing',
  'an access_token that is a number',
  'an access_token that is with CR LF and a header field',
  'an access_token that is with Cyrillic letters that look like Latin ones',
  'an access_token longer than http.maxResponseBytes',
  'a token_type with CR LF and a header field',
  'expires_in 1e400, which no number holds',
  '100,000 brackets, never closed',
  'a token in a web page',
  'a token in UTF-16, little-endian',
  'a token under status 401',
  'a token under status 304',
  'a token under status 999',
  'a token beside an error',
  'status 204 and nothing',
  'nothing',
];
const OF_MESSAGES = [
  'a bomb in gzip',
  'an announced length over the limit',
  'a header of 10 MiB',
  'no word at all',
  'a body, a byte at a time',
  'chunks, a byte at a time',
  'informational answers alone, one now and then',
  'an end in place of an answer',
  'a reset',
  'half of the announced body',
  'chunks without the last one',
  'a greeting of SMTP',
  'status 20000',
  'two lengths that differ',
  'a field with a NUL',
];

export const ROWS = [
  ...OF_ANSWERS.map((name) => {
    const { answer } = found(ANSWERS, name);
    return row(name, (socket) => socket.write(answer));
  }),
  ...OF_MESSAGES.map((name) => row(name, found(MESSAGES, name).answer)),
];

function row(name, answer) {
  return {
    name: `${name}, at a renewal`,
    outcome: 'callers get the living token, then the next good one',
    answer,
  };
}

function found(rows, name) {
  const row = rows.find((row) => row.name === name);
  if (!row) throw new Error(`there is no row ${name}`);
  return row;
}
