import { FLAT } from './leaks.rows.mjs';

// Calls, as many as a busy process makes in an hour, after which there is no more of anything than before.

export const TITLE = 'Calls made 100,000 times';
export const KIND = 'fault';

/** @type {import('./leaks.rows.mjs').Row[]} */
export const ROWS = [
  {
    name: '100,000 promises that wait for a token and get it, 100 at a time',
    outcome: FLAT,
    times: 100_000,
    atOnce: 100,
    async prepare({ smartM2m, options }) {
      const interceptor = smartM2m.ClientAuthInterceptorFactory.create(options);
      return async () => {
        interceptor.invalidate();
        await Promise.all(Array.from({ length: 100 }, () => interceptor.getAuthorizationHeader()));
      };
    },
  },
  {
    name: '100,000 promises that fail, 100 at a time',
    outcome: FLAT,
    times: 100_000,
    atOnce: 100,
    async prepare({ smartM2m, options }) {
      const interceptor = smartM2m.ClientAuthInterceptorFactory.create(options);
      interceptor.registerInterceptor({
        CLIENT_AUTH_PRE_TOKEN_REQUEST: () => Promise.reject(new Error('no')),
      });
      return async () => {
        const calls = Array.from({ length: 100 }, () => interceptor.getAuthorizationHeader());
        await Promise.allSettled(calls);
      };
    },
  },
  {
    name: '100,000 promises that are aborted, 100 at a time, while the server is silent',
    outcome: FLAT,
    times: 100_000,
    atOnce: 100,
    async prepare({ smartM2m, options, silentEndpoint, answerAll }) {
      const { ClientAuthInterceptorFactory } = smartM2m;
      const interceptor = ClientAuthInterceptorFactory.create({ ...options, tokenEndpoint: silentEndpoint });
      return async (number) => {
        const controllers = Array.from({ length: 100 }, () => new AbortController());
        const calls = controllers.map(({ signal }) => interceptor.getAuthorizationHeader({ signal }));
        for (const controller of controllers) controller.abort();
        await Promise.allSettled(calls);
        if (number % 100 === 99) {
          await answerAll();
          interceptor.invalidate();
        }
      };
    },
  },
  {
    name: '20,000 promises that are aborted one after the other, all while one request waits for its answer',
    outcome: FLAT,
    times: 20_000,
    prepare({ smartM2m, options, silentEndpoint }) {
      const { ClientAuthInterceptorFactory } = smartM2m;
      const interceptor = ClientAuthInterceptorFactory.create({ ...options, tokenEndpoint: silentEndpoint });
      return async () => {
        const controller = new AbortController();
        const call = interceptor.getAuthorizationHeader({ signal: controller.signal });
        controller.abort();
        await call.catch(() => {});
      };
    },
  },
  {
    name: '100,000 calls with one signal that stays',
    outcome: FLAT,
    times: 100_000,
    atOnce: 100,
    async prepare({ smartM2m, options }) {
      const interceptor = smartM2m.ClientAuthInterceptorFactory.create(options);
      const { signal } = new AbortController();
      return async () => {
        interceptor.invalidate();
        const calls = Array.from({ length: 100 }, () => interceptor.getAuthorizationHeader({ signal }));
        await Promise.all(calls);
      };
    },
  },
  {
    name: '100,000 tokens of a hook',
    outcome: FLAT,
    times: 100_000,
    atOnce: 10,
    prepare({ smartM2m, options }) {
      const { ClientAuthInterceptorFactory } = smartM2m;
      let asked = 0;
      const interceptors = Array.from({ length: 10 }, () =>
        ClientAuthInterceptorFactory.create(options).registerInterceptor({
          CLIENT_AUTH_PRE_TOKEN_REQUEST: () => `token-${asked++}`,
        }),
      );
      return () => renewAll(interceptors);
    },
  },
  {
    name: '10,000 signatures of an external signer, 10 at a time',
    outcome: FLAT,
    times: 10_000,
    atOnce: 10,
    async prepare({ smartM2m, options }) {
      const { ClientAuthInterceptorFactory, Keystores } = smartM2m;
      const { createPrivateKey, sign } = await import('node:crypto');
      const jwks = Keystores.generate({ algorithm: 'EdDSA' });
      const key = createPrivateKey({ key: jwks.keys[0], format: 'jwk' });
      Keystores.register('signing', {
        sign: (input) => sign(null, input, key),
        publicJwk: publicKey(jwks),
      });
      const { clientSecret: _, ...others } = options;
      const interceptors = Array.from({ length: 10 }, (_, index) =>
        ClientAuthInterceptorFactory.create({ ...others, clientId: `signed-${index}`, keystore: 'signing' }),
      );
      return () => renewAll(interceptors);
    },
  },
  {
    name: '100,000 headers for 50 FHIR servers by turns, each invalidated now and then',
    outcome: FLAT,
    times: 100_000,
    atOnce: 50,
    prepare({ smartM2m, options }) {
      const interceptor = smartM2m.ClientAuthInterceptorFactory.create(options);
      const servers = Array.from({ length: 50 }, (_, index) => `${options.fhirBaseUrl}/${index}`);
      return async (number) => {
        const fhirBaseUrl = servers[number % servers.length];
        await interceptor.getAuthorizationHeader({ fhirBaseUrl });
        interceptor.invalidate(undefined, { fhirBaseUrl });
        await Promise.all(
          servers.map((server) => interceptor.getAuthorizationHeader({ fhirBaseUrl: server })),
        );
      };
    },
  },
];

/** @param {{ keys: object[] }} jwks */
/** @param {import('@org/smart-m2m').ClientAuthInterceptor[]} interceptors */
function renewAll(interceptors) {
  return Promise.all(
    interceptors.map((interceptor) => {
      interceptor.invalidate();
      return interceptor.getAuthorizationHeader();
    }),
  );
}

function publicKey({ keys: [key] }) {
  const { d: _, ...others } = /** @type {Record<string, string>} */ (key);
  return others;
}
