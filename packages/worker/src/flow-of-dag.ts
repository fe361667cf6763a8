/**
 * What of a DAG's flow an attempt's worker must know: which tasks are repeated (by mapping or in a loop), and over whose results others
 * are mapped. Worked out once for a version; plain tasks cost nothing.
 */
import type { DagSpec, ExpandSpec, TaskSpec } from '@headrace/core';

/** What repeats a task: its own mapping, or the mapped group or loop around it. Tasks with the same `id` share map indexes. */
export type Repeater =
  | { readonly kind: 'mapped'; readonly id: string; readonly expand: ExpandSpec }
  | { readonly kind: 'loop'; readonly id: string; readonly gate: string };

export interface FlowOfDag {
  readonly repeaters: ReadonlyMap<string, Repeater>;
  /** Tasks over whose own result something is mapped. */
  readonly mappedOver: ReadonlySet<string>;
  /** Of the tasks that decide: what is directly downstream of them. */
  readonly downstream: ReadonlyMap<string, readonly string[]>;
}

export function flowOfDag({ tasks, groups = [] }: Pick<DagSpec, 'tasks' | 'groups'>): FlowOfDag {
  const byId = new Map(groups.map((group) => [group.groupId, group]));
  const repeaters = new Map<string, Repeater>();
  for (const task of tasks) {
    const repeater = repeaterOf(task, byId);
    if (repeater !== undefined) repeaters.set(task.taskId, repeater);
  }
  const expanded = [...tasks, ...groups].flatMap(({ expand }) => (expand === undefined ? [] : expand.over));
  const sources = expanded.flatMap(({ source }) => (source.kind === 'result' ? [source.taskId] : []));
  const deciders = tasks.filter((task) => task.decides !== undefined);
  return {
    repeaters,
    // The instances of a mapped task are counted, not what each of them returns.
    mappedOver: new Set(sources.filter((taskId) => repeaters.get(taskId)?.kind !== 'mapped')),
    downstream: new Map(
      deciders.map(({ taskId }) => [taskId, tasks.filter((task) => task.upstream.includes(taskId)).map((task) => task.taskId)]),
    ),
  };
}

function repeaterOf(task: TaskSpec, groups: ReadonlyMap<string, NonNullable<DagSpec['groups']>[number]>): Repeater | undefined {
  if (task.expand !== undefined) return { kind: 'mapped', id: task.taskId, expand: task.expand };
  for (let id = task.group; id !== undefined; id = groups.get(id)?.parent) {
    const { expand, loop } = groups.get(id) ?? {};
    if (expand !== undefined) return { kind: 'mapped', id, expand };
    if (loop !== undefined) return { kind: 'loop', id, gate: loop.gate };
  }
  return undefined;
}
