/** Airflow's patterns in lists. */

/** `%` stands for any text, `_` for any character, and the pattern may stand anywhere. */
export function likePattern(pattern: string): RegExp {
  const parts = [...pattern].map((char) => (char === '%' ? '.*' : char === '_' ? '.' : char.replace(/[\\^$.*+?()[\]{}|]/, '\\$&')));
  return new RegExp(parts.join(''), 'isu');
}
