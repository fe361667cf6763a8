/** What tasks read and wrote, saved in the transaction of their outcome. Everything passes as JSON: it comes from task processes. */
import { type DataReport, partitionText } from '@headrace/ports';
import type { Queryable } from '../database.ts';
import { storableJson } from '../storable-json.ts';
import { saveLineage } from './save-lineage.ts';

export interface DataOfAttempt {
  readonly taskInstanceId: string;
  readonly attempt: number;
  readonly data: DataReport;
}

/** Who it was, by the row of the task instance. */
const WHOSE = 'join task_instance t on t.id = e.task_instance_id join dag_run r on r.id = t.dag_run_id';
const OF_TRY = 'r.dag_id, r.run_id, t.task_id, t.map_index, e.attempt, t.id';

const SAVE_LOADS = `
  insert into data_load (dag_id, run_id, task_id, map_index, try_number, task_instance_id, kind, connection, place, load_id, disposition,
    partition, partition_key, interval_start, interval_end, rows_in, rows_out, rows_deduplicated, rows_quarantined, rows_inserted,
    rows_updated, rows_deleted, rows_unchanged, bytes, version, unchanged, schema_hash, columns, drift, cursor, quarantine, checks,
    checks_failed)
  select ${OF_TRY}, e.kind, e.connection, e.place, e."loadId", e.disposition, e.partition, e.partition_key, r.interval_start,
    r.interval_end, e."rowsIn", e."rowsOut", e."rowsDeduplicated", e."rowsQuarantined", e."rowsInserted", e."rowsUpdated", e."rowsDeleted",
    e."rowsUnchanged", e.bytes, e.version, e.unchanged, e."schemaHash", e.columns, e.drift, e.cursor, e.quarantine, e.checks, e.failed
  from jsonb_to_recordset($1::jsonb) as e (position integer, task_instance_id bigint, attempt integer, kind text, connection text, place text,
    "loadId" text, disposition text, partition jsonb, partition_key text, "rowsIn" bigint, "rowsOut" bigint, "rowsDeduplicated" bigint,
    "rowsQuarantined" bigint, "rowsInserted" bigint, "rowsUpdated" bigint, "rowsDeleted" bigint, "rowsUnchanged" bigint, bytes bigint,
    version bigint, unchanged boolean, "schemaHash" text, columns jsonb, drift jsonb, cursor jsonb, quarantine text, checks integer,
    failed integer)
  ${WHOSE} order by e.position`;

const SAVE_CHECKS = `
  insert into data_check (dag_id, run_id, task_id, map_index, try_number, task_instance_id, connection, place, partition, partition_key,
    load_id, name, columns, severity, stage, ok, count, samples, detail)
  select ${OF_TRY}, e.connection, e.place, e.partition, e.partition_key, e."loadId", e.name,
    array(select jsonb_array_elements_text(e.columns)), e.severity, e.stage, e.ok, e.count, e.samples, e.detail
  from jsonb_to_recordset($1::jsonb) as e (position integer, task_instance_id bigint, attempt integer, connection text, place text,
    partition jsonb, partition_key text, "loadId" text, name text, columns jsonb, severity text, stage text, ok boolean, count bigint,
    samples jsonb, detail jsonb)
  ${WHOSE} order by e.position`;

export async function saveDataReports(client: Queryable, reports: readonly DataOfAttempt[]): Promise<void> {
  const loads = reports.flatMap(({ taskInstanceId, attempt, data }) =>
    data.loads.map(({ lineage: _lineage, ...load }) => ({
      ...load,
      task_instance_id: taskInstanceId,
      attempt,
      partition_key: partitionText(load.partition),
      checks: data.checks.length,
      failed: data.checks.filter(({ ok }) => !ok).length,
    })),
  );
  const checks = reports.flatMap(({ taskInstanceId, attempt, data }) =>
    data.checks.map((check) => ({ ...check, task_instance_id: taskInstanceId, attempt, partition_key: partitionText(check.partition) })),
  );
  if (loads.length > 0) await client.query({ name: 'save loads', text: SAVE_LOADS, values: [numbered(loads)] });
  await saveLineage(client, reports);
  if (checks.length > 0) await client.query({ name: 'save checks', text: SAVE_CHECKS, values: [numbered(checks)] });
}

/** Ids are given in this order. */
function numbered(rows: readonly object[]): string {
  return storableJson(rows.map((row, position) => ({ ...row, position })));
}
