/** DAG runs as the API shows them. */
import type { DagRun } from '@headrace/api-contract';
import type { RunRecord } from '@headrace/ports';
import { dateTime, dateTimeOrNull, seconds } from './date-times.ts';
import type { VersionBook, VersionEntry } from './version-book.ts';

export function presentDagRuns(runs: readonly RunRecord[], versions: VersionBook): Promise<DagRun[]> {
  return versions.each(runs, runOf);
}

export async function presentDagRun(run: RunRecord, versions: VersionBook): Promise<DagRun> {
  return runOf(run, await versions.get(run.dagId, run.versionNumber));
}

function runOf(run: RunRecord, version: VersionEntry | undefined): DagRun {
  return {
    dag_run_id: run.runId,
    dag_id: run.dagId,
    dag_display_name: run.dagId,
    logical_date: dateTimeOrNull(run.logicalDate),
    queued_at: dateTimeOrNull(run.queuedAt),
    start_date: dateTimeOrNull(run.startedAt),
    end_date: dateTimeOrNull(run.endedAt),
    duration: seconds(run.startedAt, run.endedAt),
    data_interval_start: dateTimeOrNull(run.intervalStart),
    data_interval_end: dateTimeOrNull(run.intervalEnd),
    run_after: dateTime(run.runAfter),
    last_scheduling_decision: dateTimeOrNull(run.lastDecisionAt),
    run_type: run.runType,
    state: run.status,
    triggered_by: run.triggeredBy,
    triggering_user_name: run.user ?? null,
    conf: { ...run.params },
    note: run.note ?? null,
    dag_versions: version === undefined ? [] : [version.answer],
    bundle_version: run.bundleHash,
    partition_key: run.partitionKey ?? null,
  };
}
