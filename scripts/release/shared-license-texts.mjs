const RULE = '-'.repeat(80);
/** With this the MIT License begins, after its name and the copyright notices. */
const PERMISSION = 'Permission is hereby granted, free of charge, ';

/**
 * The sections of THIRD-PARTY-LICENSES, with the text of the MIT License once for all crates that have it word for
 * word. Each keeps its copyright notices, as that license asks, below its name: nine in ten of its texts are the same.
 *
 * @param {string} text as cargo-about writes it
 * @returns {string}
 */
export function withSharedTexts(text) {
  const [preface, ...sections] = text.split(`${RULE}\n`);
  /** @type {Map<string, { permission: string, holders: string[] }>} */
  const shared = new Map();
  const others = [];
  for (const section of sections) {
    const parts = partsOf(section);
    if (parts === null) {
      others.push(section);
    } else {
      const words = parts.permission.replace(/\s+/g, ' ').trim();
      const group = shared.get(words) ?? { permission: parts.permission, holders: [] };
      group.holders.push(parts.holder);
      shared.set(words, group);
    }
  }
  const groups = [...shared.values()].map(
    ({ permission, holders }) => `${holders.join('\n')}\n\nMIT License\n\n${permission.trimEnd()}\n\n\n`,
  );
  return [preface, ...others, ...groups].join(`${RULE}\n`);
}

/** null for a section of another license, or with more in its text than notices before the permission. */
function partsOf(section) {
  const [names, ...rest] = section.split('\n\n');
  const crates = names.split('\n');
  if (crates.pop() !== 'MIT License') return null;
  const body = rest.join('\n\n');
  const start = body.indexOf(PERMISSION);
  if (start < 0) return null;
  const notices = body
    .slice(0, start)
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !/^(?:The )?MIT License(?: \(MIT\))?$/i.test(line));
  if (notices.some((line) => /licensed under/i.test(line))) return null;
  return {
    holder: [...crates, ...notices.map((notice) => `    ${notice}`)].join('\n'),
    permission: body.slice(start),
  };
}
