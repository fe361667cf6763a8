/** What lists may be ordered by: the API's names, each for one SQL expression that stands here. Nothing a caller gives is spliced into SQL. */
import { type Page, UnknownOrderError } from '@headrace/ports';

/** An expression that may be null; or one that never is, so that an index of it in either direction serves. */
export type OrderColumn = string | { readonly neverNull: string };
export type OrderColumns = Readonly<Record<string, OrderColumn>>;

export interface OrderTerm {
  readonly sql: string;
  readonly descending: boolean;
  readonly nullable: boolean;
}

/**
 * The wanted order, always ended by the key, in the direction of the term before it: pages do not overlap, and one index serves both
 * directions. Throws UnknownOrderError.
 */
export function orderTerms(columns: OrderColumns, wanted: readonly string[] | undefined, key: string): readonly OrderTerm[] {
  const terms: OrderTerm[] = [];
  for (const term of wanted ?? []) {
    const descending = term.startsWith('-');
    const name = descending ? term.slice(1) : term;
    const column = Object.hasOwn(columns, name) ? columns[name] : undefined;
    if (column === undefined) throw new UnknownOrderError(name, Object.keys(columns).sort());
    const sql = typeof column === 'string' ? column : column.neverNull;
    // What comes after the key orders nothing.
    if (terms.some((known) => known.sql === sql || known.sql === key)) continue;
    terms.push({ sql, descending, nullable: typeof column === 'string' && column !== key });
  }
  if (terms.at(-1)?.sql === key) return terms;
  return [...terms, { sql: key, descending: terms.at(-1)?.descending ?? false, nullable: false }];
}

/** `order by …`; what has no value comes last in either direction. */
export function orderBy(terms: readonly OrderTerm[]): string {
  return `order by ${terms.map(({ sql, descending, nullable }) => `${sql} ${descending ? 'desc' : 'asc'}${nullable ? ' nulls last' : ''}`).join(', ')}`;
}

export function limits({ limit, offset }: Page): readonly [number, number] {
  return [Math.max(0, Math.trunc(limit)), Math.max(0, Math.trunc(offset))];
}
