/** Orders lists that are short enough to be held in memory. */
import { UnknownOrderError } from '@headrace/ports';

/** By the columns, `-` before one for descending order; what has no value comes last. Throws UnknownOrderError. */
export function sortedBy<Row extends object>(
  rows: readonly Row[],
  orderBy: readonly string[],
  known: readonly (keyof Row & string)[],
): Row[] {
  const terms = orderBy.map((term) => {
    const descending = term.startsWith('-');
    const name = descending ? term.slice(1) : term;
    const column = known.find((one) => one === name);
    if (column === undefined) throw new UnknownOrderError(name, known);
    return (a: Row, b: Row): number => {
      const [x, y] = [a[column] ?? null, b[column] ?? null];
      if (x === null || y === null) return Number(x === null) - Number(y === null);
      return (x < y ? -1 : x > y ? 1 : 0) * (descending ? -1 : 1);
    };
  });
  return rows.toSorted((a, b) => terms.reduce((found, term) => found || term(a, b), 0));
}
