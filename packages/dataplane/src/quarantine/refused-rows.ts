/** Rows that are refused, told apart from those that go on. Both are queries over the same rows. */
import type { Column } from '@headrace/sdk';
import { textExpression } from '../column-types.ts';
import { ident, literal } from '../duckdb.ts';
import type { Relation } from '../relation.ts';

/** Where a row was refused. */
export type RefusalPoint = 'source' | 'flight' | 'contract';

/** A reason to refuse a row. */
export interface Refusal {
  readonly column: string;
  readonly reason: string;
  /** A condition on the row, of which unknown is false. */
  readonly condition: string;
}

/** Refused rows: a query that gives `row` (its number from 1, if known), `column`, `reason` and `raw` (JSON). */
export interface RefusedRows {
  readonly point: RefusalPoint;
  readonly select: string;
}

/** Splits rows by whether anything speaks against them. */
export function splitRows(
  relation: Relation,
  refusals: readonly Refusal[],
  point: RefusalPoint,
): { readonly kept: string; readonly refused: RefusedRows } {
  const conditions = refusals.map(({ condition }) => `coalesce((${condition}), false)`);
  const names = refusals.map(({ column }, index) => `case when ${conditions[index]} then ${literal(column)} end`);
  const reasons = refusals.map(({ reason }, index) => `case when ${conditions[index]} then ${literal(reason)} end`);
  const columns = relation.columns.map(({ name }) => ident(name)).join(', ');
  const numbered = `select *, row_number() over () as headrace_row from (${relation.select})`;
  return {
    kept: `select ${columns} from (${relation.select}) where not (${conditions.join(' or ')})`,
    refused: {
      point,
      select: `select headrace_row as "row", concat_ws(', ', ${names.join(', ')}) as "column", concat_ws('; ', ${reasons.join(', ')}) as reason, ${rawRow(relation.columns)} as raw from (${numbered}) where ${conditions.join(' or ')}`,
    },
  };
}

/** All rows, refused for one reason. */
export function refuseAll(relation: Relation, reason: string, point: RefusalPoint): RefusedRows {
  const numbered = `select *, row_number() over () as headrace_row from (${relation.select})`;
  return {
    point,
    select: `select headrace_row as "row", null::varchar as "column", ${literal(reason)} as reason, ${rawRow(relation.columns)} as raw from (${numbered})`,
  };
}

/** The rows that a source refused, in the words of the quarantine. Their raw text is no JSON object unless the source made one. */
export function refusedBySource(refused: string): RefusedRows {
  const raw = `case when json_valid(raw) and json_type(raw) = 'OBJECT' then raw::json else to_json(raw) end`;
  // A line that breaks two rules is one row.
  const reasons = `string_agg(distinct "column", ', ') as "column", string_agg(distinct reason, '; ') as reason, any_value(${raw}) as raw`;
  return {
    point: 'source',
    select: `select line as "row", ${reasons} from (${refused}) where line is not null group by line union all select null as "row", "column", reason, ${raw} as raw from (${refused}) where line is null`,
  };
}

/** A JSON object of the values' exact texts. */
function rawRow(columns: readonly Column[]): string {
  return `json_object(${columns.map(({ name, type }) => `${literal(name)}, ${textExpression(ident(name), type)}`).join(', ')})`;
}
