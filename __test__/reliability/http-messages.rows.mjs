import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { broken, ends, slow, taken, tooLarge, unusable } from '../support/hostile-messages.mjs';
import { answerOf, linesOf } from '../support/http-answers.mjs';
import { drip, flood, pour } from '../support/raw-server.mjs';

export const TITLE = 'HTTP/1.1 as no server should speak it';
export const KIND = 'input';

/** `http.maxResponseBytes` of the clients that meet these. */
export const LIMIT = 64 << 10;
const MIB = 1 << 20;
const OK = 'HTTP/1.1 200 OK';
const CHUNKED = 'transfer-encoding: chunked';
const OF_TWO = 'content-length: 2';

const chunk = (text, size = Buffer.byteLength(text).toString(16)) => `${size}\r\n${text}\r\n`;
const length = (body) => `content-length: ${Buffer.byteLength(body)}`;
/** The good body behind these lines. */
const behind = (...lines) => ends((body) => linesOf([OK, ...lines, length(body)], body));
/** The good body in chunks, of which the caller has the last word. */
const inChunks = (make) => ends((body) => linesOf([OK, CHUNKED], make(body)));

/** Starts like an answer, and goes on for ever. */
const endless = (start, piece) => (socket) => {
  socket.write(start);
  pour(socket, piece);
};
/** The same where the client reads as fast as it comes. */
const flooding = (start, piece) => (socket) => {
  socket.write(start);
  flood(socket, piece);
};
const dripping = (start, text) => (socket) => {
  socket.write(start);
  drip(socket, text);
};

/** Made when they are sent: that takes a moment. */
const BOMBS = {
  gzip: () => gzipSync(Buffer.alloc(60 * MIB)),
  br: () => brotliCompressSync(Buffer.alloc(16 * MIB)),
  deflate: () => deflateSync(Buffer.alloc(16 * MIB)),
};

const COMPRESSED = Object.entries(BOMBS).map(([coding, make]) =>
  unusable(
    `a bomb in ${coding}`,
    ends(() => answerOf(make(), { fields: [`content-encoding: ${coding}`] })),
    /the body is compressed, although that was not asked for/,
  ),
);

const TOO_LARGE = [
  tooLarge('an announced length over the limit', LIMIT, (socket) =>
    socket.write(linesOf([OK, `content-length: ${LIMIT + 1}`])),
  ),
  tooLarge('an announced length of 2 to the power of 53', LIMIT, (socket) =>
    socket.write(linesOf([OK, 'content-length: 9007199254740993'])),
  ),
  tooLarge(
    'a body without announced length and without end',
    LIMIT,
    endless(`${OK}\r\n\r\n`, Buffer.alloc(16_384, ' ')),
  ),
  tooLarge('chunks without end', LIMIT, endless(`${OK}\r\n${CHUNKED}\r\n\r\n`, chunk(' '.repeat(4096)))),
  tooLarge(
    'a compressed body over the limit as it is',
    LIMIT,
    endless(`${OK}\r\ncontent-encoding: gzip\r\n\r\n`, gzipSync('no matter what')),
  ),
];

const WITHOUT_END = [
  broken('a status line without end', endless('HTTP/1.1 200 ', 'x'.repeat(4096))),
  broken('header fields without end', endless(`${OK}\r\n`, 'x-field: value\r\n')),
  broken('a header field without end', endless(`${OK}\r\nx-field: `, 'x'.repeat(4096))),
  broken('a field name without end', endless(`${OK}\r\n`, 'x'.repeat(4096))),
  broken('a header of 10 MiB', ends(linesOf([OK, `x-field: ${'x'.repeat(10 * MIB)}`, OF_TWO], '{}'))),
  broken('101 header fields', ends(linesOf([OK, ...Array(100).fill('x-field: value'), OF_TWO], '{}'))),
  broken('a chunk extension without end', endless(`${OK}\r\n${CHUNKED}\r\n\r\n1;`, 'x'.repeat(4096))),
  broken('trailers without end', endless(`${OK}\r\n${CHUNKED}\r\n\r\n0\r\n`, 'x-field: value\r\n')),
  broken('empty lines without end', endless('', '\r\n'.repeat(512))),
];

