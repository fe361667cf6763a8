/**
 * All that the decisions on a run need to know of its DAG beyond tasks and edges, found once when the DAG is compiled.
 *
 * A DAG without mapping and loops has no spaces, its outer edges are its edges, and the maps are empty: it pays for nothing.
 */
import { type Barrier, findBarriers } from './barriers.ts';
import type { DagSpec } from './dag.ts';
import type { Edges } from './edges.ts';
import { findRelations, type Relations, type TaskMap } from './relations.ts';
import { findSpaces, type Space } from './spaces.ts';

export interface FlowPlan extends Relations {
  readonly spaces: readonly Space[];
  /** Per task its space, or −1. */
  readonly spaceOf: readonly number[];
  /** Edges within a space. */
  readonly innerUpstream: Edges;
  readonly innerDownstream: Edges;
  /** All other edges. */
  readonly outerUpstream: Edges;
  readonly outerDownstream: Edges;
  /** Per task the spaces whose items are its result. */
  readonly feeds: TaskMap;
  readonly barriers: readonly Barrier[];
  /** Per task the barriers around it, innermost first. */
  readonly barriersOf: readonly (readonly number[])[];
  /** Tasks that wait for the run before. */
  readonly pastTasks: ReadonlySet<number>;
  /** Mapped tasks whose instances are all judged alike: nothing within their space is upstream of them. */
  readonly uniform: ReadonlySet<number>;
}

export function planFlow(spec: DagSpec, indexOf: (taskId: string) => number | undefined, upstream: Edges, downstream: Edges): FlowPlan {
  const { tasks } = spec;
  const groups = new Map((spec.groups ?? []).map((group) => [group.groupId, group]));
  const spaces = findSpaces(tasks, groups, indexOf);
  const spaceOf: number[] = tasks.map(() => -1);
  for (const [space, { tasks: members }] of spaces.entries()) for (const task of members) spaceOf[task] = space;
  const relations = findRelations(tasks, upstream, downstream, spaceOf, indexOf);
  const { barriers, barriersOf } = findBarriers(tasks, groups, (groupId) => spaces.findIndex(({ group }) => group === groupId));
  const feeds = new Map<number, number[]>();
  for (const [space, { sources }] of spaces.entries()) {
    for (const source of sources) feeds.set(source, [...(feeds.get(source) ?? []), space]);
  }
  const inner = (task: number, other: number): boolean => spaceOf[task] !== -1 && spaceOf[task] === spaceOf[other];
  const uniform = tasks.flatMap((task, index) => {
    const alone = [upstream[index], relations.deciders.get(index), relations.guards.get(index)].every(
      (others) => others === undefined || !others.some((other) => inner(index, other)),
    );
    const mapped = spaces[spaceOf[index] ?? -1]?.expand !== undefined;
    return mapped && alone && !waits(task) ? [index] : [];
  });
  return {
    ...relations,
    spaces,
    spaceOf,
    innerUpstream: keep(upstream, spaces, inner),
    innerDownstream: keep(downstream, spaces, inner),
    outerUpstream: spaces.length === 0 ? upstream : keep(upstream, spaces, (task, other) => !inner(task, other)),
    outerDownstream: spaces.length === 0 ? downstream : keep(downstream, spaces, (task, other) => !inner(task, other)),
    feeds,
    barriers,
    barriersOf,
    pastTasks: new Set(tasks.flatMap((task, index) => (waits(task) ? [index] : []))),
    uniform: new Set(uniform),
  };
}

function waits(task: DagSpec['tasks'][number]): boolean {
  return task.dependsOnPast === true || task.waitForDownstream === true;
}

const NONE: readonly number[] = [];

function keep(edges: Edges, spaces: readonly Space[], wanted: (task: number, other: number) => boolean): Edges {
  if (spaces.length === 0) return [];
  return edges.map((others, task) => {
    const kept = others.filter((other) => wanted(task, other));
    if (kept.length === others.length) return others;
    return kept.length === 0 ? NONE : kept;
  });
}
