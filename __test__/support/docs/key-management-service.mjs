import { createPublicKey, sign } from 'node:crypto';
import { json } from 'node:stream/consumers';
import { openLoopbackServer } from '../../../examples/embedded/loopback-server.mjs';

const ALIAS = 'alias/smart-m2m';
const ALGORITHM = 'ECDSA_SHA_384';
/** Of a message that is no digest: AWS KMS API Reference, Sign. */
const MOST_BYTES = 4096;

/**
 * As much of AWS KMS as a signer needs: `GetPublicKey` and `Sign` of one key of P-384, in the protocol of its API.
 *
 * @param {import('node:crypto').KeyObject} privateKey
 */
export async function startKeyManagementService(privateKey) {
  const { server, origin, close } = await openLoopbackServer({ host: '127.0.0.1' });
  const actions = {
    GetPublicKey: () => ({
      KeySpec: 'ECC_NIST_P384',
      PublicKey: createPublicKey(privateKey).export({ format: 'der', type: 'spki' }).toString('base64'),
    }),
    Sign({ Message, MessageType, SigningAlgorithm }) {
      const message = Buffer.from(Message, 'base64');
      if (MessageType !== 'RAW' || message.length > MOST_BYTES) return null;
      if (SigningAlgorithm !== ALGORITHM) return null;
      return { SigningAlgorithm, Signature: sign('sha384', message, privateKey).toString('base64') };
    },
  };
  server.on('request', async (request, response) => {
    const [, action] = /^TrentService\.(\w+)$/.exec(request.headers['x-amz-target'] ?? '') ?? [];
    const parameters = await json(request);
    const isAsked = parameters.KeyId === ALIAS && Object.hasOwn(actions, action ?? '');
    const answer = isAsked ? actions[action](parameters) : null;
    response.writeHead(answer === null ? 400 : 200, { 'content-type': 'application/x-amz-json-1.1' });
    response.end(JSON.stringify(answer ?? { __type: 'ValidationException' }));
  });
  return {
    /** Of a process that is to find it as AWS's own libraries find theirs. */
    environment: {
      AWS_ENDPOINT_URL_KMS: origin,
      AWS_REGION: 'eu-central-1',
      AWS_ACCESS_KEY_ID: 'an-access-key-id',
      AWS_SECRET_ACCESS_KEY: 'a-secret-access-key',
    },
    close,
  };
}
