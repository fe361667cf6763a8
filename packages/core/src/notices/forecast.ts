/**
 * When a run is expected to end: the longest way through the tasks that have not ended, each taken to last as long as it usually does.
 *
 * F1. What is not known costs nothing: a task without history is taken to need no time. So a forecast is early rather than late, and
 *     one that says "too late" means it.
 * F2. While nothing happens in the run, the expected end never comes nearer, moves on by at most the time that passes, and leaps only
 *     at `leapsAt`: until then nobody needs to ask again.
 */
import type { Dag } from '../model/compiled-dag.ts';
import type { Instant, Milliseconds } from '../model/dag.ts';
import { isTerminal, type TaskStatus } from '../model/states.ts';

/** How long a task took in the newest successful runs. Of a mapped task: from the first beginning of an instance to the last end. */
export interface TaskDurations {
  readonly taskId: string;
  /** In how many runs. */
  readonly runs: number;
  readonly meanMs: Milliseconds;
  /** Nine of ten took no longer. */
  readonly p90Ms: Milliseconds;
}

/** How far a task instance is. */
export interface TaskProgress {
  readonly taskId: string;
  readonly mapIndex: number;
  readonly status: TaskStatus;
  /** When it began, in the try or the wait that goes on. */
  readonly startedAt?: Instant;
  /** Before this nothing more happens with it. */
  readonly dueAt?: Instant;
}

export interface Forecast {
  /** Never before `now`. */
  readonly at: Instant;
  /** The tasks that make it so long, in order; ids. */
  readonly criticalPath: readonly string[];
  /** When each task is expected to have ended; by index in the DAG. */
  readonly finishes: readonly Instant[];
  /** When a task has lasted longer than usual, and the forecast changes by itself. Infinity: never. */
  readonly leapsAt: Instant;
}

const BEGUN: ReadonlySet<TaskStatus> = new Set(['running', 'restarting', 'deferred', 'awaiting_input', 'up_for_reschedule']);

/**
 * @param tasks the run's task instances; a task without any has not begun.
 * @param from nothing begins before it: the run may have to wait for its time.
 * @returns undefined when nothing is known of any task that has not ended.
 */
export function forecast(
  dag: Dag,
  tasks: readonly TaskProgress[],
  history: ReadonlyMap<string, TaskDurations>,
  now: Instant,
  from: Instant = now,
): Forecast | undefined {
  const instances = byTask(tasks);
  const finishes = new Array<Instant>(dag.tasks.length).fill(now);
  const before = new Array<number>(dag.tasks.length).fill(-1);
  const isOpen = new Array<boolean>(dag.tasks.length).fill(false);
  let known = false;
  let leapsAt = Infinity;
  for (const task of dag.order) {
    const taskId = dag.tasks[task]?.taskId ?? '';
    const own = instances.get(taskId);
    const open = own?.filter((one) => !isTerminal(one.status)) ?? [];
    if (own !== undefined && open.length === 0) continue;
    isOpen[task] = true;
    const usual = history.get(taskId);
    if (usual !== undefined) known = true;
    const ready = readiness(dag.upstream[task] ?? [], finishes, isOpen, Math.max(now, from));
    before[task] = ready.last;
    const ends = endOf(open, usual, ready.at, now);
    finishes[task] = ends.at;
    leapsAt = Math.min(leapsAt, ends.leapsAt);
  }
  if (!known) return undefined;
  const last = isOpen.reduce((latest, one, task) => (one && (latest < 0 || at(finishes, task) > at(finishes, latest)) ? task : latest), -1);
  const path: string[] = [];
  for (let task = last; task >= 0; task = before[task] ?? -1) path.unshift(dag.tasks[task]?.taskId ?? '');
  return { at: last < 0 ? now : at(finishes, last), criticalPath: path, finishes, leapsAt };
}

function byTask(tasks: readonly TaskProgress[]): ReadonlyMap<string, readonly TaskProgress[]> {
  const groups = new Map<string, TaskProgress[]>();
  for (const one of tasks) {
    const group = groups.get(one.taskId);
    if (group === undefined) groups.set(one.taskId, [one]);
    else group.push(one);
  }
  return groups;
}

/** When all upstream tasks are expected to have ended, and which one is the last. */
function readiness(upstream: readonly number[], finishes: readonly Instant[], isOpen: readonly boolean[], earliest: Instant) {
  let latest = earliest;
  let last = -1;
  for (const source of upstream) {
    if (isOpen[source] !== true || at(finishes, source) < latest) continue;
    latest = at(finishes, source);
    last = source;
  }
  return { at: latest, last };
}

/** A task that has begun lasts as long as it usually does; if it did already, as long as it seldom does; then it ends at any moment. */
function endOf(open: readonly TaskProgress[], usual: TaskDurations | undefined, ready: Instant, now: Instant) {
  const { meanMs, p90Ms } = usual ?? { meanMs: 0, p90Ms: 0 };
  const begun = open.filter((one) => BEGUN.has(one.status) && one.startedAt !== undefined);
  const waiting = open.filter((one) => !begun.includes(one));
  const dues = open.flatMap((one) => (one.dueAt === undefined ? [] : [one.dueAt]));
  let end = now;
  let leapsAt = Infinity;
  if (begun.length > 0) {
    const start = Math.min(...begun.map((one) => one.startedAt ?? now));
    const marks = [start + meanMs, start + Math.max(meanMs, p90Ms)];
    const next = marks.find((mark) => mark > now);
    end = next ?? now;
    leapsAt = next ?? Infinity;
  }
  if (begun.length === 0 || waiting.some((one) => one.dueAt !== undefined)) {
    const start = Math.max(begun.length === 0 ? ready : now, ...waiting.flatMap((one) => (one.dueAt === undefined ? [] : [one.dueAt])));
    end = Math.max(end, start + meanMs);
  }
  return { at: Math.max(end, ...dues), leapsAt };
}

function at(values: readonly Instant[], index: number): Instant {
  return values[index] ?? 0;
}
