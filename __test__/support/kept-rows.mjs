// What does leave something behind, so that the measure is seen to find it.

/** @type {import('../reliability/leaks.rows.mjs').Row[]} */
export const KEPT = [
  {
    name: 'interceptors that are kept',
    outcome: 'memory grows',
    times: 20_000,
    prepare({ smartM2m, options }) {
      const kept = [];
      return () => kept.push(smartM2m.ClientAuthInterceptorFactory.create(options));
    },
  },
  {
    name: 'keystores that are kept',
    outcome: 'memory grows',
    times: 1000,
    prepare({ smartM2m }) {
      const { Keystores } = smartM2m;
      const jwks = JSON.stringify(Keystores.generate({ algorithm: 'EdDSA' }));
      return (number) => Keystores.register(`kept-${number}`, { jwks });
    },
  },
];
