/** Airflow's patterns in lists. */

/** `%` stands for any text, `_` for any character, the pattern may stand anywhere, and `a | b` is either. */
export function likePattern(pattern: string): RegExp {
  const either = pattern.split('|').flatMap((one) => (one.trim() === '' ? [] : [oneOf(one.trim())]));
  return new RegExp(either.length === 0 ? '\\|' : either.join('|'), 'isu');
}

function oneOf(pattern: string): string {
  return [...pattern].map((char) => (char === '%' ? '.*' : char === '_' ? '.' : char.replace(/[\\^$.*+?()[\]{}|]/, '\\$&'))).join('');
}
