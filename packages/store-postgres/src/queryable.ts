import type pg from 'pg';

/** Whatever runs a statement: a pool, a connection in a transaction, the lane of reads. */
export interface Queryable {
  // biome-ignore lint/suspicious/noExplicitAny: as pg has it, for statements whose rows nobody looks at.
  query<Row extends pg.QueryResultRow = any>(statement: string | pg.QueryConfig, values?: unknown[]): Promise<pg.QueryResult<Row>>;
}
