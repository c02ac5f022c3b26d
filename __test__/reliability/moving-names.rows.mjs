export const TITLE = 'Names that lead elsewhere';
export const KIND = 'input';

/** Servers of the tests, which have the port in common. */
export const HOME = '127.0.0.2';
export const STRANGER = '127.0.0.3';
export const PLAIN = '127.0.0.4';
const NOBODY = '127.0.0.5';

const GOOD = 'Bearer';
const many = Array.from({ length: 100 }, (_, at) => `127.0.1.${at + 1}`);

/** Addresses of the token endpoint's name, and what a call comes to with each. */
export const ROWS = [
  {
    name: 'a name that leads to a private address, where its own server is',
    outcome: 'a token: TLS says that it is the right one',
    steps: [[[HOME], GOOD]],
  },
  {
    name: "a name that leads to somebody else's server at the next look-up",
    outcome: 'ERR_TLS, and that one hears no request; back again, a token',
    steps: [
      [[HOME], GOOD],
      [[STRANGER], 'ERR_TLS'],
      [[HOME], GOOD],
    ],
  },
  {
    name: 'a name that leads to a server in clear text at the next look-up',
    outcome: 'ERR_TLS, and that one hears a handshake alone; back again, a token',
    steps: [
      [[HOME], GOOD],
      [[PLAIN], 'ERR_TLS'],
      [[HOME], GOOD],
    ],
  },
  {
    name: 'a name that leads to where nobody is',
    outcome: 'ERR_NETWORK; back again, a token',
    steps: [
      [[NOBODY], 'ERR_NETWORK'],
      [[HOME], GOOD],
    ],
  },
  {
    name: 'a name that leads nowhere',
    outcome: 'ERR_NETWORK; back again, a token',
    steps: [
      [[], 'ERR_NETWORK'],
      [[HOME], GOOD],
    ],
  },
  {
    name: 'a name with many addresses, of which the last one counts',
    outcome: 'a token',
    steps: [[[...many, HOME], GOOD]],
  },
  {
    name: "a name with somebody else's address before its own",
    outcome: 'ERR_TLS, and that one hears no request',
    steps: [[[STRANGER, HOME], 'ERR_TLS']],
  },
  {
    name: 'a name with a hundred addresses where nobody is',
    outcome: 'ERR_NETWORK, soon',
    steps: [[many, 'ERR_NETWORK']],
  },
];
