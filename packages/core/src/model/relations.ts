/**
 * Who decides about whom besides the trigger rules: branches and short circuits about what they may skip, setups about what needs
 * them, setups about their teardowns. All by task index, and only tasks that have such a relation are in the maps.
 */
import type { TaskSpec } from './dag.ts';
import type { Edges } from './edges.ts';

export type TaskMap = ReadonlyMap<number, readonly number[]>;

export interface Relations {
  /** Per task the branches and short circuits that may skip it. */
  readonly deciders: TaskMap;
  /** … and the other way round. */
  readonly decided: TaskMap;
  /** Per branch and target: the ids of other targets of the branch from which this one can be reached. */
  readonly joins: ReadonlyMap<number, ReadonlyMap<number, readonly string[]>>;
  /** Per task the setups in whose scope it is: without them it does not run, whatever its trigger rule. */
  readonly guards: TaskMap;
  readonly guarded: TaskMap;
  /** Per teardown its setups. */
  readonly setups: TaskMap;
  readonly teardowns: TaskMap;
}

/** @param spaceOf a decider or setup that is repeated has no say about tasks outside of its space, where it is not one but many. */
export function findRelations(
  tasks: readonly TaskSpec[],
  upstream: Edges,
  downstream: Edges,
  spaceOf: readonly number[],
  indexOf: (taskId: string) => number | undefined,
): Relations {
  const deciders = new Map<number, number[]>();
  const decided = new Map<number, number[]>();
  const joins = new Map<number, ReadonlyMap<number, readonly string[]>>();
  const guards = new Map<number, number[]>();
  const guarded = new Map<number, number[]>();
  const setups = new Map<number, number[]>();
  const teardowns = new Map<number, number[]>();
  const inReach = (from: number, to: number): boolean => spaceOf[from] === -1 || spaceOf[from] === spaceOf[to];

  for (const [task, spec] of tasks.entries()) {
    if (spec.role !== 'teardown') continue;
    for (const taskId of spec.setups ?? []) {
      const setup = indexOf(taskId);
      if (setup === undefined) continue;
      add(setups, task, setup);
      add(teardowns, setup, task);
    }
  }
  for (const [task, spec] of tasks.entries()) {
    const { decides } = spec;
    if (decides !== undefined && spec.expand === undefined) {
      const far = decides.kind === 'short_circuit' && decides.reach === 'all';
      const targets = far ? reach(downstream, downstream[task] ?? []) : new Set(downstream[task]);
      for (const target of targets) {
        if (tasks[target]?.role === 'teardown' || !inReach(task, target)) continue;
        add(deciders, target, task);
        add(decided, task, target);
      }
      if (decides.kind === 'branch') joins.set(task, findJoins(tasks, downstream, downstream[task] ?? []));
    }
    if (spec.role === 'setup') {
      const mine = teardowns.get(task);
      const between = mine === undefined ? undefined : reach(upstream, mine);
      for (const target of reach(downstream, downstream[task] ?? [])) {
        if (tasks[target]?.role === 'teardown' || !inReach(task, target) || between?.has(target) === false) continue;
        add(guards, target, task);
        add(guarded, task, target);
      }
    }
  }
  return { deciders, decided, joins, guards, guarded, setups, teardowns };
}

function findJoins(tasks: readonly TaskSpec[], downstream: Edges, targets: readonly number[]): ReadonlyMap<number, readonly string[]> {
  const joins = new Map<number, string[]>();
  for (const target of targets) {
    const behind = reach(downstream, downstream[target] ?? []);
    for (const other of targets) {
      if (!behind.has(other)) continue;
      const ids = joins.get(other) ?? [];
      ids.push(tasks[target]?.taskId ?? '');
      joins.set(other, ids);
    }
  }
  return joins;
}

/** Those tasks themselves and everything that the edges lead to, at any distance. */
export function reach(edges: Edges, from: Iterable<number>): ReadonlySet<number> {
  const found = new Set(from);
  for (const task of found) for (const next of edges[task] ?? []) found.add(next);
  return found;
}

function add(map: Map<number, number[]>, key: number, value: number): void {
  const values = map.get(key);
  if (values === undefined) map.set(key, [value]);
  else values.push(value);
}
