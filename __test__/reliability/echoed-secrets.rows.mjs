import { answerOf } from '../support/http-answers.mjs';

export const TITLE = 'Refusals that repeat what the client has sent';
export const KIND = 'input';

const base64 = (text) => Buffer.from(text).toString('base64');
const hex = (text) => Buffer.from(text).toString('hex');
const everyCharacter = (write) => (text) => [...text].map(write).join('');
const code = (radix, width) => (character) => character.codePointAt(0).toString(radix).padStart(width, '0');

/** Ways to write a secret, each of which a server, a proxy or a log in between has. */
const SPELLINGS = {
  'as it is': (text) => text,
  'in capitals': (text) => text.toUpperCase(),
  'percent-encoded': encodeURIComponent,
  'percent-encoded twice': (text) => encodeURIComponent(encodeURIComponent(text)),
  'percent-encoded in every character': everyCharacter((c) => `%${code(16, 2)(c)}`),
  'with JSON escapes': everyCharacter((c) => `\\u${code(16, 4)(c)}`),
  'with escapes of C': everyCharacter((c) => `\\x${code(16, 2)(c)}`),
  'with HTML references': everyCharacter((c) => `&#${code(10, 1)(c)};`),
  'with HTML references in hexadecimal digits': everyCharacter((c) => `&#x${code(16, 1)(c)};`),
  'as JSON in JSON': (text) => JSON.stringify(JSON.stringify({ secret: text })),
  'in Base64': base64,
  'in Base64 behind a character': (text) => base64(`x${text}`),
  'in Base64 for URLs': (text) => Buffer.from(text).toString('base64url'),
  'in Base64 of a form': (text) => base64(`grant_type=client_credentials&client_secret=${text}`),
  'in hexadecimal digits': hex,
  'in hexadecimal digits, capitals': (text) => hex(text).toUpperCase(),
  'as a dump': (text) => hex(text).replace(/../g, '$& '),
  'with spaces between': everyCharacter((c) => `${c} `),
  'over two lines': (text) => `${text.slice(0, 10)}\r\n${text.slice(10)}`,
  'with invisible characters between': everyCharacter((c) => `${c}\u200b`),
  'with a change of direction in front': (text) => `\u202e${text}`,
  'cut to its first 16 characters': (text) => text.slice(0, 16),
  'cut to its last 16 characters': (text) => text.slice(-16),
  'behind 700 characters': (text) => `${'lorem ipsum '.repeat(58)}${text}`,
  'in the request line of an access log': (text) =>
    `"POST /token?client_secret=${encodeURIComponent(text)} HTTP/1.1" 401`,
};

/** @typedef {{ secret: string, request: string }} Echo */

const refusal = (members) => answerOf(JSON.stringify(members), { status: '401 Unauthorized' });
const with401 = (text, fields) => answerOf(text, { status: '401 Unauthorized', fields });
/** Places of a refusal where the text can stand. */
const PLACES = {
  'the error itself': (text) => refusal({ error: text }),
  error_uri: (text) => refusal({ error: 'x', error_uri: `https://localhost/${text}` }),
  'an OperationOutcome': (text) =>
    refusal({ resourceType: 'OperationOutcome', issue: [{ diagnostics: `${text}` }] }),
  'a problem of RFC 9457': (text) => refusal({ title: 'no', detail: text }),
  'a nested error': (text) => refusal({ error: { message: text } }),
  'a plain text': (text) => with401(text),
  'a web page': (text) => with401(`<html>${text}</html>`),
  'a header to find the answer by': (text) => with401('no', [`x-request-id: ${text}`]),
  'a challenge': (text) => with401('no', [`www-authenticate: Bearer error="${text}"`]),
  'the reason phrase': (text) => answerOf('no', { status: `401 ${text}` }),
};

const REJECTED = 'ERR_TOKEN_REJECTED';
const OUTCOME = `${REJECTED}, without the secret`;

export const ROWS = [
  ...Object.entries(SPELLINGS).map(([name, spell]) => ({
    name: `the client secret ${name}`,
    outcome: OUTCOME,
    code: REJECTED,
    spell,
    answer: (text) => refusal({ error: 'invalid_client', error_description: `bad: ${text}, sorry` }),
  })),
  ...Object.entries(PLACES).map(([name, answer]) => ({
    name: `the client secret in ${name}`,
    outcome: OUTCOME,
    code: REJECTED,
    spell: (text) => text,
    answer,
  })),
  {
    name: 'the client secret in the path of a redirect',
    outcome: 'ERR_REDIRECT, without the secret',
    code: 'ERR_REDIRECT',
    spell: encodeURIComponent,
    answer: (text) => answerOf('', { status: '302 Found', fields: [`location: /${text}?${text}#${text}`] }),
  },
  {
    name: 'the client secret as a token_type',
    outcome: 'ERR_UNSUPPORTED_TOKEN_TYPE, without the secret',
    code: 'ERR_UNSUPPORTED_TOKEN_TYPE',
    spell: (text) => text,
    answer: (text) => answerOf(JSON.stringify({ access_token: 't', token_type: text })),
  },
  {
    name: 'the whole request in a refusal in clear text',
    outcome: OUTCOME,
    code: REJECTED,
    spell: (text) => text,
    answer: (_text, request) => with401(request),
  },
  {
    name: 'the whole request in an error_description',
    outcome: OUTCOME,
    code: REJECTED,
    spell: (text) => text,
    answer: (_text, request) => refusal({ error: 'invalid_request', error_description: request }),
  },
  {
    name: 'the whole request in Base64',
    outcome: OUTCOME,
    code: REJECTED,
    spell: (text) => text,
    answer: (_text, request) => with401(base64(request)),
  },
  {
    name: 'the body of the request, field by field as JSON',
    outcome: OUTCOME,
    code: REJECTED,
    spell: (text) => text,
    answer: (_text, request) =>
      refusal({
        error: 'x',
        error_description: JSON.stringify(
          Object.fromEntries(new URLSearchParams(request.split('\r\n\r\n')[1])),
        ),
      }),
  },
];
