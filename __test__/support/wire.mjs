import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { text as readText } from 'node:stream/consumers';

/**
 * Names and values of a form, decoded, in the order and as often as they were sent.
 *
 * @param {string} body
 */
export function formPairs(body) {
  return [...new URLSearchParams(body)];
}

/**
 * @param {string} body
 * @param {string} name
 */
export function formValue(body, name) {
  return new URLSearchParams(body).get(name);
}

/**
 * Header fields as they were sent, names in lower case, in order.
 *
 * @param {string[]} rawHeaders
 */
export function headerPairs(rawHeaders) {
  return Array.from({ length: rawHeaders.length / 2 }, (_, index) => [
    rawHeaders[2 * index].toLowerCase(),
    rawHeaders[2 * index + 1],
  ]);
}

/**
 * A compact JWS taken apart; not verified.
 *
 * @param {string} assertion
 */
export function decodeAssertion(assertion) {
  const [header, claims, signature] = assertion.split('.').map((part) => Buffer.from(part, 'base64url'));
  return { header: JSON.parse(header.toString()), claims: JSON.parse(claims.toString()), signature };
}

/**
 * Sends a form as any other client could.
 *
 * @param {string} url
 * @param {string} body
 * @param {{ caPem?: string }} [options]
 */
export async function postForm(url, body, { caPem } = {}) {
  const request = url.startsWith('https:') ? httpsRequest : httpRequest;
  const response = await new Promise((resolve, reject) => {
    request(url, {
      method: 'POST',
      ca: caPem,
      agent: false,
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
    })
      .once('response', resolve)
      .once('error', reject)
      .end(body);
  });
  return { status: response.statusCode, body: await readText(response) };
}
