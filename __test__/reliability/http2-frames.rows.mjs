import { answerOf } from '../support/http-answers.mjs';
import { ACK, END_HEADERS, END_STREAM, FRAMES, fieldBlock, frame, PADDED } from '../support/http2-frames.mjs';
import { flood } from '../support/raw-server.mjs';

export const TITLE = 'HTTP/2 as no server should speak it';
export const KIND = 'input';

const { DATA, HEADERS, RST_STREAM, SETTINGS, PUSH_PROMISE, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION } =
  FRAMES;
const NETWORK = 'ERR_NETWORK';
const TIMEOUT = 'ERR_TIMEOUT';
const RESPONSE = 'ERR_TOKEN_RESPONSE';

const BODY = Buffer.from('{"access_token":"framed","token_type":"bearer","expires_in":300}');
const status = (value) => [':status', value];
const headers = (fields, flags = END_HEADERS, stream = 1) =>
  frame(HEADERS, flags, stream, fieldBlock(fields));
const OK = headers([status('200')]);
const data = (flags = END_STREAM, bytes = BODY, stream = 1) => frame(DATA, flags, stream, bytes);
const settings = (payload = '', flags = 0) => frame(SETTINGS, flags, 0, payload);
const GOOD_SETTINGS = settings();
const windowUpdate = (stream, by) => frame(WINDOW_UPDATE, 0, stream, by);
const reset = (code) => frame(RST_STREAM, 0, 1, code);

/** @param {Uint8Array[]} frames */
const sends =
  (...frames) =>
  (socket) =>
    socket.write(Buffer.concat(frames));
const ends =
  (...frames) =>
  (socket) =>
    socket.end(Buffer.concat(frames));
const floods =
  (start, piece, count = 500) =>
  (socket) => {
    socket.write(Buffer.concat(start));
    flood(socket, Buffer.concat(Array(count).fill(piece)));
  };

const row =
  (code) =>
  (name, answer, more = {}) => ({
    name,
    outcome: code,
    codes: code.split(' or '),
    answer,
    settings: GOOD_SETTINGS,
    ...more,
  });
const broken = row(NETWORK);
/** A good answer behind settings that are none. */
const unsettled = (name, bytes) => broken(name, sends(OK, data()), { settings: bytes });
const endless = row(TIMEOUT);
const endlessOrBroken = row(`${NETWORK} or ${TIMEOUT}`);
const unusable = row(RESPONSE);
const taken = (name, ...frames) => ({
  name,
  outcome: 'the answer counts',
  answer: sends(...frames),
  settings: GOOD_SETTINGS,
});

