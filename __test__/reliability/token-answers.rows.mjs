import { answerOf } from '../support/http-answers.mjs';
import { TOKEN_MARK } from '../support/token-mark.mjs';

export const TITLE = 'Answers of a token endpoint';
export const KIND = 'input';

const TOKEN = `${TOKEN_MARK}-hostile`;
const RESPONSE = 'ERR_TOKEN_RESPONSE';
const TYPE = 'ERR_UNSUPPORTED_TOKEN_TYPE';
const REFUSED = 'ERR_TOKEN_REJECTED';

const good = { access_token: TOKEN, token_type: 'bearer', expires_in: 300 };
const json = (members) => JSON.stringify({ ...good, ...members });

/** An answer that is no token. */
function refused(name, code, body, { words, ...options } = {}) {
  return {
    name,
    outcome: `${code}, and nothing of it is shown`,
    code,
    words,
    answer: answerOf(body, options),
  };
}

/** An answer that is one. */
function taken(name, outcome, body, { header = `Bearer ${TOKEN}`, check, ...options } = {}) {
  return { name, outcome, header, check, answer: answerOf(body, options) };
}

/** @type {[string, unknown][]} */
const BAD_TOKENS = [
  ['missing', undefined],
  ['null', null],
  ['empty', ''],
  ['a number', 7],
  ['true', true],
  ['an array with a token in it', [TOKEN]],
  ['an object with a token in it', { value: TOKEN }],
  ['with a space in it', `${TOKEN} b`],
  ['with a space at its end', `${TOKEN} `],
  ['spaces alone', '   '],
  ['with a tab', `${TOKEN}\tb`],
  ['with CR LF and a header field', `${TOKEN}\r\nX-Injected: 1`],
  ['with a line feed', `${TOKEN}\nb`],
  ['with a NUL', `${TOKEN}\0`],
  ['with a DEL', `${TOKEN}\x7f`],
  ['with an escape sequence of terminals', `${TOKEN}\x1b[2J`],
  ['beyond ASCII', `${TOKEN}-é`],
  ['with Cyrillic letters that look like Latin ones', `${TOKEN}-\u0430`],
  ['with an emoji', `${TOKEN}-\u{1f511}`],
  ['with a zero-width space', `${TOKEN}\u200b`],
  ['with a byte order mark in front', `\ufeff${TOKEN}`],
  ['with a change of direction', `${TOKEN}\u202e`],
  ['with a line separator', `${TOKEN}\u2028`],
  ['with a non-breaking space', `${TOKEN}\u00a0`],
];

const BAD_TYPES = [
  ['with a space in front', ' Bearer', TYPE],
  ['with a second type behind it', 'Bearer, mac', TYPE],
  ['with CR LF and a header field', 'Bearer\r\nX-Injected: 1', TYPE],
  ['with a Cyrillic letter', 'B\u0435arer', TYPE],
  ['in full-width letters', '\uff22\uff45\uff41\uff52\uff45\uff52', TYPE],
  ['with a change of direction', '\u202ereraeb', TYPE],
  ['of 100,000 letters', 'b'.repeat(100_000), TYPE],
  ['that is the token itself', TOKEN, TYPE],
  ['that is an array', ['bearer'], RESPONSE],
  ['that is an object', { name: 'bearer' }, RESPONSE],
  ['that is true', true, RESPONSE],
];

const KEPT_300 = 'a token that lives renewal.defaultLifetimeSeconds';
const KEPT_DAY = 'a token that lives 24 hours at most';
const NOT_KEPT = 'a token for who waits, and it is not kept';
/** `lives`: seconds. */
const LIFETIMES = [
  ['1e308', '1e308', KEPT_DAY, 86_400],
  ['an integer of 40 digits', '9'.repeat(40), KEPT_DAY, 86_400],
  ['2 to the power of 64', '18446744073709551616', KEPT_DAY, 86_400],
  ['an integer of 40 digits as text', `"${'9'.repeat(40)}"`, KEPT_DAY, 86_400],
  ['-1', '-1', NOT_KEPT, 0],
  ['-1e308', '-1e308', NOT_KEPT, 0],
  ['-0', '-0', NOT_KEPT, 0],
  ['1e-9', '1e-9', NOT_KEPT, 0],
  ['0.999', '0.999', NOT_KEPT, 0],
  ['"3600"', '"3600"', 'a token that lives an hour', 3600],
  ['"  60.9 "', '"  60.9 "', 'a token that lives a minute', 60],
  ['"NaN"', '"NaN"', KEPT_300, 300],
  ['"Infinity"', '"Infinity"', KEPT_300, 300],
  ['"-inf"', '"-inf"', KEPT_300, 300],
  ['"0x10"', '"0x10"', KEPT_300, 300],
  ['empty text', '""', KEPT_300, 300],
  ['text of 100,000 digits', `"${'1'.repeat(100_000)}"`, KEPT_300, 300],
  ['true', 'true', KEPT_300, 300],
  ['an array', '[3600]', KEPT_300, 300],
  ['an object', '{"seconds":3600}', KEPT_300, 300],
  ['null', 'null', KEPT_300, 300],
];

