/**
 * Spaces: sets of tasks that are repeated together, once per item of a mapping or per iteration of a loop.
 *
 * S1. A task is in at most one space: its own (a mapped task), or that of the mapped group or loop around it.
 * S2. An edge within a space joins instances of the same map index; every other edge joins all instances with all.
 */

import type { TaskSpec } from './dag.ts';
import type { ExpandSpec, GroupSpec, LoopSpec } from './flow-spec.ts';

/** More instances than this a task is not given. */
export const MOST_INSTANCES = 100_000;

export interface Space {
  /** Ascending. */
  readonly tasks: readonly number[];
  /** The mapped group or loop; absent: a single mapped task. */
  readonly group?: string;
  readonly expand?: ExpandSpec;
  /** The tasks whose results give the items. */
  readonly sources: readonly number[];
  readonly loop?: LoopSpec;
  /** Of a loop: its gate. Else −1. */
  readonly gate: number;
}

/** The groups around a task, innermost first. Stops at a group that is not there, or that is around itself. */
export function groupsAround(group: string | undefined, groups: ReadonlyMap<string, GroupSpec>): readonly GroupSpec[] {
  const found = new Set<GroupSpec>();
  for (let spec = find(group); spec !== undefined && !found.has(spec); spec = find(spec.parent)) found.add(spec);
  return [...found];

  function find(id: string | undefined): GroupSpec | undefined {
    return id === undefined ? undefined : groups.get(id);
  }
}

/** The spaces of a DAG, in the order of their first tasks. */
export function findSpaces(
  tasks: readonly TaskSpec[],
  groups: ReadonlyMap<string, GroupSpec>,
  indexOf: (taskId: string) => number | undefined,
): readonly Space[] {
  const ofGroups = new Map<GroupSpec, number[]>();
  const spaces: Space[] = [];
  for (const [task, spec] of tasks.entries()) {
    if (spec.expand !== undefined) {
      spaces.push({ tasks: [task], expand: spec.expand, sources: sourcesOf(spec.expand, indexOf), gate: -1 });
      continue;
    }
    const group = groupsAround(spec.group, groups).find((one) => one.expand !== undefined || one.loop !== undefined);
    if (group === undefined) continue;
    const members = ofGroups.get(group);
    if (members !== undefined) {
      members.push(task);
      continue;
    }
    const first = [task];
    ofGroups.set(group, first);
    const { groupId, expand, loop } = group;
    spaces.push({
      tasks: first,
      group: groupId,
      sources: expand === undefined ? [] : sourcesOf(expand, indexOf),
      gate: loop === undefined ? -1 : (indexOf(loop.gate) ?? -1),
      ...(expand === undefined ? {} : { expand }),
      ...(loop === undefined ? {} : { loop }),
    });
  }
  return spaces;
}

function sourcesOf(expand: ExpandSpec, indexOf: (taskId: string) => number | undefined): readonly number[] {
  const found = expand.over.flatMap(({ source }) => (source.kind === 'result' ? [indexOf(source.taskId)] : []));
  return [...new Set(found.filter((task) => task !== undefined))];
}
