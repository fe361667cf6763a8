/** What a table must hold after loads, worked out row by row and by nothing that Headrace has. */
import type { Disposition } from '@headrace/sdk';
import type { Row } from './hard-rows.ts';

export interface Step {
  readonly rows: readonly Row[];
  /** The instant that the load speaks of, as DuckDB writes it. */
  readonly at: string;
}

const text = (row: Row): string => JSON.stringify(Object.entries(row).sort(([a], [b]) => (a < b ? -1 : 1)));

/** In an order of their own, so that tables can be compared. */
export function canonical(rows: readonly Row[]): readonly string[] {
  return rows.map(text).sort();
}

/** How many rows of a load are there already, all the same. Only where keys are told apart are they dropped. */
export function deduplicated({ rows }: Step, disposition: Disposition): number {
  return typeof disposition === 'string' ? 0 : rows.length - distinct(rows).length;
}

function distinct(rows: readonly Row[]): readonly Row[] {
  return [...new Map(rows.map((row) => [text(row), row])).values()];
}

/** The rows of the table after the steps. With `replace-partition` each step's partition is the `region` of its rows. */
export function tableAfter(steps: readonly Step[], disposition: Disposition): readonly Row[] {
  if (disposition === 'append') return steps.flatMap(({ rows }) => rows);
  if (disposition === 'replace') return steps.at(-1)?.rows ?? [];
  if (disposition === 'replace-partition') return [...new Map(steps.map(({ rows }) => [rows[0]?.region, rows])).values()].flat();
  return 'scd2' in disposition ? versionsAfter(steps) : mergedAfter(steps);
}

function mergedAfter(steps: readonly Step[]): readonly Row[] {
  const table = new Map<string, Row>();
  for (const { rows } of steps) {
    for (const { gone, ...row } of rows) {
      if (gone === 'true') table.delete(row.id ?? '');
      else table.set(row.id ?? '', row);
    }
  }
  return [...table.values()];
}

/** Every version of each key; those that a step does not have are closed. */
function versionsAfter(steps: readonly Step[]): readonly Row[] {
  const closed: Row[] = [];
  let valid = new Map<string, { readonly row: Row; readonly from: string }>();
  for (const { rows, at } of steps) {
    const next = new Map<string, { readonly row: Row; readonly from: string }>();
    for (const row of distinct(rows)) {
      const before = valid.get(row.id ?? '');
      next.set(row.id ?? '', before !== undefined && text(before.row) === text(row) ? before : { row, from: at });
    }
    for (const [id, before] of valid) if (next.get(id) !== before) closed.push({ ...before.row, _valid_from: before.from, _valid_to: at });
    valid = next;
  }
  return [...closed, ...[...valid.values()].map(({ row, from }) => ({ ...row, _valid_from: from, _valid_to: null }))];
}
