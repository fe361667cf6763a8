/** Where a browser is sent after it came in: a path of ours, whatever was asked for. */

const ELSEWHERE = 'http://elsewhere.invalid';
/** A path that browsers take as one: no second slash or backslash, which would begin a host, and nothing that they drop while reading. */
const PATH = /^\/(?![/\\])[\x21-\x5b\x5d-\x7e]{0,500}$/;

/** `/` in place of anything that may lead to another site. */
export function returnAddress(asked: unknown): string {
  if (typeof asked !== 'string' || !PATH.test(asked)) return '/';
  const url = URL.parse(asked, ELSEWHERE);
  // Dots may fold into what begins a host: as it is written out it must still be a path.
  if (url === null || url.origin !== ELSEWHERE) return '/';
  const address = url.pathname + url.search + url.hash;
  return PATH.test(address) ? address : '/';
}
