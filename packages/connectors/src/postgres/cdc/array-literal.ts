/** `{1,NULL,"a \"b\""}` as the JSON array of texts by which lists travel. */

/** Undefined for what is no array of one dimension that begins at 1. */
export function arrayAsJson(literal: string): string | undefined {
  if (!literal.startsWith('{') || !literal.endsWith('}')) return undefined;
  const elements: (string | null)[] = [];
  const token = /\s*(?:"((?:[^"\\]|\\[\s\S])*)"|([^",{}]+))\s*([,}])/gy;
  if (literal === '{}') return '[]';
  let end = 1;
  while (end < literal.length) {
    token.lastIndex = end;
    const found = token.exec(literal);
    if (found === null) return undefined;
    const [, quoted, bare = '', delimiter] = found;
    elements.push(quoted === undefined ? (bare.toUpperCase() === 'NULL' ? null : unescaped(bare)) : unescaped(quoted));
    end = token.lastIndex;
    if ((delimiter === '}') !== (end === literal.length)) return undefined;
  }
  return JSON.stringify(elements);
}

function unescaped(text: string): string {
  return text.includes('\\') ? text.replaceAll(/\\([\s\S])/g, '$1') : text;
}
