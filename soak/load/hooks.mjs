import { setTimeout as sleep } from 'node:timers/promises';

const THROWS = 0.3;
const BARE_SECONDS = 3;
/** What a hook says is left of its token is rounded down, as by anybody who knows it only roughly. */
const ROUNDING_MS = 300;

let supplied = 0;

/**
 * A pre-token hook of one kind.
 *
 * @param {'supplies' | 'bare' | 'passes' | 'throws' | 'hangs'} kind
 * @param {object} parts
 * @param {string} parts.owner in the tokens that it supplies
 * @param {import('../token-mint.mjs').TokenMint} parts.mint
 * @param {import('../random.mjs').Random} parts.random
 * @param {WeakSet<object>} parts.thrown what it has thrown
 * @returns {import('@org/smart-m2m').ClientInterceptor}
 */
export function preTokenHook(kind, { owner, mint, random, thrown }) {
  const token = (seconds) => {
    supplied += 1;
    const expiresAt = Date.now() + seconds * 1000 + ROUNDING_MS;
    return mint.issue({ identity: owner, number: supplied, expiresAt });
  };
  const hooks = {
    async supplies() {
      await sleep(random.between(0, 30));
      const expiresIn = random.integer(2, 4);
      return { accessToken: token(expiresIn), expiresIn };
    },
    async bare() {
      await sleep(random.between(0, 30));
      return token(BARE_SECONDS);
    },
    passes: () => (random.chance(0.5) ? null : sleep(random.between(0, 10))),
    throws() {
      if (!random.chance(THROWS)) return null;
      const error = new Error('thrown by a hook of the soak');
      thrown.add(error);
      throw error;
    },
    hangs: () => new Promise(() => {}),
  };
  return { CLIENT_AUTH_PRE_TOKEN_REQUEST: hooks[kind] };
}
