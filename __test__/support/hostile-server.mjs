import { randomUUID } from 'node:crypto';
import { inspect } from 'node:util';
import { ClientAuthInterceptorFactory } from '@org/smart-m2m';
import { answerOf } from './http-answers.mjs';
import { TOKEN_MARK } from './token-mark.mjs';

/** What a hostile server would like to see in a log. */
export const CLIENT_SECRET = 'kX7-hostile/secret+4711';

/** Only a hang takes longer, also on a machine with much to do. */
const PATIENCE_MS = 60_000;
const LONGEST_MESSAGE = 2000;
/** Controls, and formats that hide or turn text. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Co}\p{Cs}\p{Zl}\p{Zp}]/u;

export const GOOD_TOKEN = `${TOKEN_MARK}-good`;

/** A token response of which nothing is wrong. */
export function goodAnswer(accessToken = GOOD_TOKEN, members = {}) {
  return answerOf(
    JSON.stringify({ access_token: accessToken, token_type: 'bearer', expires_in: 300, ...members }),
  );
}

/**
 * A client that asks once, at once again after any refusal, and shares neither token nor connection.
 *
 * @param {object} options
 */
export function createClient({ http, renewal, ...options }) {
  return ClientAuthInterceptorFactory.create({
    clientId: `hostile-${randomUUID()}`,
    clientSecret: CLIENT_SECRET,
    scope: null,
    retry: { attempts: 1 },
    ...options,
    renewal: { failureCooldownSeconds: 0, ...renewal },
    http: {
      proxy: null,
      userAgent: randomUUID(),
      timeoutMs: PATIENCE_MS,
      connectTimeoutMs: PATIENCE_MS,
      ...http,
    },
  });
}

/**
 * The call fails with this code, and tells no secret, in a few printable words.
 *
 * @param {import('ava').ExecutionContext} t
 * @param {Promise<unknown>} call
 * @param {string} code
 * @param {string[]} [secrets] of this test, besides the client secret and tokens
 */
export async function assertRefused(t, call, code, secrets = []) {
  const error = await t.throwsAsync(call);
  t.is(error.code, code, error.message.slice(0, 500));
  assertTellsLittle(t, error, secrets);
  return error;
}

/**
 * @param {import('ava').ExecutionContext} t
 * @param {Error} error
 * @param {string[]} [secrets]
 */
export function assertTellsLittle(t, error, secrets = []) {
  const { message } = error;
  t.true(
    message.length > 20 && message.length < LONGEST_MESSAGE,
    `a message of ${message.length} characters`,
  );
  t.notRegex(message, UNPRINTABLE);
  const said = [message, error.stack, JSON.stringify(error), inspect(error, { depth: 9 })].join('\n');
  const basic = Buffer.from(CLIENT_SECRET).toString('base64').slice(0, 20);
  for (const secret of [CLIENT_SECRET, 'hostile/secret', TOKEN_MARK, basic, ...secrets]) {
    t.false(said.toLowerCase().includes(secret.toLowerCase()), `${secret} is told: ${said.slice(0, 1000)}`);
  }
}

/**
 * The text of a warning is bounded and printable as that of an error is.
 *
 * @param {import('ava').ExecutionContext} t
 * @param {{ message: string }[]} warnings
 */
export function assertWarnsInFewWords(t, warnings) {
  for (const { message } of warnings) {
    t.true(message.length < LONGEST_MESSAGE, `a warning of ${message.length} characters`);
    t.notRegex(message, UNPRINTABLE);
  }
}
