/** A new run, queued. A DAG has one run with an id, and one with a logical date. */
import type { Instant } from '@headrace/core';
import type { MemoryDatabase } from './database.ts';
import type { RunRow } from './rows.ts';

export interface NewRun extends Pick<RunRow, 'dagId' | 'versionId' | 'runId' | 'runType' | 'runAfter' | 'params' | 'triggeredBy'> {
  readonly logicalDate?: Instant;
  readonly intervalStart?: Instant;
  readonly intervalEnd?: Instant;
  readonly partitionKey?: string;
  readonly heldFor?: string;
  readonly backfillId?: string;
  readonly priorityClass?: number;
  readonly idempotency?: RunRow['idempotency'];
  readonly user?: string;
  readonly note?: string;
  readonly traceParent?: string;
}

export type InsertedRun = { readonly runKey: string } | { readonly taken: 'run id' | 'logical date' };

export function insertRun(db: MemoryDatabase, run: NewRun): InsertedRun {
  const { dagId, runId, logicalDate } = run;
  if (db.runsById.count(`${dagId} ${runId}`) > 0) return { taken: 'run id' };
  if (logicalDate !== undefined && db.runsByDate.count(`${dagId} ${logicalDate}`) > 0) return { taken: 'logical date' };
  const runKey = db.nextId('dag_run');
  db.runs.insert(runKey, {
    runKey,
    dagId,
    runId,
    versionId: run.versionId,
    runType: run.runType,
    status: 'queued',
    revision: 0,
    progress: {},
    logicalDate,
    intervalStart: run.intervalStart,
    intervalEnd: run.intervalEnd,
    runAfter: run.runAfter,
    partitionKey: run.partitionKey,
    heldFor: run.heldFor,
    ...(run.priorityClass === undefined ? {} : { priorityClass: run.priorityClass }),
    ...(run.traceParent === undefined ? {} : { traceParent: run.traceParent }),
    ...(run.backfillId === undefined ? {} : { backfillId: run.backfillId }),
    ...(run.idempotency === undefined ? {} : { idempotency: run.idempotency }),
    params: run.params,
    triggeredBy: run.triggeredBy,
    user: run.user,
    note: run.note,
    queuedAt: db.now(),
    startedAt: undefined,
    endedAt: undefined,
    lastDecisionAt: undefined,
  });
  return { runKey };
}
