import { ENDS } from '../support/cut-server.mjs';

export const TITLE = 'A connection that ends within an answer, at each of its bytes';
export const KIND = 'fault';

const OUTCOME = 'ERR_NETWORK, soon; the next attempt has the whole answer';

/** Each needs the end of the message to be whole; the head says that no connection is kept. */
const FRAMINGS = {
  'with a length': (body) => head(`content-length: ${body.length}`) + body,
  'in chunks': (body) => {
    const [first, rest] = [body.slice(0, 9), body.slice(9)];
    const chunk = (text) => `${text.length.toString(16)}\r\n${text}\r\n`;
    return `${head('transfer-encoding: chunked')}${chunk(first)}${chunk(rest)}0\r\n\r\n`;
  },
  'that the end of the connection ends': (body) => head() + body,
};

/** `isEnd`: whether that is an end of the connection that can end a body as well (RFC 9112 §6.3, §9.8). */
const WAYS = {
  'closed (FIN)': { end: ENDS.whole, isEnd: true },
  'reset (RST)': { end: ENDS.reset, isEnd: false },
  'closed in TLS (close_notify)': { tls: true, end: ENDS.whole, isEnd: true },
  'closed below TLS (FIN)': { tls: true, end: ENDS.unannounced, isEnd: false },
  'reset below TLS (RST)': { tls: true, end: ENDS.reset, isEnd: false },
};

/** Where the token endpoint is, counted from the FHIR base. */
const BODIES = {
  'a smart-configuration': '{"token_endpoint":"token"}',
  'a token response': '{"access_token":"whole","token_type":"bearer"}',
};

export const ROWS = Object.entries(BODIES).flatMap(([document, body]) =>
  Object.entries(FRAMINGS).flatMap(([framing, frame]) =>
    Object.entries(WAYS).map(([way, { tls = false, end, isEnd }]) => ({
      name: `${document} ${framing}, ${way}`,
      outcome: OUTCOME,
      isDiscovery: document === 'a smart-configuration',
      tls,
      end,
      answer: Buffer.from(frame(body)),
      /** Whether all bytes and this end make an answer. */
      isWholeAtEnd: isEnd || framing !== 'that the end of the connection ends',
    })),
  ),
);

function head(...fields) {
  return ['HTTP/1.1 200 OK', 'connection: close', ...fields, '', ''].join('\r\n');
}
