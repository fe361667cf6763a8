/** What lists may be ordered by: the API's names, each for one SQL expression that stands here. Nothing a caller gives is spliced into SQL. */
import { type Page, UnknownOrderError } from '@headrace/ports';

export type OrderColumns = Readonly<Record<string, string>>;

/** `order by …`, always ended by the key so that pages do not overlap. Throws UnknownOrderError. */
export function orderBy(columns: OrderColumns, wanted: readonly string[] | undefined, key: string): string {
  const terms = (wanted ?? []).map((term) => {
    const descending = term.startsWith('-');
    const name = descending ? term.slice(1) : term;
    const expression = Object.hasOwn(columns, name) ? columns[name] : undefined;
    if (expression === undefined) throw new UnknownOrderError(name, Object.keys(columns).sort());
    return `${expression} ${descending ? 'desc nulls last' : 'asc nulls last'}`;
  });
  return `order by ${[...terms, key].join(', ')}`;
}

export function limits({ limit, offset }: Page): readonly [number, number] {
  return [Math.max(0, Math.trunc(limit)), Math.max(0, Math.trunc(offset))];
}
