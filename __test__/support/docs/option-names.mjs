/**
 * The options of `ClientAuthOptions` by their paths, as index.d.ts declares them.
 *
 * @param {string} types text of index.d.ts
 * @returns {string[]} such as `retry.attempts`
 */
export function optionNames(types) {
  const masked = types.replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*/g, '').replaceAll(/'[^'\n]*'/g, "''");
  const [, body] = /^export interface ClientAuthOptions \{\n([\s\S]*?)^\}/m.exec(masked);
  return body.split(/^(?= {2}\w)/m).flatMap((member) => {
    const name = /^ {2}(\w+)\??:/.exec(member)?.[1];
    if (name === undefined) return [];
    const group = /^ {2}\w+\??: \{([\s\S]*)\};\s*$/.exec(member)?.[1];
    if (group === undefined) return [name];
    return [...group.matchAll(/(?:^|[{;])\s*(\w+)\??:/g)].map(([, inner]) => `${name}.${inner}`);
  });
}
