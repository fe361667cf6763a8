import type { Column, Columns } from '@headrace/sdk';
import { ColumnNotFoundError, SqlError } from '../errors.ts';

/** The declared columns, all of which the query must give and no others; without a declaration, the query's own. */
export function agreedColumns(given: readonly Column[], declared: Columns | undefined, where: string): readonly Column[] {
  const names = given.map(({ name }) => name);
  const doubled = names.find((name, index) => names.indexOf(name) !== index);
  if (doubled !== undefined) throw new SqlError(`${where}: the query gives two columns "${doubled}". Name one of them otherwise with "as"`);
  if (declared === undefined) return given;
  for (const name of Object.keys(declared)) {
    if (!names.includes(name)) throw new ColumnNotFoundError(`${where}: the query`, name, names);
  }
  const extra = names.find((name) => !(name in declared));
  if (extra !== undefined)
    throw new SqlError(
      `${where}: the query gives a column "${extra}" that is not declared in "columns". Declare it or leave it out of the SQL`,
    );
  return Object.entries(declared).map(([name, type]) => ({ name, type }));
}
