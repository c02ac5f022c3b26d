export const TITLE = 'Servers that send faster than their answer can be read';
export const KIND = 'input';

const OK = 'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n';
const meanwhile = 'another client has its token meanwhile';

/** `start` once, then `piece` without end. */
export const ROWS = [
  {
    name: 'zeros in place of a chunk size',
    start: `${OK}transfer-encoding: chunked\r\n\r\n`,
    piece: '0',
    codes: ['ERR_TIMEOUT'],
    outcome: `ERR_TIMEOUT, and ${meanwhile}`,
  },
  {
    name: 'informational answers alone',
    start: '',
    piece: 'HTTP/1.1 103 Early Hints\r\nlink: </style.css>\r\n\r\n',
    codes: ['ERR_TIMEOUT', 'ERR_NETWORK'],
    outcome: `ERR_TIMEOUT or ERR_NETWORK, and ${meanwhile}`,
  },
  {
    name: 'header fields',
    start: OK,
    piece: 'x: y\r\n',
    timeoutMs: 10_000,
    codes: ['ERR_NETWORK'],
    outcome: `ERR_NETWORK, and ${meanwhile}`,
  },
  {
    name: 'chunks of one byte',
    start: `${OK}transfer-encoding: chunked\r\n\r\n`,
    piece: '1\r\n \r\n',
    timeoutMs: 10_000,
    codes: ['ERR_TOKEN_RESPONSE'],
    outcome: `ERR_TOKEN_RESPONSE, and ${meanwhile}`,
  },
  {
    name: 'a body of white space',
    start: `${OK}\r\n`,
    piece: ' ',
    timeoutMs: 10_000,
    codes: ['ERR_TOKEN_RESPONSE'],
    outcome: `ERR_TOKEN_RESPONSE, and ${meanwhile}`,
  },
];
