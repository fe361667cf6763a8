/** Which of the decided runs may be saved: their rows, and those of all their changes, are locked and as they were thought to be. */
import { type Instant, type RunStatus, SLOT_STATUSES, type TaskStatus } from '@headrace/core';
import type { RunDecision, TaskInstanceChange } from '@headrace/ports';
import type { Queryable } from '../database.ts';
import type { StoredLimits } from '../stored-limits.ts';
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

/** Locks runs, then task instances, each in the order of ids. Parameters: run keys, task instances. */
const LOCK = `
  with run as materialized (
    select r.id::text, r.state, r.revision, d.paused, d.max_active_tasks
    from dag_run r join dag d on d.dag_id = r.dag_id
    where r.id = any($1)
    order by r.id
    for no key update of r
  ),
  task as materialized (
    select id::text, dag_run_id::text, dag_id, state, attempt, attempt_id, coalesce(lease_until > now(), false) as leased, pool, pool_slots, queue, priority_class, priority_weight, limits
    from task_instance
    where id = any($2)
    order by task_instance.id
    for no key update
  )
  select coalesce((select json_agg(r) from run r), '[]') as runs, coalesce((select json_agg(t) from task t), '[]') as tasks, now() as now`;

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
  /** Its worker has renewed it, or another has claimed it. */
  readonly leased: boolean;
  readonly pool: string;
  readonly pool_slots: number;
  readonly queue: string;
  readonly priority_class: number;
  readonly priority_weight: number;
  readonly limits: StoredLimits | null;
}

const holdsSlot: ReadonlySet<TaskStatus> = new Set(SLOT_STATUSES);

export async function lockAndCompare(client: Queryable, decisions: readonly RunDecision[]): Promise<Settled> {
  const { runs, tasks, now } = await lock(client, decisions);
  const saved: RunDecision[] = [];
  const stale: string[] = [];
  const consequences = new Consequences(now);
  for (const decision of decisions) {
    const run = runs.get(decision.runKey);
    if (run === undefined || !isCurrent(decision, run, tasks)) {
      stale.push(decision.runKey);
      continue;
    }
    saved.push(decision);
    for (const change of decision.changes) consequences.note(change, run, tasks.get(change.taskInstanceId));
  }
  return { runs: saved, stale, ...consequences.found };
}

interface Locked {
  readonly runs: ReadonlyMap<string, RunRow>;
  readonly tasks: ReadonlyMap<string, TaskRow>;
  readonly now: Instant;
}

async function lock(client: Queryable, decisions: readonly RunDecision[]): Promise<Locked> {
  if (decisions.length === 0) return { runs: new Map(), tasks: new Map(), now: 0 };
  const { rows } = await client.query<{ runs: readonly RunRow[]; tasks: readonly TaskRow[]; now: Instant }>({
    name: 'lock and compare',
    text: LOCK,
    values: [
      decisions.map((decision) => decision.runKey),
      decisions.flatMap((decision) => decision.changes.map((change) => change.taskInstanceId)),
    ],
  });
  const { runs = [], tasks = [], now = 0 } = rows[0] ?? {};
  return { runs: new Map(runs.map((run) => [run.id, run])), tasks: new Map(tasks.map((task) => [task.id, task])), now };
}

function isCurrent(decision: RunDecision, run: RunRow, tasks: ReadonlyMap<string, TaskRow>): boolean {
  if (run.revision !== decision.revision || run.state !== 'running') return false;
  return decision.changes.every(({ taskInstanceId, from, fromAttempt, lost }) => {
    const task = tasks.get(taskInstanceId);
    if (task?.dag_run_id !== decision.runKey || task.state !== from || task.attempt !== fromAttempt) return false;
    return lost !== true || !task.leased;
  });
}

class Consequences {
  readonly found = {
    changed: new Set<string>(),
    leaving: new Set<string>(),
    ready: [] as Contender[],
    freed: [] as Holding[],
    revoked: [] as string[],
  };
  readonly #now: Instant;

  constructor(now: Instant) {
    this.#now = now;
  }

  note({ taskInstanceId, to }: TaskInstanceChange, run: RunRow, task: TaskRow | undefined): void {
    if (task === undefined) return;
    const { changed, leaving, ready, freed, revoked } = this.found;
    changed.add(taskInstanceId);
    if (task.state === 'scheduled') leaving.add(taskInstanceId);
    if (to.status === 'scheduled' && !run.paused) ready.push(contender(task, run, this.#now));
    if (holdsSlot.has(task.state) && !holdsSlot.has(to.status)) freed.push(holding(task));
    if (task.state === 'deferred') freed.push({ ...holding(task), isDeferred: true });
    const hasWorker = task.state === 'running' || task.state === 'restarting';
    if (hasWorker && task.attempt_id !== null) revoked.push(task.attempt_id);
  }
}

function holding(task: TaskRow): Holding {
  const { pool, dag_id: dagId, queue, pool_slots: poolSlots, limits } = task;
  return { pool, dagId, queue, poolSlots, ...(limits === null ? {} : { limits: limits.slots }) };
}

function contender(task: TaskRow, run: RunRow, now: Instant): Contender {
  return {
    ...holding(task),
    taskInstanceId: task.id,
    runKey: task.dag_run_id,
    priorityClass: task.priority_class,
    priorityWeight: task.priority_weight,
    ...(task.limits === null ? {} : { rates: task.limits.rates }),
    readyAt: now,
    from: task.state,
    attempt: task.attempt,
    maxActiveTasks: run.max_active_tasks,
  };
}
