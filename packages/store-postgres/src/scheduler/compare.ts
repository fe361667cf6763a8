/** Which of the decided runs may be saved: their rows, and those of all their changes, are locked and as they were thought to be. */
import { type RunStatus, SLOT_STATUSES, type TaskStatus } from '@headrace/core';
import type { RunDecision, TaskInstanceChange } from '@headrace/ports';
import type { Queryable } from '../database.ts';
import type { Contender } from './contenders.ts';
import type { Holding } from './usage.ts';

export interface Settled {
  /** To be saved. */
  readonly runs: readonly RunDecision[];
  readonly stale: readonly string[];
  /** All task instances of the changes to be saved. */
  readonly changed: ReadonlySet<string>;
  /** Changes that make a task ready, of DAGs that are not paused: they contend for slots at once. */
  readonly ready: readonly Contender[];
  /** What changes give back. */
  readonly freed: readonly Holding[];
  /** Task instances that changes take out of `scheduled`. */
  readonly leaving: ReadonlySet<string>;
  /** Attempts that run and are moved away from their worker. */
  readonly revoked: readonly string[];
}

/** Both lock in the order of ids. Parameter: run keys. */
const LOCK_RUNS = `
  select r.id, r.state, r.revision, d.paused, d.max_active_tasks
  from dag_run r join dag d on d.dag_id = r.dag_id
  where r.id = any($1)
  order by r.id
  for no key update of r`;

/** Parameter: task instances. */
const LOCK_TASKS = `
  select id, dag_run_id, dag_id, state, attempt, attempt_id, pool, pool_slots, queue, priority_weight, now() as now
  from task_instance
  where id = any($1)
  order by id
  for no key update`;

interface RunRow {
  readonly id: string;
  readonly state: RunStatus;
  readonly revision: number;
  readonly paused: boolean;
  readonly max_active_tasks: number;
}

interface TaskRow {
  readonly id: string;
  readonly dag_run_id: string;
  readonly dag_id: string;
  readonly state: TaskStatus;
  readonly attempt: number;
  readonly attempt_id: string | null;
  readonly pool: string;
  readonly pool_slots: number;
  readonly queue: string;
  readonly priority_weight: number;
  readonly now: number;
}

const holdsSlot: ReadonlySet<TaskStatus> = new Set(SLOT_STATUSES);

export async function lockAndCompare(client: Queryable, decisions: readonly RunDecision[]): Promise<Settled> {
  const runs = await lock<RunRow>(
    client,
    'lock runs',
    LOCK_RUNS,
    decisions.map((decision) => decision.runKey),
  );
  const tasks = await lock<TaskRow>(
    client,
    'lock tasks',
    LOCK_TASKS,
    decisions.flatMap((decision) => decision.changes.map((change) => change.taskInstanceId)),
  );
  const saved: RunDecision[] = [];
  const stale: string[] = [];
  const consequences = new Consequences();
  for (const decision of decisions) {
    const run = runs.get(decision.runKey);
    if (run === undefined || !isCurrent(decision, run, tasks)) {
      stale.push(decision.runKey);
      continue;
    }
    saved.push(decision);
    for (const change of decision.changes) consequences.note(change, run, tasks.get(change.taskInstanceId));
  }
  return { runs: saved, stale, ...consequences };
}

async function lock<Row extends { id: string }>(
  client: Queryable,
  name: string,
  text: string,
  ids: readonly string[],
): Promise<ReadonlyMap<string, Row>> {
  if (ids.length === 0) return new Map();
  const { rows } = await client.query<Row>({ name, text, values: [ids] });
  return new Map(rows.map((row) => [row.id, row]));
}

function isCurrent(decision: RunDecision, run: RunRow, tasks: ReadonlyMap<string, TaskRow>): boolean {
  if (run.revision !== decision.revision || run.state !== 'running') return false;
  return decision.changes.every(({ taskInstanceId, from, fromAttempt }) => {
    const task = tasks.get(taskInstanceId);
    return task?.dag_run_id === decision.runKey && task.state === from && task.attempt === fromAttempt;
  });
}

class Consequences {
  readonly changed = new Set<string>();
  readonly leaving = new Set<string>();
  readonly ready: Contender[] = [];
  readonly freed: Holding[] = [];
  readonly revoked: string[] = [];

  note({ taskInstanceId, to }: TaskInstanceChange, run: RunRow, task: TaskRow | undefined): void {
    if (task === undefined) return;
    this.changed.add(taskInstanceId);
    if (task.state === 'scheduled') this.leaving.add(taskInstanceId);
    if (to.status === 'scheduled' && !run.paused) this.ready.push(contender(task, run));
    if (holdsSlot.has(task.state) && !holdsSlot.has(to.status)) this.freed.push(holding(task));
    const hasWorker = task.state === 'running' || task.state === 'restarting';
    if (hasWorker && task.attempt_id !== null) this.revoked.push(task.attempt_id);
  }
}

function holding(task: TaskRow): Holding {
  return { pool: task.pool, dagId: task.dag_id, queue: task.queue, poolSlots: task.pool_slots };
}

function contender(task: TaskRow, run: RunRow): Contender {
  return {
    ...holding(task),
    taskInstanceId: task.id,
    runKey: task.dag_run_id,
    priorityWeight: task.priority_weight,
    readyAt: task.now,
    from: task.state,
    attempt: task.attempt,
    maxActiveTasks: run.max_active_tasks,
  };
}
