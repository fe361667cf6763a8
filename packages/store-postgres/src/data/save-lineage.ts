/** What tasks make of which data, kept as the newest of each task and place. Mostly it is what it was, and nothing is written or locked. */
import { createHash } from 'node:crypto';
import { type DataReport, flowsOf } from '@headrace/ports';
import type { Queryable } from '../database.ts';
import { storableJson } from '../storable-json.ts';

/** What is as it was is written down again after so long, with the run that told it. SQL. */
export const FRESH_FOR = "interval '1 hour'";

/** In one order everywhere, so that two transactions do not wait for each other in turn. */
const SAVE = `
  insert into lineage_flow as f (dag_id, task_id, written, kind, reads, inputs, columns, made_of, hash, run_id)
  select distinct on (r.dag_id, t.task_id, e.written) r.dag_id, t.task_id, e.written, e.kind,
    array(select jsonb_array_elements_text(e.reads)), e.inputs, e.columns, e."madeOf", e.hash, r.run_id
  from jsonb_to_recordset($1::jsonb) as e (task_instance_id bigint, written text, kind text, reads jsonb, inputs jsonb, columns jsonb,
    "madeOf" jsonb, hash text)
  join task_instance t on t.id = e.task_instance_id join dag_run r on r.id = t.dag_run_id
  where not exists (
    select from lineage_flow k where k.dag_id = r.dag_id and k.task_id = t.task_id and k.written = e.written and k.hash = e.hash
      and k.seen_at > now() - ${FRESH_FOR})
  order by r.dag_id, t.task_id, e.written
  on conflict (dag_id, task_id, written) do update
  set kind = excluded.kind, reads = excluded.reads, inputs = excluded.inputs, columns = excluded.columns, made_of = excluded.made_of,
    hash = excluded.hash, run_id = excluded.run_id, seen_at = now()`;

export async function saveLineage(client: Queryable, reports: readonly { readonly taskInstanceId: string; readonly data: DataReport }[]): Promise<void> {
  const flows = reports.flatMap(({ taskInstanceId, data }) =>
    data.loads.flatMap(flowsOf).map((flow) => ({
      ...flow,
      task_instance_id: taskInstanceId,
      hash: createHash('sha256').update(JSON.stringify(flow)).digest('hex'),
    })),
  );
  if (flows.length > 0) await client.query({ name: 'save lineage', text: SAVE, values: [storableJson(flows)] });
}