const INNOCENT = '"constructor":"c","toString":1,"hasOwnProperty":null,"valueOf":[],"then":"x","toJSON":"y"';
const PROTO = `{"__proto__":{"polluted":true},${json().slice(1)}`;
const nested = (levels) => `${'['.repeat(levels)}${']'.repeat(levels)}`;
const utf16 = (text) => Buffer.from(`\ufeff${text}`, 'utf16le');

export const ROWS = [
  ...BAD_TOKENS.map(([kind, token]) =>
    refused(`an access_token that is ${kind}`, RESPONSE, json({ access_token: token }), {
      words: /access_token/,
    }),
  ),
  refused('an access_token with half a surrogate pair', RESPONSE, json().replace(TOKEN, `${TOKEN}\\ud800`)),
  refused(
    'an access_token longer than http.maxResponseBytes',
    RESPONSE,
    json({ access_token: 'a'.repeat(1 << 20) }),
  ),
  refused('access_token in another case', RESPONSE, json().replace('access_token', 'Access_Token')),
  taken(
    'an access_token of a million characters',
    'a token like any other',
    json({ access_token: 'a'.repeat(1e6) }),
    {
      header: `Bearer ${'a'.repeat(1e6)}`,
    },
  ),
  taken('an access_token of punctuation', 'a token like any other', json({ access_token: '"\\<>&\'`{}' }), {
    header: 'Bearer "\\<>&\'`{}',
  }),
  taken(
    'access_token twice',
    'the second one, as in JavaScript',
    `{"access_token":"first",${json().slice(1)}`,
  ),
  taken(
    'access_token with escapes in its name',
    'a token like any other',
    json().replace('access', '\\u0061ccess'),
  ),

  ...BAD_TYPES.map(([kind, type, code]) =>
    refused(`a token_type ${kind}`, code, json({ token_type: type }), { words: /token_type/ }),
  ),

  ...LIFETIMES.map(([kind, text, outcome, lives]) => ({
    ...taken(`expires_in ${kind}`, outcome, json().replace('300', text)),
    lives,
  })),
  refused('expires_in NaN, which no JSON has', RESPONSE, json().replace('300', 'NaN')),
  refused('expires_in 1e400, which no number holds', RESPONSE, json().replace('300', '1e400')),

  refused('100,000 brackets, never closed', RESPONSE, json().replace('300', '['.repeat(100_000))),
  refused('100,000 brackets, closed', RESPONSE, json({ x: 0 }).replace('"x":0', `"x":${nested(100_000)}`)),
  refused('100,000 objects in one another', RESPONSE, `${'{"x":'.repeat(100_000)}0${'}'.repeat(100_000)}`),
  taken(
    'members nested in 100 levels',
    'a token, and they are in extra',
    json({ x: 0 }).replace('"x":0', `"x":${nested(100)}`),
    {
      check: (t, { extra }) => t.is(JSON.stringify(extra.x), nested(100)),
    },
  ),
  taken('a member __proto__', 'a token, and no prototype is changed', PROTO, {
    check: (t, { extra }) => {
      t.is({}.polluted, undefined);
      t.is(extra.polluted, undefined);
      t.is(Object.getPrototypeOf(extra), Object.prototype);
      t.deepEqual(Object.keys(extra), ['__proto__']);
    },
  }),
  taken(
    'members named like those of every object',
    'a token, and they are in extra',
    `{${INNOCENT},${json().slice(1)}`,
    {
      check: (t, { extra }) => t.deepEqual({ ...extra }, JSON.parse(`{${INNOCENT}}`)),
    },
  ),
  taken(
    '10,000 members',
    'a token, and they are in extra',
    json(Object.fromEntries(Array.from({ length: 10_000 }, (_, at) => [`m${at}`, at]))),
    {
      check: (t, { extra }) => t.is(Object.keys(extra).length, 10_000),
    },
  ),
  taken(
    'members whose names are empty, a NUL and half a megabyte long',
    'a token, and they are in extra',
    json({ '': 1, '\0': 2, ['n'.repeat(500_000)]: 3 }),
    {
      check: (t, { extra }) => t.deepEqual(Object.values(extra), [1, 2, 3]),
    },
  ),
  taken(
    'a refresh_token and an id_token',
    'a token, and no refresh_token',
    json({ refresh_token: 'r', id_token: 'i' }),
    {
      check: (t, { extra }) => t.deepEqual(extra, { id_token: 'i' }),
    },
  ),
  taken(
    'a scope with controls and a change of direction',
    'a token, and the warning is one line',
    json({ scope: 'a\u202eb\r\nc\0' }),
  ),
  taken(
    'a scope of 100,000 words',
    'a token, and the warning is short',
    json({ scope: 's '.repeat(100_000) }),
  ),
  taken('a scope that is a number', 'a token with what was asked for', json({ scope: 7 })),

  refused('two tokens one behind the other', RESPONSE, json() + json()),
  refused('a token and a NUL behind it', RESPONSE, `${json()}\0`),
  refused('a token with a comma too many', RESPONSE, json().replace('}', ',}')),
  refused('a token in a comment', RESPONSE, `/*${json()}*/`),
  refused('a token in a function call (JSONP)', RESPONSE, `callback(${json()})`),
  refused('a token behind a guard against inclusion', RESPONSE, `)]}'\n${json()}`),
  refused('a token in single quotes', RESPONSE, json().replaceAll('"', "'")),
  refused('a token as a form', RESPONSE, new URLSearchParams(good).toString()),
  refused('a token as XML', RESPONSE, `<token><access_token>${TOKEN}</access_token></token>`),
  refused('a token in a web page', RESPONSE, `<!doctype html><script>${json()}</script>`),
  refused('a token as a JSON string', RESPONSE, JSON.stringify(json())),
  refused('an empty array', RESPONSE, '[]'),
  refused('null', RESPONSE, 'null'),
  refused('a token in an array', RESPONSE, `[${json()}]`),
  refused('a token in a member of another name', RESPONSE, JSON.stringify({ data: good })),
  refused('a token in UTF-16, little-endian', RESPONSE, utf16(json())),
  refused('a token in UTF-16, big-endian', RESPONSE, utf16(json()).swap16()),
  refused('a token with two byte order marks', RESPONSE, `\ufeff\ufeff${json()}`),
  refused('a token with invalid UTF-8 beside it', RESPONSE, Buffer.from(json({ x: '\xe9' }), 'latin1')),
  refused('a token with overlong UTF-8 beside it', RESPONSE, Buffer.from(json({ x: '\xc0\xaf' }), 'latin1')),
  refused('half a million spaces and nothing else', RESPONSE, ' '.repeat(500_000)),
  refused('bytes by chance', RESPONSE, Buffer.from('8f3a00ff1e7b5d', 'hex')),
  taken('half a million spaces before a token', 'a token like any other', ' '.repeat(500_000) + json()),
  taken('a charset that is not the true one', 'a token like any other', json(), {
    fields: ['content-type: application/json; charset=utf-16'],
  }),
  taken('a content type of an image', 'a token like any other', json(), {
    fields: ['content-type: image/png'],
  }),
  taken('a content-encoding that is not true', 'a token like any other', json(), {
    fields: ['content-encoding: gzip'],
  }),

  refused('a token under status 401', REFUSED, json(), { status: '401 Unauthorized' }),
  refused('a token under status 500', 'ERR_SERVER', json(), { status: '500 Oops' }),
  refused('a token under status 999', 'ERR_SERVER', json(), { status: '999 Denied' }),
  refused('a token under status 304', 'ERR_REDIRECT', json(), { status: '304 Not Modified' }),
  refused('a token beside an error', REFUSED, json({ error: 'access_denied' })),
  refused(
    'a token beside an error that repeats it',
    REFUSED,
    json({ error: TOKEN, error_description: TOKEN }),
  ),
  refused('a token beside an error that is an object', REFUSED, json({ error: { code: TOKEN } })),
  refused('a token beside an error that is false', REFUSED, json({ error: false })),
  refused('status 204 and nothing', RESPONSE, '', { status: '204 No Content' }),
  refused('status 205 and nothing', RESPONSE, '', { status: '205 Reset Content' }),
  refused('nothing', RESPONSE, ''),
];
