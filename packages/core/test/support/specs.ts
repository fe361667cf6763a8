import {
  compileDag,
  type Dag,
  type DagSpec,
  type RetryPolicy,
  type RunState,
  type RunStatus,
  restoreRun,
  type TaskSpec,
  type TaskState,
  type TriggerRule,
} from '../../src/index.ts';

export const NO_RETRIES: RetryPolicy = { max: 0, delayMs: 1_000, backoff: 'fixed', maxDelayMs: 60_000, jitter: 0, rules: [] };

export function taskSpec(taskId: string, upstream: readonly string[] = [], more: Partial<TaskSpec> = {}): TaskSpec {
  return {
    taskId,
    kind: 'task',
    upstream,
    triggerRule: 'all_success',
    retries: NO_RETRIES,
    executionTimeoutMs: 60_000,
    queue: 'default',
    pool: 'default_pool',
    poolSlots: 1,
    priorityWeight: 1,
    inputs: {},
    connections: [],
    ...more,
  };
}

export function dagSpec(tasks: readonly TaskSpec[], more: Partial<DagSpec> = {}): DagSpec {
  return {
    formatVersion: 1,
    dagId: 'shop',
    tags: [],
    owners: [],
    schedule: { kind: 'manual' },
    catchup: { kind: 'off' },
    maxActiveRuns: 1,
    maxActiveTasks: 16,
    pausedUponCreation: false,
    paramsDefault: {},
    tasks,
    ...more,
  };
}

/** The shape of a DAG without names: per task its upstream tasks by index, and its rule. */
export interface Shape {
  readonly upstream: readonly (readonly number[])[];
  readonly rules: readonly TriggerRule[];
  readonly retries?: readonly number[];
}

function specOf({ upstream, rules, retries = [] }: Shape): DagSpec {
  const name = (task: number): string => `t${String(task).padStart(2, '0')}`;
  return dagSpec(
    upstream.map((sources, task) =>
      taskSpec(name(task), sources.map(name), {
        triggerRule: rules[task] ?? 'all_success',
        retries: { ...NO_RETRIES, max: retries[task] ?? 0 },
      }),
    ),
  );
}

/** Random shapes hold tasks that can never run; they are decided upon all the same, so only that problem is let through. */
export function compileShape(shape: Shape): Dag {
  const spec = specOf(shape);
  // Compiled with rules that nobody objects to, then given its own: the graph is the same.
  const plain = compileDag(specOf({ ...shape, rules: shape.upstream.map(() => 'all_success') }));
  return { ...plain, spec, tasks: spec.tasks };
}

/** A run of which each task has one node, in this state. */
export function stateRun(dag: Dag, status: RunStatus, states: readonly TaskState[]): RunState {
  return restoreRun(dag, { status, nodes: states.map((state, task) => ({ task, mapIndex: -1, state })) });
}

/** A run stored and loaded anew. */
export function reloaded(dag: Dag, run: RunState): RunState {
  const nodes = run.nodes.map((node, index) => ({ ...node, state: at(run.tasks, index) }));
  const { status, progress, pastUnmet } = run;
  return restoreRun(dag, { status, nodes, progress, ...(pastUnmet === undefined ? {} : { pastUnmet: [...pastUnmet] }) });
}

export function at<T>(values: readonly T[], index: number): T {
  const value = values[index];
  if (value === undefined) throw new Error(`Nothing at ${index} of ${values.length}`);
  return value;
}
