/** What a simulation came to, in the words of a test. */
import type { AttemptError, RunStatus, RunType, TaskStatus } from '@headrace/core';
import { decodeValue } from '@headrace/task-runtime';
import type { MemoryDatabase } from '../memory/database.ts';
import { compareIds } from '../memory/order.ts';
import type { NoticeRow, RunRow, TaskInstanceRow, TryRow } from '../memory/rows.ts';

/** A change of a run or, with `taskId`, of a task instance. */
export interface SimulatedEvent {
  readonly at: Date;
  readonly dagId: string;
  readonly runId: string;
  readonly taskId?: string;
  readonly mapIndex?: number;
  readonly from: RunStatus | TaskStatus | undefined;
  readonly to: RunStatus | TaskStatus;
  /** Attempts begun so far. */
  readonly attempt?: number;
}

export interface SimulatedTry {
  readonly attempt: number;
  readonly status: string;
  readonly startedAt: Date | undefined;
  readonly endedAt: Date | undefined;
  readonly error: AttemptError | undefined;
}

export interface SimulatedTask {
  readonly taskId: string;
  readonly mapIndex: number;
  readonly status: TaskStatus;
  /** Attempts begun so far. */
  readonly attempt: number;
  /** Oldest first, the last one is the newest. Empty for a task that was never begun. */
  readonly tries: readonly SimulatedTry[];
  readonly scheduledAt: Date | undefined;
  readonly startedAt: Date | undefined;
  readonly endedAt: Date | undefined;
  /** Why it is in its state, where that was decided for it. */
  readonly reason: string | undefined;
  readonly error: AttemptError | undefined;
  /** Of its newest attempt, if that succeeded and gave one. */
  readonly result: unknown;
}

export class NotInSimulationError extends Error {
  readonly code = 'HR_NOT_IN_SIMULATION';
  constructor(what: string, known: readonly string[]) {
    const list = known.length === 0 ? 'there is none' : `there are ${known.slice(0, 20).join(', ')}${known.length > 20 ? ', …' : ''}`;
    super(`There is no ${what}: ${list}`);
    this.name = 'NotInSimulationError';
  }
}

export class SimulatedRun {
  readonly dagId: string;
  readonly runId: string;
  readonly runType: RunType;
  readonly status: RunStatus;
  readonly logicalDate: Date | undefined;
  readonly interval: { readonly start: Date; readonly end: Date } | undefined;
  readonly partitionKey: string | undefined;
  readonly params: Readonly<Record<string, unknown>>;
  readonly runAfter: Date;
  readonly startedAt: Date | undefined;
  readonly endedAt: Date | undefined;
  /** In the order of task ids, then of map indexes. */
  readonly tasks: readonly SimulatedTask[];

  constructor(row: RunRow, tasks: readonly SimulatedTask[]) {
    this.dagId = row.dagId;
    this.runId = row.runId;
    this.runType = row.runType;
    this.status = row.status;
    this.logicalDate = date(row.logicalDate);
    this.interval =
      row.intervalStart === undefined || row.intervalEnd === undefined
        ? undefined
        : { start: new Date(row.intervalStart), end: new Date(row.intervalEnd) };
    this.partitionKey = row.partitionKey;
    this.params = row.params;
    this.runAfter = new Date(row.runAfter);
    this.startedAt = date(row.startedAt);
    this.endedAt = date(row.endedAt);
    this.tasks = tasks;
  }

  /** The task instance, or the only one of its task. @throws NotInSimulationError */
  task(taskId: string, mapIndex?: number): SimulatedTask {
    const found = this.instances(taskId).filter((task) => mapIndex === undefined || task.mapIndex === mapIndex);
    const [only] = found;
    if (only !== undefined && found.length === 1) return only;
    const what = mapIndex === undefined ? `one task instance "${taskId}"` : `instance ${mapIndex} of task "${taskId}"`;
    throw new NotInSimulationError(
      `${what} in run "${this.runId}"`,
      this.tasks.map((task) => (task.mapIndex === -1 ? task.taskId : `${task.taskId}[${task.mapIndex}]`)),
    );
  }

  /** All instances of a task, by map index. */
  instances(taskId: string): readonly SimulatedTask[] {
    return this.tasks.filter((task) => task.taskId === taskId);
  }

