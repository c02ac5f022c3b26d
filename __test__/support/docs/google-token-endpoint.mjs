import { createPrivateKey, createPublicKey } from 'node:crypto';
import { text } from 'node:stream/consumers';
import * as jose from 'jose';
import { answer } from './named-servers.mjs';

export const GOOGLE_HOST = 'oauth2.googleapis.com';
const TOKEN_ENDPOINT = `https://${GOOGLE_HOST}/token`;
const CLIENT_EMAIL = 'my-service@my-project.iam.gserviceaccount.com';
const GRANT_TYPE = 'urn:ietf:params:oauth:grant-type:jwt-bearer';

/** @param {string} privateKeyPem of the service account, as Google's console hands it out */
export function serviceAccount(privateKeyPem) {
  return JSON.stringify({
    type: 'service_account',
    project_id: 'my-project',
    private_key_id: 'key-2026',
    private_key: privateKeyPem,
    client_email: CLIENT_EMAIL,
    token_uri: TOKEN_ENDPOINT,
  });
}

/**
 * Google's token endpoint for service accounts: an assertion as the grant (RFC 7523 §2.1).
 *
 * @param {Awaited<ReturnType<typeof import('./named-servers.mjs').openNames>>} names
 * @param {string} privateKeyPem
 */
export async function startGoogleTokenEndpoint(names, privateKeyPem) {
  const publicKey = createPublicKey(createPrivateKey(privateKeyPem));
  await names.serve(GOOGLE_HOST, async (request, response) => {
    const form = new URLSearchParams(await text(request));
    try {
      if (form.get('grant_type') !== GRANT_TYPE) throw new Error('another grant');
      await jose.jwtVerify(form.get('assertion'), publicKey, {
        issuer: CLIENT_EMAIL,
        audience: TOKEN_ENDPOINT,
        requiredClaims: ['exp', 'iat', 'scope'],
      });
      answer(response, { access_token: 'a-token-of-google', token_type: 'Bearer', expires_in: 3599 });
    } catch (error) {
      answer(response, { error: 'invalid_grant', error_description: error.message }, 400);
    }
  });
}
