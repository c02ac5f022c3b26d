import { escapeHtml } from './escape.mjs';

const SCRIPT =
  /(?<comment>\/\/.*|\/\*[\s\S]*?\*\/)|(?<string>'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"|`(?:[^`\\]|\\.)*`)|(?<keyword>\b(?:as|async|await|break|case|catch|class|const|continue|declare|default|else|export|extends|finally|for|from|function|if|import|in|instanceof|interface|let|new|null|of|private|readonly|return|static|switch|this|throw|try|type|typeof|undefined|unique|while|true|false)\b)/g;
const SHELL = /(?<comment>(?<=^|\s)#.*)|(?<string>'[^']*'|"(?:[^"\\]|\\.)*")/gm;
const JSON_TEXT =
  /(?<keyword>"(?:[^"\\]|\\.)*"(?=\s*:)|\b(?:true|false|null)\b)|(?<string>"(?:[^"\\]|\\.)*")/g;

const GRAMMARS = {
  js: SCRIPT,
  ts: SCRIPT,
  json: JSON_TEXT,
  sh: SHELL,
};

/**
 * Code as HTML, with comments, strings and keywords marked. Enough to read by; it knows no grammar.
 *
 * @param {string} code
 * @param {string} language
 */
export function highlighted(code, language) {
  const grammar = GRAMMARS[language];
  if (grammar === undefined) return escapeHtml(code);
  let html = '';
  let at = 0;
  for (const match of code.matchAll(grammar)) {
    const [kind] = Object.entries(match.groups).find(([, text]) => text !== undefined);
    html += escapeHtml(code.slice(at, match.index));
    html += `<span class="${kind}">${escapeHtml(match[0])}</span>`;
    at = match.index + match[0].length;
  }
  return html + escapeHtml(code.slice(at));
}
