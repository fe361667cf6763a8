/**
 * Barriers: groups of which nothing outside may be decided before it is sure that they are over. Those are loops, of which another
 * iteration may follow, and groups with retries, which may be run anew.
 */
import type { TaskSpec } from './dag.ts';
import type { GroupSpec } from './flow-spec.ts';
import { groupsAround } from './spaces.ts';

export interface Barrier {
  readonly groupId: string;
  readonly tasks: ReadonlySet<number>;
  /** The innermost barrier around it, or −1. Its number is lower. */
  readonly parent: number;
  readonly children: readonly number[];
  /** The index of its space, if it is a loop; else −1. */
  readonly loop: number;
  readonly maxRetries: number;
  readonly retryDelayMs: number;
}

const NONE: readonly number[] = [];

/** The barriers, outer before inner, and per task those around it, innermost first. */
export function findBarriers(
  tasks: readonly TaskSpec[],
  groups: ReadonlyMap<string, GroupSpec>,
  loopSpaceOf: (groupId: string) => number,
): { readonly barriers: readonly Barrier[]; readonly barriersOf: readonly (readonly number[])[] } {
  const specs = [...groups.values()].filter((group) => group.loop !== undefined || (group.retries?.max ?? 0) > 0);
  if (specs.length === 0) return { barriers: [], barriersOf: tasks.map(() => NONE) };
  const depth = new Map(specs.map((group) => [group, groupsAround(group.groupId, groups).length]));
  specs.sort((a, b) => (depth.get(a) ?? 0) - (depth.get(b) ?? 0));
  const number = new Map(specs.map((group, position) => [group, position]));
  const members = specs.map(() => new Set<number>());
  const barriersOf = tasks.map((spec, task) => {
    const around = groupsAround(spec.group, groups).flatMap((group) => number.get(group) ?? []);
    for (const barrier of around) members[barrier]?.add(task);
    return around.length === 0 ? NONE : around;
  });
  const parents = specs.map((group) => {
    const outer = groupsAround(group.parent, groups).find((one) => number.has(one));
    return outer === undefined ? -1 : (number.get(outer) ?? -1);
  });
  const barriers = specs.map((group, position) => ({
    groupId: group.groupId,
    tasks: members[position] ?? new Set<number>(),
    parent: parents[position] ?? -1,
    children: parents.flatMap((parent, child) => (parent === position ? [child] : [])),
    loop: group.loop === undefined ? -1 : loopSpaceOf(group.groupId),
    maxRetries: group.retries?.max ?? 0,
    retryDelayMs: group.retries?.delayMs ?? 0,
  }));
  return { barriers, barriersOf };
}
