export const TITLE = 'Keystore bytes that change, and broken requests for a key set';
export const KIND = 'input';

const mine = () => {
  throw new RangeError('mine');
};

function filled(buffer, bytes) {
  const view = new Uint8Array(buffer, 0, bytes.length);
  view.set(bytes);
  return view;
}

function tracking(bytes) {
  const view = new Uint8Array(new ArrayBuffer(bytes.length, { maxByteLength: 2 * bytes.length }));
  view.set(bytes);
  return view;
}

function detached(view) {
  structuredClone(view.buffer, { transfer: [view.buffer] });
  return view;
}

class Liar extends Uint8Array {
  get length() {
    return 2 ** 31;
  }
  get byteLength() {
    return 2 ** 31;
  }
}

const REGISTERED = 'the keystore';
const EMPTY = 'ERR_KEYSTORE_CORRUPT: there is nothing in it';
const INVALID = 'ERR_INVALID_CONFIG';

const bytes = [
  ['in a SharedArrayBuffer', REGISTERED, (jwks) => filled(new SharedArrayBuffer(jwks.length), jwks)],
  [
    'in a SharedArrayBuffer that can grow',
    REGISTERED,
    (jwks) => filled(new SharedArrayBuffer(jwks.length, { maxByteLength: 2 * jwks.length }), jwks),
  ],
  ['in a resizable buffer', REGISTERED, tracking],
  [
    'in a resizable buffer that has shrunk',
    'ERR_KEYSTORE_CORRUPT: cut short',
    (jwks) => {
      const view = tracking(jwks);
      view.buffer.resize(10);
      return view;
    },
    /cut short/,
  ],
  [
    'of a fixed length, out of the bounds of a buffer that has shrunk',
    EMPTY,
    (jwks) => {
      const view = filled(new ArrayBuffer(jwks.length, { maxByteLength: 2 * jwks.length }), jwks);
      view.buffer.resize(4);
      return view;
    },
    /nothing in it/,
  ],
  ['in a detached buffer', EMPTY, (jwks) => detached(Uint8Array.from(jwks)), /nothing in it/],
  ['of a subclass that lies about its length', REGISTERED, (jwks) => new Liar(jwks)],
  ['as an ArrayBuffer', INVALID, (jwks) => Uint8Array.from(jwks).buffer, /source\.data/],
  ['as a Uint16Array', INVALID, () => new Uint16Array(4), /source\.data/],
  ['as a DataView', INVALID, () => new DataView(new ArrayBuffer(4)), /source\.data/],
  ['as a Proxy of a Uint8Array', INVALID, (jwks) => new Proxy(Uint8Array.from(jwks), {}), /source\.data/],
].map(([how, outcome, make, says]) => ({
  name: `Keystore bytes ${how}`,
  outcome,
  source: (jwks) => ({ data: make(jwks) }),
  says,
}));

const members = [
  ...['passphrase', 'keyPassphrase'].map((member) => ({
    name: `A ${member} in a detached buffer, of a JWKS, which needs none`,
    outcome: REGISTERED,
    source: (jwks) => ({ data: jwks, [member]: detached(Uint8Array.from(jwks)) }),
  })),
  ...['passphrase', 'keyPassphrase', 'alias', 'keyId'].flatMap((member) => [
    {
      name: `A ${member} whose getter detaches the keystore's bytes`,
      outcome: 'the keystore, or ERR_KEYSTORE_CORRUPT',
      source: (jwks) => withGetter(Uint8Array.from(jwks), member, detached),
      orCode: 'ERR_KEYSTORE_CORRUPT',
    },
    {
      name: `A ${member} whose getter shrinks the keystore's bytes to nothing`,
      outcome: 'the keystore, or ERR_KEYSTORE_CORRUPT',
      source: (jwks) => withGetter(tracking(jwks), member, (view) => view.buffer.resize(0)),
      orCode: 'ERR_KEYSTORE_CORRUPT',
    },
  ]),
];

function withGetter(data, member, change) {
  return Object.defineProperty({ data }, member, {
    enumerable: true,
    get() {
      change(data);
    },
  });
}

const GET = { method: 'GET', headers: {} };
const asking = (condition) => ({ method: 'GET', headers: { 'if-none-match': condition } });

/** What the response was told: the statuses in order. */
const requests = [
  ['without headers', { method: 'GET' }, 200],
  ['with headers that are null', { method: 'GET', headers: null }, 200],
  ['whose headers.get throws', { method: 'GET', headers: { get: mine } }, 500],
  ['that is undefined', undefined, 500],
  ['that is a number', 7, 405],
  ['whose method is a Symbol', { method: Symbol('GET'), headers: {} }, 405],
  ['whose method is "get"', { method: 'get', headers: {} }, 405],
  ['that is a Proxy which throws', new Proxy({}, { get: mine }), 500],
  ['with an If-None-Match that is a number', asking(7), 200],
  ['with an If-None-Match that is a Symbol', asking(Symbol('x')), 500],
  ['with an If-None-Match that throws when it is text', asking({ toString: mine }), 500],
  ['with an If-None-Match of a million commas', asking(','.repeat(1_000_000)), 200],
].map(([what, request, status]) => ({
  name: `A request for the key set ${what}`,
  outcome: `${status}`,
  request,
  status,
}));

const responses = [
  ['whose writeHead throws', { writeHead: mine }],
  ['whose end throws', { end: mine }],
  ['without end', { end: undefined }, TypeError],
].flatMap(([what, members, rejects = RangeError]) => [
  {
    name: `A response ${what}, and no next`,
    outcome: 'rejects with what is thrown; the next request is served',
    request: GET,
    response: members,
    rejects,
  },
  {
    name: `A response ${what}, and next`,
    outcome: 'next has what is thrown; the next request is served',
    request: GET,
    response: members,
    hasNext: true,
    rejects,
  },
]);

const others = [
  {
    name: 'A response whose head was sent by somebody else',
    outcome: 'the response is ended',
    request: GET,
    response: { headersSent: true, writeHead: mine },
    status: 'ended',
  },
  {
    name: 'A next that throws, and a response whose writeHead throws',
    outcome: 'rejects with what next throws; the next request is served',
    request: GET,
    response: { writeHead: mine },
    nextThrows: true,
    rejects: SyntaxError,
  },
];

export const ROWS = [...bytes, ...members, ...requests, ...responses, ...others];