  /** `{ extract: 'success', load: 'failed' }`; of a mapped task `'load[0]'`. */
  get statuses(): Readonly<Record<string, TaskStatus>> {
    const named = this.tasks.map(({ taskId, mapIndex, status }) => [mapIndex === -1 ? taskId : `${taskId}[${mapIndex}]`, status] as const);
    return Object.fromEntries(named);
  }
}

export class SimulationResult {
  /** In the order in which they were made. */
  readonly runs: readonly SimulatedRun[];
  /** All changes, in the order of their commits. */
  readonly events: readonly SimulatedEvent[];
  readonly assetEvents: readonly { readonly asset: string; readonly partition?: string; readonly at: Date }[];
  readonly notices: readonly NoticeRow[];
  /** The simulated time at the end. */
  readonly endedAt: Date;

  constructor(db: MemoryDatabase, events: readonly SimulatedEvent[]) {
    this.runs = [...db.runs.rows()].map((row) => new SimulatedRun(row, tasksOf(db, row)));
    this.events = events;
    this.assetEvents = [...db.assetTables.events.rows()].map(({ asset, partition, at }) => ({
      asset,
      ...(partition === undefined ? {} : { partition }),
      at: new Date(at),
    }));
    this.notices = [...db.notices.rows()];
    this.endedAt = new Date(db.now());
  }

  runsOf(dagId: string): readonly SimulatedRun[] {
    return this.runs.filter((run) => run.dagId === dagId);
  }

  /**
   * The only run with this run id, or whose logical date is this (a day, or the beginning of an instant as ISO 8601 writes it in UTC).
   * @param dagId when runs of several DAGs fit.
   * @throws NotInSimulationError when there is none or more than one.
   */
  run(which: string, dagId?: string): SimulatedRun {
    const all = dagId === undefined ? this.runs : this.runsOf(dagId);
    const byId = all.filter((run) => run.runId === which);
    const found = byId.length > 0 ? byId : all.filter((run) => run.logicalDate?.toISOString().startsWith(which) === true);
    const [only] = found;
    if (only !== undefined && found.length === 1) return only;
    const what = found.length > 1 ? `single run "${which}" (${found.length} fit)` : `run "${which}"`;
    throw new NotInSimulationError(
      what,
      (found.length > 1 ? found : all).map((run) => `${run.dagId}/${run.runId}`),
    );
  }
}

function tasksOf(db: MemoryDatabase, { runKey }: RunRow): readonly SimulatedTask[] {
  return [...db.tasksOfRun.get(runKey)]
    .sort((a, b) => (a.taskId === b.taskId ? a.mapIndex - b.mapIndex : a.taskId < b.taskId ? -1 : 1))
    .map((row) => simulatedTask(db, row));
}

function simulatedTask(db: MemoryDatabase, row: TaskInstanceRow): SimulatedTask {
  const { taskInstanceId, taskId, mapIndex, state, scheduledAt, startedAt, endedAt, reason, error } = row;
  const earlier = [...db.triesOfTask.get(taskInstanceId)].sort(
    (a, b) => a.attempt - b.attempt || compareIds(a.taskInstanceId, b.taskInstanceId),
  );
  const isArchived = earlier.some((one) => one.attempt === state.attempt);
  const current = state.attempt > 0 && !isArchived ? [tryOf({ ...row, attempt: state.attempt, status: state.status })] : [];
  return {
    taskId,
    mapIndex,
    status: state.status,
    attempt: state.attempt,
    tries: [...earlier.map(tryOf), ...current],
    scheduledAt: date(scheduledAt),
    startedAt: date(startedAt),
    endedAt: date(endedAt),
    reason,
    error,
    result: state.status === 'success' ? resultOf(db, `${taskInstanceId} ${state.attempt}`) : undefined,
  };
}

function resultOf(db: MemoryDatabase, key: string): unknown {
  const result = db.results.get(key)?.result;
  return result?.kind === 'inline' ? decodeValue(result.json) : undefined;
}

function tryOf({
  attempt,
  status,
  startedAt,
  endedAt,
  error,
}: Pick<TryRow, 'attempt' | 'status' | 'startedAt' | 'endedAt' | 'error'>): SimulatedTry {
  return { attempt, status, startedAt: date(startedAt), endedAt: date(endedAt), error };
}

function date(instant: number | undefined): Date | undefined {
  return instant === undefined ? undefined : new Date(instant);
}
