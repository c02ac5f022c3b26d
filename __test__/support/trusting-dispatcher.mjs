/**
 * An undici dispatcher that trusts this CA, of the undici that Node's own fetch is made of: the process's trust
 * store was read before the CA existed.
 *
 * @param {string} caPem
 */
export function trustingDispatcher(caPem) {
  // Node makes its dispatcher, and shows it under this symbol, when fetch is first looked at.
  void globalThis.fetch;
  new Request('http://localhost/');
  const { constructor: Agent } = globalThis[Symbol.for('undici.globalDispatcher.1')];
  return new Agent({ connect: { ca: caPem } });
}
