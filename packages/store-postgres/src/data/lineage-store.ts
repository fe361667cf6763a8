/** The graph of data, edge by edge: by what was written and by what was read, each by its index. */
import type { Instant } from '@headrace/core';
import type { DeclaredTask, LineageFlow, LineageStore } from '@headrace/ports';
import type { Database } from '../database.ts';
import { Conditions } from '../queries/conditions.ts';
import { present } from '../queries/optional.ts';

interface Row {
  readonly dag_id: string;
  readonly task_id: string;
  readonly written: string;
  readonly kind: string;
  readonly reads: readonly string[];
  readonly columns: LineageFlow['columns'];
  readonly made_of: LineageFlow['madeOf'] | null;
  readonly run_id: string;
  readonly seen_at: Instant;
}

const NEWEST = `
  select dag_id as "dagId", version_id as "versionId" from dag
  where removed_at is null and version_id is not null order by dag_id limit $1`;

const DECLARED = `
  select v.id as "versionId", t ->> 'taskId' as "taskId", coalesce(t -> 'inlets', '[]') as inlets, coalesce(t -> 'outlets', '[]') as outlets
  from dag_version v cross join lateral jsonb_array_elements(v.spec -> 'tasks') with ordinality as s (t, place)
  where v.id = any($1::bigint[]) and t ?| array['inlets', 'outlets']
  order by v.id, s.place`;

export function createLineageStore(database: Database): LineageStore {
  return {
    async flows({ written, reads, dagId, like }, limit) {
      const conditions = new Conditions()
        .add('written = any(?)', written)
        .add('reads && ?::text[]', reads)
        .add('dag_id = ?', dagId)
        .add("strpos(written || ' ' || array_to_string(reads, ' '), ?) > 0", like);
      const { sql, values } = conditions;
      const { rows } = await database
        .lane('reads')
        .query<Row>(
          `select dag_id, task_id, written, kind, reads, columns, made_of, run_id, seen_at from lineage_flow${sql}
           order by dag_id, task_id, written limit $${values.length + 1}`,
          [...values, limit],
        );
      return rows.map((row) => ({
        dagId: row.dag_id,
        taskId: row.task_id,
        written: row.written,
        kind: row.kind,
        reads: row.reads,
        columns: row.columns,
        runId: row.run_id,
        seenAt: row.seen_at,
        ...present({ madeOf: row.made_of }),
      }));
    },
    async newestVersions(limit) {
      const { rows } = await database.lane('reads').query<{ dagId: string; versionId: string }>({
        name: 'newest versions of DAGs',
        text: NEWEST,
        values: [limit],
      });
      return rows;
    },
    async declared(versionIds) {
      const { rows } = await database
        .lane('reads')
        .query<DeclaredTask>({ name: 'declared lineage', text: DECLARED, values: [versionIds] });
      return rows;
    },
  };
}
