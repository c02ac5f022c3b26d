// What is made and let go a hundred thousand times in one process, after which there is no more of anything than before.

export const TITLE = 'Things made and let go 100,000 times';
export const KIND = 'fault';

export const FLAT = 'memory, handles and descriptors stay as they were';

/**
 * What a row is given in the process that measures.
 *
 * @typedef {object} Kit
 * @property {typeof import('@org/smart-m2m')} smartM2m
 * @property {typeof import('@org/smart-m2m/fhir-client')} fhirClient
 * @property {import('@org/smart-m2m').ClientAuthOptions} options of a server that answers every token request at once
 * @property {string} silentEndpoint a token endpoint that answers when it is told to
 * @property {() => Promise<void>} answerAll has it answer what it was asked so far
 * @property {() => Promise<void>} turn of the event loop: garbage is collected between two of them
 *
 * @typedef {object} Row
 * @property {string} name
 * @property {string} outcome
 * @property {number} times
 * @property {number} [atOnce] how many of them one call of what `prepare` returns does
 * @property {(kit: Kit) => Promise<(number: number) => unknown> | ((number: number) => unknown)} prepare
 */

/** @type {Row[]} */
export const ROWS = [
  {
    name: '100,000 interceptors created and closed',
    outcome: FLAT,
    times: 100_000,
    prepare:
      ({ smartM2m, options }) =>
      (number) =>
        smartM2m.ClientAuthInterceptorFactory.create({ ...options, clientId: `client-${number}` }).close(),
  },
  {
    name: '100,000 interceptors created and left to the garbage collector',
    outcome: FLAT,
    times: 100_000,
    atOnce: 1000,
    prepare: ({ smartM2m, options, turn }) =>
      inTurns(1000, turn, (number) => {
        smartM2m.ClientAuthInterceptorFactory.create({ ...options, clientId: `client-${number}` });
      }),
  },
  {
    name: '100,000 interceptors that are refused',
    outcome: FLAT,
    times: 100_000,
    prepare:
      ({ smartM2m, options }) =>
      (number) =>
        refused(() => smartM2m.ClientAuthInterceptorFactory.create({ ...options, scope: [number] })),
  },
  {
    name: '100,000 ClientAuthParams with a secret each, left to the garbage collector',
    outcome: FLAT,
    times: 100_000,
    atOnce: 1000,
    prepare: ({ smartM2m, options, turn }) =>
      inTurns(1000, turn, (number) => {
        smartM2m.ClientAuthParams.from(options)
          .withClientSecret(`secret-${number}`)
          .withAdditionalParameters({ officekey: `key-${number}` });
      }),
  },
  {
    name: '100,000 hooks registered and unregistered',
    outcome: FLAT,
    times: 100_000,
    prepare({ smartM2m, options }) {
      const interceptor = smartM2m.ClientAuthInterceptorFactory.create(options);
      return () => {
        const hooks = { CLIENT_AUTH_PRE_TOKEN_REQUEST: () => null };
        interceptor.registerInterceptor(hooks);
        interceptor.unregisterInterceptor(hooks);
      };
    },
  },
  {
    name: '100,000 keystores registered and unregistered',
    outcome: FLAT,
    times: 100_000,
    prepare({ smartM2m }) {
      const { Keystores } = smartM2m;
      const jwks = JSON.stringify(Keystores.generate({ algorithm: 'EdDSA' }));
      return (number) => {
        Keystores.register(`keystore-${number % 7}`, { jwks });
        Keystores.unregister(`keystore-${number % 7}`);
      };
    },
  },
  {
    name: '100,000 keystores that replace each other',
    outcome: FLAT,
    times: 100_000,
    prepare({ smartM2m }) {
      const { Keystores } = smartM2m;
      const jwks = JSON.stringify(Keystores.generate({ algorithm: 'EdDSA' }));
      return () => Keystores.register('replaced', { jwks });
    },
  },
  {
    name: '100,000 keystores that are refused',
    outcome: FLAT,
    times: 100_000,
    prepare:
      ({ smartM2m }) =>
      (number) =>
        refused(() => smartM2m.Keystores.register('refused', { data: `no key ${number}` })),
  },
  {
    name: '100,000 external signers registered and unregistered',
    outcome: FLAT,
    times: 100_000,
    atOnce: 1000,
    prepare({ smartM2m, turn }) {
      const { Keystores } = smartM2m;
      const publicJwk = publicKey(Keystores.generate({ algorithm: 'EdDSA' }));
      return inTurns(1000, turn, (number) => {
        Keystores.register('signer', { sign: () => new Uint8Array(number % 64), publicJwk });
        Keystores.unregister('signer');
      });
    },
  },
  {
    name: '100,000 FHIR clients with an interceptor each, left to the garbage collector',
    outcome: FLAT,
    times: 100_000,
    atOnce: 1000,
    prepare: ({ smartM2m, fhirClient, options, turn }) =>
      inTurns(1000, turn, (number) => {
        const interceptor = smartM2m.ClientAuthInterceptorFactory.create({
          ...options,
          clientId: `${number}`,
        });
        fhirClient.FhirClientFactory.newClient(options.fhirBaseUrl).registerInterceptor(interceptor);
      }),
  },
];

/**
 * Garbage is collected by itself only while nothing else is done, and finalizers run in turns of their own.
 *
 * @param {number} count
 * @param {() => Promise<void>} turn
 * @param {(number: number) => void} once
 */
function inTurns(count, turn, once) {
  return async (/** @type {number} */ number) => {
    for (let index = 0; index < count; index += 1) once(number * count + index);
    await turn();
  };
}

/** @param {() => unknown} attempt */
function refused(attempt) {
  try {
    attempt();
  } catch {
    return;
  }
  throw new Error('it was not refused');
}

/** @param {{ keys: object[] }} jwks */
function publicKey({ keys: [key] }) {
  const { d: _, ...others } = /** @type {Record<string, string>} */ (key);
  return others;
}
