export const TITLE = 'External signers that do what no signer should';
export const KIND = 'input';

const FAILS = 'ERR_SIGNER, and nothing is sent';

function detached() {
  const buffer = new ArrayBuffer(96);
  structuredClone(buffer, { transfer: [buffer] });
  return buffer;
}

function shrunk() {
  const buffer = new ArrayBuffer(96, { maxByteLength: 200 });
  const view = new Uint8Array(buffer, 48, 48);
  buffer.resize(10);
  return view;
}

const returned = [
  ['a detached ArrayBuffer', detached],
  [
    'a Uint8Array of a detached ArrayBuffer',
    () => {
      const view = new Uint8Array(96);
      structuredClone(view.buffer, { transfer: [view.buffer] });
      return view;
    },
  ],
  ['a Uint8Array that has shrunk away with its buffer', shrunk],
  ['a SharedArrayBuffer', () => new SharedArrayBuffer(96)],
  ['a Proxy of a Uint8Array', () => new Proxy(new Uint8Array(96), {})],
  ['a Float64Array', () => new Float64Array(12)],
  ['a DataView', () => new DataView(new ArrayBuffer(96))],
  ['an array of numbers', () => Array.from({ length: 96 }, () => 1)],
  ['an object with the class of a Uint8Array', () => Object.create(Uint8Array.prototype)],
  ['the signing input itself', (input) => input],
  ['one byte too few', (input, algorithm, sign) => sign(input, algorithm).subarray(1)],
  ['one byte too many', (input, algorithm, sign) => Buffer.concat([sign(input, algorithm), Buffer.alloc(1)])],
  ['all zeroes', () => new Uint8Array(96)],
  ['all ones', () => new Uint8Array(96).fill(255)],
  [
    'its signature of the last time',
    (_input, algorithm, sign, memory) => {
      memory.kept ??= sign(Buffer.from('another'), algorithm);
      return memory.kept;
    },
  ],
  ['a Symbol', () => Symbol('signature')],
  ['a BigInt', () => 7n],
  ['a promise of a promise of nothing', () => Promise.resolve(Promise.resolve(null))],
].map(([what, sign]) => ({ name: `It returns ${what}`, outcome: FAILS, sign, code: 'ERR_SIGNER' }));

const thrown = [
  ['undefined', undefined],
  ['null', null],
  ['a Symbol', Symbol('no')],
  ['a text of ten million characters', 'x'.repeat(10_000_000)],
].map(([what, value]) => ({
  name: `It rejects with ${what}`,
  outcome: 'ERR_SIGNER with that as its cause, and nothing is sent',
  sign: () => Promise.reject(value),
  cause: value,
  code: 'ERR_SIGNER',
}));

const others = [
  {
    name: 'It overwrites its input after it has signed it',
    outcome: 'a token: the input was a copy',
    sign(input, algorithm, sign) {
      const signature = sign(input, algorithm);
      input.fill(0);
      return signature;
    },
  },
  {
    name: 'It gives its input away to another thread',
    outcome: 'a token: the input was a copy',
    sign(input, algorithm, sign) {
      const signature = sign(input, algorithm);
      structuredClone(input.buffer, { transfer: [input.buffer] });
      return signature;
    },
  },
  {
    name: 'It overwrites its signature right after it was returned',
    outcome: 'a token: what was returned was read at once',
    sign(input, algorithm, sign) {
      const signature = sign(input, algorithm);
      setTimeout(() => signature.fill(0), 0);
      return signature;
    },
  },
  {
    name: 'Its signature lies in shared memory',
    outcome: 'a token',
    sign(input, algorithm, sign) {
      const signature = sign(input, algorithm);
      const shared = new Uint8Array(new SharedArrayBuffer(signature.length));
      shared.set(signature);
      return shared;
    },
  },
  {
    name: 'Its thenable settles twice',
    outcome: 'a token, with the first one',
    sign: (input, algorithm, sign) => ({
      // biome-ignore lint/suspicious/noThenProperty: a thenable is what this is about.
      then(resolve) {
        resolve(sign(input, algorithm));
        resolve(null);
      },
    }),
  },
  {
    name: 'It never answers',
    outcome: 'ERR_SIGNER when its time is over, and nothing is sent',
    sign: () => new Promise(() => {}),
    timeoutMs: 100,
    code: 'ERR_SIGNER',
  },
  {
    name: 'It waits for a token of the client that it signs for',
    outcome: 'ERR_SIGNER when its time is over, no deadlock',
    sign: (_input, _algorithm, _sign, { interceptor }) => interceptor.getAuthorizationHeader(),
    timeoutMs: 300,
    code: 'ERR_SIGNER',
  },
  {
    name: 'It unregisters its own keystore, and signs',
    outcome: 'a token',
    sign(input, algorithm, sign, { unregister }) {
      unregister();
      return sign(input, algorithm);
    },
  },
  {
    name: 'It registers another signer under its own name, and signs',
    outcome: 'a token',
    sign(input, algorithm, sign, { register }) {
      register(() => sign(input, algorithm));
      return sign(input, algorithm);
    },
  },
  {
    name: 'It closes the client that it signs for',
    outcome: 'ERR_CLOSED',
    sign(input, algorithm, sign, { interceptor }) {
      interceptor.close();
      return sign(input, algorithm);
    },
    code: 'ERR_CLOSED',
    mayBeSent: true,
  },
];

export const ROWS = [...returned, ...thrown, ...others];
