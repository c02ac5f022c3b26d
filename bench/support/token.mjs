/**
 * What the endpoint wrote into a token: its number, which tells a new one from a kept one, and its end in
 * milliseconds since the epoch.
 *
 * @param {string} text the token, or a header with it
 * @returns {{ number: number, end: number }}
 */
export function readToken(text) {
  const [, payload] = text.split('.');
  const { number, end } = JSON.parse(Buffer.from(payload, 'base64url').toString());
  return { number, end };
}
