export const TITLE = 'A TLS connection that ends within its records, handshake included';
export const KIND = 'fault';

const WAYS = { 'closed (FIN)': 'end', 'reset (RST)': 'resetAndDestroy' };

export const ROWS = ['TLSv1.2', 'TLSv1.3'].flatMap((version) =>
  Object.entries(WAYS).map(([way, end]) => ({
    name: `${version}, ${way} after each ninth byte`,
    outcome: 'ERR_NETWORK, soon, or the whole answer',
    version,
    end,
  })),
);
