/** What is known of DAGs beside themselves: how their runs ended, their tags, what is wrong with them, who likes them. */
import type { Instant, RunStatus } from '@headrace/core';
import type { DagWarning, Listed, OfDags, Page, QueryStore } from '@headrace/ports';
import type { Queryable } from '../database.ts';
import { Conditions } from './conditions.ts';
import { type ListQuery, list } from './list.ts';

/** From an index alone. Parameter: DAGs, or null for all. */
const RUN_COUNTS = `
  select d.dag_id, r.state, count(r.state)::integer as runs
  from dag d left join dag_run r on r.dag_id = d.dag_id
  where d.removed_at is null and ($1::text[] is null or d.dag_id = any($1))
  group by d.dag_id, r.state order by d.dag_id`;

export async function countRuns(db: Queryable, { dagIds }: OfDags): ReturnType<QueryStore['runCounts']> {
  const { rows } = await db.query<{ dag_id: string; state: RunStatus | null; runs: number }>(RUN_COUNTS, [dagIds ?? null]);
  return [...Map.groupBy(rows, (row) => row.dag_id)].map(([dagId, ofDag]) => ({
    dagId,
    counts: Object.fromEntries(ofDag.flatMap(({ state, runs }) => (state === null ? [] : [[state, runs]]))),
  }));
}

const TAGS: ListQuery<{ readonly name: string }, string> = {
  columns: 't.name',
  from: `(select tag as name, array_agg(d.dag_id) as dag_ids
    from dag d cross join unnest(d.tags) as tag where d.removed_at is null group by tag) t`,
  order: { name: { neverNull: 't.name' } },
  key: 't.name',
  item: ({ name }) => name,
};

export function listTags(db: Queryable, { dagIds, pattern }: OfDags & { readonly pattern?: string }, page: Page): Promise<Listed<string>> {
  return list(db, TAGS, new Conditions().like('t.name', pattern).add('t.dag_ids && ?::text[]', dagIds), page);
}

interface WarningRow {
  readonly dag_id: string;
  readonly pools: readonly string[];
  readonly at: Instant;
}

const WARNINGS: ListQuery<WarningRow, DagWarning> = {
  columns: 'w.dag_id, w.pools, w.at',
  from: `(select d.dag_id, array_agg(distinct task ->> 'pool') as pools, v.created_at as at
    from dag d join dag_version v on v.id = d.version_id cross join jsonb_array_elements(v.spec -> 'tasks') as task
    where d.removed_at is null and not exists (select from pool p where p.name = task ->> 'pool')
    group by d.dag_id, v.created_at) w`,
  order: {
    dag_id: { neverNull: 'w.dag_id' },
    warning_type: { neverNull: "'non-existent pool'::text" },
    message: { neverNull: 'w.pools' },
    timestamp: { neverNull: 'w.at' },
  },
  key: 'w.dag_id',
  item: ({ dag_id: dagId, pools, at }) => ({
    dagId,
    kind: 'non-existent pool',
    message: `Tasks of the DAG wait for ever: there is no pool ${pools.map((pool) => `"${pool}"`).join(', ')}`,
    at,
  }),
};

export function listWarnings(db: Queryable, { dagIds }: OfDags, page: Page): Promise<Listed<DagWarning>> {
  return list(db, WARNINGS, new Conditions().anyOf('w.dag_id', dagIds), page);
}

export async function listFavorites(db: Queryable, user: string): Promise<readonly string[]> {
  const { rows } = await db.query<{ dag_id: string }>('select dag_id from dag_favorite where username = $1 order by dag_id', [user]);
  return rows.map((row) => row.dag_id);
}