const SLOW = [
  slow('no word at all', () => {}),
  slow('a status line, a byte at a time', (socket) => drip(socket, `HTTP/1.1 200 ${'x'.repeat(500)}`)),
  slow('header fields, a byte at a time', dripping(`${OK}\r\n`, 'x-field: value\r\n')),
  slow('a body, a byte at a time', dripping(`${OK}\r\ncontent-length: 5000\r\n\r\n`, ' ')),
  slow('a body without announced length, a byte at a time', dripping(`${OK}\r\n\r\n`, ' ')),
  slow('chunks, a byte at a time', dripping(`${OK}\r\n${CHUNKED}\r\n\r\n`, '1\r\n \r\n')),
  slow('a chunk size, a byte at a time', dripping(`${OK}\r\n${CHUNKED}\r\n\r\n`, '0')),
  slow('trailers, a byte at a time', dripping(`${OK}\r\n${CHUNKED}\r\n\r\n0\r\n`, 'x-field: value\r\n')),
  slow('informational answers alone, one now and then', (socket) => {
    const timer = setInterval(() => socket.write('HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n'), 10);
    socket.on('close', () => clearInterval(timer));
  }),
  slow(
    'informational answers alone, many at a time',
    flooding('', 'HTTP/1.1 103 Early Hints\r\nx: y\r\n\r\n'.repeat(50)),
  ),
  slow('a chunk size of zeros without end', flooding(`${OK}\r\n${CHUNKED}\r\n\r\n`, '0'.repeat(4096))),
  slow('a header, and half of the body', (socket) => socket.write(linesOf([OK, 'content-length: 99'], '{'))),
  slow('a chunked body whole but for its last chunk', (socket, body) =>
    socket.write(linesOf([OK, CHUNKED], chunk(body))),
  ),
];

const BROKEN_OFF = [
  broken('an end in place of an answer', (socket) => socket.end()),
  broken('a reset', (socket) => socket.resetAndDestroy()),
  broken('half of the announced body', ends(linesOf([OK, 'content-length: 100'], '{"token_endpoint":'))),
  broken('a chunk that ends early', ends(linesOf([OK, CHUNKED], 'ff\r\n{}'))),
  broken(
    'chunks without the last one',
    ends((body) => linesOf([OK, CHUNKED], chunk(body))),
  ),
  broken('informational answers, and an end', ends('HTTP/1.1 103 Early Hints\r\n\r\n'.repeat(3))),
];

const NO_HTTP = [
  broken('a greeting of SMTP', ends('220 mail.example.test ESMTP\r\n')),
  broken(
    'HTTP/0.9',
    ends((body) => body),
  ),
  broken(
    'a version that is none',
    ends((body) => `HTTP/9.9 200 OK\r\n${length(body)}\r\n\r\n${body}`),
  ),
  broken('a request in place of an answer', ends('GET / HTTP/1.1\r\nhost: localhost\r\n\r\n')),
  broken('the preface of HTTP/2', ends('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')),
  broken('settings of HTTP/2', ends(Buffer.from('000000040000000000', 'hex'))),
  broken('a TLS record in clear text', ends(Buffer.from('15030300020228', 'hex'))),
  broken(
    'an answer of ICY (SHOUTcast)',
    ends((body) => `ICY 200 OK\r\n${length(body)}\r\n\r\n${body}`),
  ),
  broken('a status of one digit', ends(linesOf(['HTTP/1.1 0 OK']))),
  broken('status 99', ends(linesOf(['HTTP/1.1 99 OK', OF_TWO], '{}'))),
  broken('status 000', ends(linesOf(['HTTP/1.1 000 OK', OF_TWO], '{}'))),
  broken('status 20000', ends(linesOf(['HTTP/1.1 20000 OK', OF_TWO], '{}'))),
  broken('a status that is no number', ends(linesOf(['HTTP/1.1 2x0 OK', OF_TWO], '{}'))),
  broken('a negative status', ends(linesOf(['HTTP/1.1 -200 OK', OF_TWO], '{}'))),
];