export const ROWS = [
  unsettled('bytes by chance for settings', Buffer.from('8f3a00ff1e7b5d8f3a00ff1e7b5d', 'hex')),
  unsettled('an answer of HTTP/1.1 for settings', answerOf(BODY)),
  unsettled('settings of five bytes', settings('0000000000')),
  unsettled('settings of a stream', frame(SETTINGS, 0, 1)),
  unsettled('an acknowledgement with settings in it', settings('000400000001', ACK)),
  unsettled('a window of more than 2 GiB', settings('000480000000')),
  unsettled('frames of a byte at most', settings('000500000001')),
  unsettled('settings that allow the client to push', settings('000200000002')),
  row(TIMEOUT)('a window of nothing', sends(), { settings: settings('000400000000'), isUnasked: true }),
  row(TIMEOUT)('no stream at all allowed', sends(), { settings: settings('000300000000'), isUnasked: true }),

  broken('a header without a status', sends(headers([['content-type', 'application/json']]), data())),
  broken('a status of letters', sends(headers([status('abc')]), data())),
  broken('status 99', sends(headers([status('99')]), data())),
  broken('status 2000', sends(headers([status('2000')]), data())),
  broken('two statuses', sends(headers([status('200'), status('401')]), data())),
  broken('a status behind a field', sends(headers([['a', 'b'], status('200')]), data())),
  broken('a field name in capitals', sends(headers([status('200'), ['X-Field', 'v']]), data())),
  broken('a field of a connection', sends(headers([status('200'), ['connection', 'close']]), data())),
  broken('a field with a line break', sends(headers([status('200'), ['a', 'b\r\nc: d']]), data())),
  broken('a field with a NUL', sends(headers([status('200'), ['a', 'b\0']]), data())),
  broken('a field from an index that there is not', sends(frame(HEADERS, END_HEADERS, 1, 'ff8001'), data())),
  broken(
    'a field whose length goes beyond the frame',
    sends(frame(HEADERS, END_HEADERS, 1, '88007f61'), data()),
  ),
  broken(
    'a number of HPACK without end',
    sends(frame(HEADERS, END_HEADERS, 1, 'ffffffffffffffffffff'), data()),
  ),
  broken('Huffman code that is none', sends(frame(HEADERS, END_HEADERS, 1, '880084ffffffff0161'), data())),
  broken(
    'a table of HPACK that grows over its limit',
    sends(frame(HEADERS, END_HEADERS, 1, '3fe1ffff0388'), data()),
  ),
  broken('header fields of more than 16 KiB', sends(tooManyFields())),
  broken('a bomb of HPACK', sends(hpackBomb(), data())),

  broken('data before the header', sends(data())),
  broken('data of no stream', sends(OK, data(END_STREAM, BODY, 0))),
  broken('data of a stream that there is not', sends(OK, data(END_STREAM, BODY, 7))),
  broken('a header of a stream of its own', sends(headers([status('200')], END_HEADERS, 2))),
  broken('a continuation of nothing', sends(frame(CONTINUATION, END_HEADERS, 1, '88'))),
  broken(
    'a frame between a header and its continuation',
    sends(headers([status('200')], 0), frame(PING, 0, 0, '00'.repeat(8))),
  ),
  broken('a promise to push', sends(frame(PUSH_PROMISE, END_HEADERS, 1, '0000000282'))),
  broken('padding that is longer than its frame', sends(OK, frame(DATA, PADDED, 1, 'ff00'))),
  broken('a frame of 16 MiB', sends(OK, Buffer.from('ffffff000000000001', 'hex'), Buffer.alloc(1 << 20))),
  broken('a ping of seven bytes', sends(frame(PING, 0, 0, '00'.repeat(7)))),
  broken('a window that grows by nothing', sends(windowUpdate(0, '00000000'))),
  broken('a window that grows over 2 GiB', sends(windowUpdate(0, '7fffffff'), windowUpdate(0, '7fffffff'))),
  broken(
    'a length that is longer than the body',
    sends(headers([status('200'), ['content-length', '999']]), data()),
  ),
  broken(
    'a length that is shorter than the body',
    sends(headers([status('200'), ['content-length', '2']]), data()),
  ),
  broken('a whole body, and a reset in place of its end', sends(OK, data(0), reset('00000008'))),
  broken('a whole body, and an end of the connection in place of its end', ends(OK, data(0))),
  broken('half of a body, and an end of the connection', ends(OK, data(0, BODY.subarray(0, 9)))),
  broken('a GOAWAY before the answer', ends(frame(GOAWAY, 0, 0, '0000000000000002'))),

  unusable('a header and no body', sends(headers([status('200')], END_HEADERS | END_STREAM))),
  unusable('half of a body, and its end', sends(OK, data(END_STREAM, BODY.subarray(0, 9)))),

  endlessOrBroken('a header, and nothing more', sends(OK)),
  endlessOrBroken('a body without its end', sends(OK, data(0))),
  endless('pings without end', floods([], frame(PING, 0, 0, '00'.repeat(8)))),
  endless('frames of a type that there is not, without end', floods([], frame(0x42, 0, 0, '00'.repeat(32)))),
  endlessOrBroken('settings without end', floods([], settings('000400010000'))),
  endlessOrBroken(
    'continuations without end',
    floods([headers([status('200')], 0)], frame(CONTINUATION, 0, 1, fieldBlock([['a', 'b'.repeat(100)]]))),
  ),
  endlessOrBroken(
    'empty continuations without end',
    floods([headers([status('200')], 0)], frame(CONTINUATION, 0, 1)),
  ),
  endlessOrBroken('empty data without end', floods([OK], data(0, Buffer.alloc(0)))),
  endlessOrBroken('informational answers without end', floods([], headers([status('103')]))),
  endlessOrBroken('windows that grow by a byte, without end', floods([], windowUpdate(0, '00000001'))),

  taken(
    'an answer in frames of a byte each',
    OK,
    ...[...BODY].map((byte) => data(0, Buffer.of(byte))),
    data(END_STREAM, Buffer.alloc(0)),
  ),
  taken('an answer with the method of a request', headers([[':method', 'GET'], status('200')]), data()),
  taken('an answer behind a 103', headers([status('103'), ['link', '</x>']]), OK, data()),
  taken(
    'an answer between frames of types that there are not',
    frame(0x42, 0xff, 0, '00'),
    OK,
    frame(0x43, 0, 1, '00'),
    data(),
  ),
  taken('an answer with trailers', OK, data(0), headers([['x-status', '500']], END_HEADERS | END_STREAM)),
  taken('an answer behind a GOAWAY that lets it pass', frame(GOAWAY, 0, 0, '0000000100000000'), OK, data()),
];

/** 300 literals of 120 bytes, over as many frames as it takes. */
function tooManyFields() {
  const block = fieldBlock([status('200'), ...Array(300).fill(['x'.repeat(60), 'y'.repeat(60)])]);
  const pieces = [];
  for (let at = 0; at < block.length; at += 16_384) pieces.push(block.subarray(at, at + 16_384));
  return Buffer.concat(
    pieces.map((piece, index) =>
      frame(index === 0 ? HEADERS : CONTINUATION, index === pieces.length - 1 ? END_HEADERS : 0, 1, piece),
    ),
  );
}

/** A field of 4,000 bytes that enters the table, and 10,000 references to it. */
function hpackBomb() {
  const value = 'b'.repeat(4000);
  const length = [0x7f, ...[((4000 - 127) & 0x7f) | 0x80, (4000 - 127) >> 7]];
  const entry = Buffer.from([0x88, 0x40, 1, 0x61, ...length, ...Buffer.from(value)]);
  return frame(HEADERS, END_HEADERS, 1, Buffer.concat([entry, Buffer.alloc(10_000, 0xbe)]));
}
