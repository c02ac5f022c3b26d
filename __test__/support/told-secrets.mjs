const SHORTEST_FRAGMENT = 16;

/**
 * What an error says must hold no piece of the keystore that it is about: no 16 characters of it in a row, as
 * text, hex or base64. Names, curves and labels are shorter than that, or are not secret.
 *
 * @param {import('ava').ExecutionContext} t
 * @param {Error} error
 * @param {Uint8Array} bytes of the keystore
 */
export function assertTellsNoSecret(t, error, bytes) {
  const said = `${error.message}\n${error.stack}\n${JSON.stringify(error)}\n${error.cause ?? ''}`;
  const content = Buffer.from(bytes.subarray(0, 64 * 1024));
  const forms = [content.toString('latin1'), content.toString('hex'), content.toString('base64')];
  const words = said.match(/[A-Za-z0-9+/_=-]{16,}/g) ?? [];
  for (const word of words) {
    for (let at = 0; at + SHORTEST_FRAGMENT <= word.length; at++) {
      const fragment = word.slice(at, at + SHORTEST_FRAGMENT);
      if (forms.some((form) => form.includes(fragment)) && !PUBLIC_WORDS.test(word)) {
        t.fail(`the message shows a piece of the keystore: ${word}`);
        return;
      }
    }
  }
}

/** What a message may repeat of a file: labels of PEM blocks, names of ciphers. */
const PUBLIC_WORDS = /^-----|-CBC$/;