/** What two programs on the way read in two ways (RFC 9112 §11). */
const AMBIGUOUS = [
  broken('a negative length', ends(linesOf([OK, 'content-length: -1'], '{}'))),
  broken(
    'a length with a sign',
    ends((body) => linesOf([OK, `content-length: +${body.length}`], body)),
  ),
  broken('a length in hexadecimal digits', ends(linesOf([OK, 'content-length: 0x02'], '{}'))),
  broken('a length of 30 digits', ends(linesOf([OK, `content-length: ${'9'.repeat(30)}`], '{}'))),
  broken('a length that is empty', ends(linesOf([OK, 'content-length:'], '{}'))),
  broken('two lengths that differ', ends(linesOf([OK, OF_TWO, 'content-length: 3'], '{} '))),
  broken('two lengths in one field', ends(linesOf([OK, 'content-length: 2, 3'], '{} '))),
  broken('a field with a NUL', ends(linesOf([OK, 'x-field: a\0b', OF_TWO], '{}'))),
  broken('a field with a carriage return in it', ends(linesOf([OK, 'x-field: a\rb', OF_TWO], '{}'))),
  broken('a field that goes on in the next line', ends(linesOf([OK, 'x-field: a', ' b', OF_TWO], '{}'))),
  broken('a space before a colon', ends(linesOf([OK, 'content-length : 2'], '{}'))),
  broken('a field without a colon', ends(linesOf([OK, 'nonsense', OF_TWO], '{}'))),
  broken('a field without a name', ends(linesOf([OK, ': value', OF_TWO], '{}'))),
  broken('a field name beyond ASCII', ends(linesOf([OK, 'x-f\xefeld: v', OF_TWO], '{}'))),
  broken('a space before the first field', ends(linesOf([OK, ' x-field: v', OF_TWO], '{}'))),
  broken(
    'a chunk size that is none',
    inChunks((body) => chunk(body, 'xyz')),
  ),
  broken(
    'a negative chunk size',
    inChunks((body) => chunk(body, '-2')),
  ),
  broken(
    'a chunk size over 64 bits',
    inChunks((body) => chunk(body, '1'.repeat(17))),
  ),
  broken(
    'a chunk size with 0x in front',
    inChunks((body) => chunk(body, `0x${body.length.toString(16)}`)),
  ),
  broken(
    'a chunk that is longer than its size',
    inChunks((body) => `${chunk(body, '2')}0\r\n\r\n`),
  ),
  broken(
    'a chunk size that is empty',
    inChunks((body) => `\r\n${body}\r\n0\r\n\r\n`),
  ),
];

const TAKEN = [
  taken(
    'the same length twice',
    'the answer counts',
    ends((body) => linesOf([OK, length(body), length(body)], body)),
  ),
  taken(
    'chunks, and a length that is too short',
    'the chunks count',
    ends((body) => linesOf([OK, OF_TWO, CHUNKED], `${chunk(body)}0\r\n\r\n`)),
  ),
  taken(
    'chunks with extensions',
    'the answer counts',
    inChunks((body) => `${chunk(body, `${body.length.toString(16)};a=b;c="d"`)}0;z\r\n\r\n`),
  ),
  taken(
    'a chunk for each byte',
    'the answer counts',
    inChunks((body) => `${[...body].map((byte) => chunk(byte)).join('')}0\r\n\r\n`),
  ),
  taken(
    'trailers that name another length and status',
    'the answer counts, and they do not',
    inChunks((body) => `${chunk(body)}0\r\n${OF_TWO}\r\nx-status: 500\r\n\r\n`),
  ),
  taken(
    'lines that end without a carriage return',
    'the answer counts',
    ends((body) => `${OK}\n${length(body)}\n\n${body}`),
  ),
  taken(
    'HTTP/1.0',
    'the answer counts',
    ends((body) => `HTTP/1.0 200 OK\r\n\r\n${body}`),
  ),
  taken(
    'no reason phrase',
    'the answer counts',
    ends((body) => linesOf(['HTTP/1.1 200', length(body)], body)),
  ),
  taken(
    'a reason phrase beyond ASCII',
    'the answer counts',
    ends((body) => linesOf(['HTTP/1.1 200 \xc5\xbd', length(body)], body)),
  ),
  taken(
    'cookies, a login and a refresh to elsewhere',
    'none of it is used',
    behind(
      'set-cookie: a=b; domain=.test',
      'refresh: 0; url=https://evil.example.test/',
      'www-authenticate: Basic',
      'link: <https://evil.example.test/>; rel=canonical',
      'alt-svc: h3="evil.example.test:443"',
    ),
  ),
  taken(
    'a 100 before the answer',
    'the answer counts',
    ends((body) => `HTTP/1.1 100 Continue\r\n\r\n${answerOf(body)}`),
  ),
  taken(
    'a 103 with fields before the answer',
    'the answer counts',
    ends((body) => `HTTP/1.1 103 Early Hints\r\nlink: </a.css>\r\n\r\n${answerOf(body)}`),
  ),
  taken(
    'twenty 102s before the answer',
    'the answer counts',
    ends((body) => `${'HTTP/1.1 102 Processing\r\n\r\n'.repeat(20)}${answerOf(body)}`),
  ),
  taken(
    'a 199 with a length before the answer',
    'the answer counts',
    ends((body) => `HTTP/1.1 199 Odd\r\nx: y\r\n\r\n${answerOf(body)}`),
  ),
];

export const ROWS = [
  ...COMPRESSED,
  ...TOO_LARGE,
  ...WITHOUT_END,
  ...SLOW,
  ...BROKEN_OFF,
  ...NO_HTTP,
  ...AMBIGUOUS,
  ...TAKEN,
];
