/** Orders of rows. */

/** Ids are whole numbers in decimal: `9` comes before `10`. */
export function compareIds(a: string, b: string): number {
  if (a.length !== b.length) return a.length - b.length;
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
