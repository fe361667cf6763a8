/** Writing how an attempt ended: the core says what becomes of the task, the store takes it if the attempt is still ours. */
import { attemptNotices, attemptOutcome, type Instant, type TaskState } from '@headrace/core';
import type { AttemptStore, ClaimedAttempt, Clock, DataReport, FinishedAttempt, Log, Metrics, NewNotice } from '@headrace/ports';
import type { ConnectionSettings } from '@headrace/sdk';
import type { AttemptResult } from '@headrace/task-runtime';
import type { AttemptLineage } from './attempt-lineage.ts';
import type { CachedBundle } from './bundle-cache.ts';
import type { HeldAttempt } from './leases.ts';
import { withNamedPackages } from './name-packages.ts';
import { type Patience, persistently } from './persistently.ts';

const MS_PER_SECOND = 1_000;

export interface OutcomeRecorder extends Patience {
  readonly store: Pick<AttemptStore, 'finish'>;
  readonly workerId: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
  /** Tells of attempts as OpenLineage events. Absent: nobody is told. */
  readonly lineage?: AttemptLineage;
}

/**
 * `bundle` is undefined when the code could not be had: then nobody knows the retry policy. Tries until the lease may have ended, and
 * then rejects with the store's last error: the attempt counts as lost. Resolves with what was recorded; undefined: the attempt had been replaced.
 */
export async function recordOutcome(
  recorder: OutcomeRecorder,
  claimed: ClaimedAttempt,
  held: HeldAttempt,
  bundle: CachedBundle | undefined,
  ended: AttemptResult,
  connections: readonly ConnectionSettings[] = [],
): Promise<TaskState | undefined> {
  const { store, workerId, clock, dice, log, metrics, lineage } = recorder;
  const { stopped } = ended;
  const tookMs = clock.monotonic() - held.heldSince;
  const task = bundle?.tasks.get(claimed.taskId);
  const { data } = ended;
  const result = data === undefined || task === undefined ? ended : { ...ended, data: withNamedPackages(data, claimed.dagId, task) };
  const to: TaskState =
    task === undefined
      ? { status: 'failed', attempt: claimed.attempt }
      : attemptOutcome(task, claimed.attempt, result.report, storeTime(claimed, held, clock), dice(), claimed.triesBefore);
  const notices = [
    ...(task === undefined ? [] : attemptNotices(task, claimed, result.report, to)),
    ...(lineage?.ended(claimed, task, result, connections, storeTime(claimed, held, clock)) ?? []),
  ];
  const finished = finishedAttempt(held, to, result, notices);
  const recorded = await persistently(
    recorder,
    () => store.finish(finished, workerId),
    () => clock.monotonic() < held.deadline,
    (error) => log.warn({ error, ...held.ref }, 'the outcome of an attempt could not be written; it is tried again'),
  );
  if (recorded) {
    const labels = { dag_id: claimed.dagId, state: to.status };
    metrics.count('headrace_attempts_finished_total', labels);
    metrics.observe('headrace_task_duration_seconds', tookMs / MS_PER_SECOND, labels);
    if (to.status === 'up_for_retry') metrics.count('headrace_attempts_retried_total', { dag_id: claimed.dagId });
    if (finished.assetEvents !== undefined)
      metrics.count('headrace_asset_events_total', { dag_id: claimed.dagId }, finished.assetEvents.length);
    if (result.data !== undefined) countData(metrics, claimed.dagId, result.data);
    if (stopped === 'timeout') metrics.count('headrace_attempts_timed_out_total', { dag_id: claimed.dagId });
  } else if (stopped === undefined) {
    metrics.count('headrace_attempts_fenced_total', { operation: 'finish' });
    const { dagId, runId, taskId } = claimed;
    log.warn({ ...held.ref, dagId, runId, taskId }, 'an outcome was dropped because its attempt had been replaced');
  }
  return recorded ? to : undefined;
}

/** Loads that changed nothing brought no rows. */
function countData(metrics: Metrics, dagId: string, { loads, checks }: DataReport): void {
  for (const { kind, rowsOut, rowsQuarantined, bytes = 0, unchanged } of loads) {
    if (unchanged) continue;
    metrics.count('headrace_data_rows_total', { dag_id: dagId, kind }, rowsOut);
    if (bytes > 0) metrics.count('headrace_data_bytes_total', { dag_id: dagId, kind }, bytes);
    if (rowsQuarantined > 0) metrics.count('headrace_data_rows_quarantined_total', { dag_id: dagId }, rowsQuarantined);
  }
  for (const { ok, severity } of checks) if (!ok) metrics.count('headrace_data_checks_failed_total', { dag_id: dagId, severity });
}

/** The store compares due times with its own clock, which this machine's may be far from: what passes here is added to what the store said. */
export function storeTime({ claimedAt }: ClaimedAttempt, { heldSince }: HeldAttempt, clock: Clock): Instant {
  return Math.round(claimedAt + clock.monotonic() - heldSince);
}

function finishedAttempt(
  { ref }: HeldAttempt,
  to: TaskState,
  { report, result, logKey, assetEvents, data, mapLabel, endedWaits }: AttemptResult,
  notices: readonly NewNotice[],
): FinishedAttempt {
  const wait = report.outcome === 'deferred' || report.outcome === 'rescheduled' ? report.wait : undefined;
  return {
    ...ref,
    to,
    ...(report.outcome === 'failed' ? { error: report.error } : {}),
    ...(result === undefined ? {} : { result }),
    ...(logKey === undefined ? {} : { logKey }),
    ...(wait === undefined ? {} : { wait }),
    ...(endedWaits === undefined ? {} : { endedWaits }),
    ...(mapLabel === undefined ? {} : { mapLabel }),
    ...(assetEvents === undefined || to.status !== 'success' ? {} : { assetEvents }),
    ...(data === undefined ? {} : { data }),
    ...(notices.length === 0 ? {} : { notices }),
  };
}
