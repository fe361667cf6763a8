/** Loads and checks as the API shows them. */
import type { DataCheck, DataLoad } from '@headrace/api-contract';
import type { CheckRecord, LoadRecord } from '@headrace/ports';
import { dateTime, dateTimeOrNull } from './date-times.ts';

export function presentLoad(load: LoadRecord): DataLoad {
  return {
    ...ofTry(load),
    kind: load.kind,
    disposition: load.disposition ?? null,
    data_interval_start: dateTimeOrNull(load.intervalStart),
    data_interval_end: dateTimeOrNull(load.intervalEnd),
    rows_in: load.rowsIn,
    rows_out: load.rowsOut,
    rows_deduplicated: load.rowsDeduplicated,
    rows_quarantined: load.rowsQuarantined,
    rows_inserted: load.rowsInserted ?? null,
    rows_updated: load.rowsUpdated ?? null,
    rows_deleted: load.rowsDeleted ?? null,
    rows_unchanged: load.rowsUnchanged ?? null,
    bytes: load.bytes ?? null,
    version: load.version ?? null,
    unchanged: load.unchanged,
    schema_hash: load.schemaHash,
    columns: load.columns.map(({ name, type }) => ({ name, type })),
    drift: (load.drift ?? []).map((each) => ({ ...each })),
    cursor: load.cursor === undefined ? null : { ...load.cursor },
    quarantine: load.quarantine ?? null,
    checks: load.checks,
    checks_failed: load.checksFailed,
    committed_at: dateTime(load.committedAt),
  };
}

export function presentCheck(check: CheckRecord): DataCheck {
  return {
    ...ofTry(check),
    name: check.name,
    columns: [...check.columns],
    severity: check.severity,
    stage: check.stage ?? null,
    ok: check.ok,
    count: check.count,
    samples: [...check.samples],
    detail: check.detail === undefined ? null : { ...check.detail },
    checked_at: dateTime(check.at),
  };
}

function ofTry(record: LoadRecord | CheckRecord) {
  return {
    id: Number(record.id),
    dag_id: record.dagId,
    dag_run_id: record.runId,
    task_id: record.taskId,
    map_index: record.mapIndex,
    try_number: record.attempt,
    connection_id: record.connection,
    table: record.place,
    partition: { ...record.partition },
    load_id: record.loadId ?? null,
  };
}
