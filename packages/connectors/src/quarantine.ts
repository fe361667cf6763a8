import { assertColumns, type Columns, type Source } from '@headrace/sdk';

export interface QuarantinedOptions<C extends Columns> {
  readonly dag: string;
  /** The task that refused the rows. */
  readonly task: string;
  /** What the rows are to have, and be. A row that has none of a column has null there. */
  readonly columns: C;
}

/**
 * Rows that a task has put aside, under the root of a connection (the `stage` of that task), to be loaded after a fix. It remembers what
 * was read: a load of it appends or merges, and gets each row once.
 */
export function quarantined<const C extends Columns>(connection: string, { dag, task, columns }: QuarantinedOptions<C>): Source<C> {
  assertColumns(columns, `quarantined("${connection}", ${dag}.${task})`);
  return { connector: 'quarantine', connection, kind: 'rows', settings: { dag, task }, columns, remembers: true };
}
