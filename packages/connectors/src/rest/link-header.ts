/** The header `Link` (RFC 8288). */

const PARAMETER = /;\s*([\w!#$%&'*+.^`|~-]+)\s*(?:=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s;,"]+)))?/g;
const LINK = new RegExp(`<([^>]*)>((?:\\s*${PARAMETER.source})*)`, 'g');

/** The target of the first link with this relation; undefined when there is none. */
export function linkOf(header: string, rel: string): string | undefined {
  for (const [, url = '', parameters = ''] of header.matchAll(LINK)) {
    const first = [...parameters.matchAll(PARAMETER)].find(([, name = '']) => name.toLowerCase() === 'rel');
    if ((first?.[2] ?? first?.[3] ?? '').toLowerCase().split(/\s+/).includes(rel.toLowerCase())) return url;
  }
  return undefined;
}
