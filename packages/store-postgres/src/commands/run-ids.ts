/** The runs of a DAG in a range of logical dates, for commands on several of them. */
import type { Range } from '@headrace/ports';
import type { Queryable } from '../database.ts';
import { timestampOrNull } from '../timestamp.ts';

/** Parameters: DAG, then bounds or null: from (inclusive, exclusive), to (inclusive, exclusive). */
const RUN_IDS = `
  select run_id from dag_run
  where dag_id = $1 and logical_date is not null
    and logical_date >= coalesce($2::timestamptz, '-infinity') and ($3::timestamptz is null or logical_date > $3)
    and logical_date <= coalesce($4::timestamptz, 'infinity') and ($5::timestamptz is null or logical_date < $5)
  order by logical_date`;

export async function runIds(db: Queryable, dagId: string, { gte, gt, lte, lt }: Range): Promise<readonly string[]> {
  const { rows } = await db.query<{ run_id: string }>(RUN_IDS, [dagId, ...[gte, gt, lte, lt].map(timestampOrNull)]);
  return rows.map((row) => row.run_id);
}
