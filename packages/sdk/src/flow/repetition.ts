/**
 * What is repeated, by mapping or as a loop, and who sees which of its results.
 *
 * 1. A task is repeated by at most one thing: its own mapping, or one group around it. Its instances are told apart by one map index.
 * 2. A task inside a mapped group or a loop is used from outside only as what the group's build function returned: there it has the type
 *    of all its results (or, of a loop, of the last).
 */
import type { GroupDefinition, TaskDefinition } from '../definition.ts';
import { DagDefinitionError } from '../definition-error.ts';
import { isGroup, isTask, repeatedGroup } from './wiring.ts';

/** Throws HR_BAD_MAPPING for a mapped task in a mapped group or a loop, and for one that may begin before its items are there. */
export function checkOwnMapping(where: string, task: TaskDefinition): void {
  if (task.mapped === undefined) return;
  const around = repeatedGroup(task.group);
  if (around !== undefined) throw nested(where, around);
  const waitsFor = task.mapped.over.find(({ items }) => isTask(items));
  if (waitsFor !== undefined && task.options.triggerRule === 'always')
    throw new DagDefinitionError(
      'HR_BAD_MAPPING',
      `${where} is mapped over the result of a task, so it cannot have the trigger rule 'always', which does not wait for it`,
    );
}

/** Throws HR_BAD_MAPPING for a mapped group or loop inside of another. */
export function checkNotNested(where: string, outer: GroupDefinition | undefined): void {
  const around = repeatedGroup(outer);
  if (around !== undefined) throw nested(where, around);
}

function nested(where: string, around: GroupDefinition): DagDefinitionError {
  const what = around.loop === undefined ? 'mapped group' : 'loop';
  return new DagDefinitionError(
    'HR_BAD_MAPPING',
    `${where} is repeated within the ${what} "${around.spec.groupId}", which is repeated itself: make one of them a DAG of its own (triggerDag), or map over all combinations (product)`,
  );
}

const exported = new WeakMap<GroupDefinition, ReadonlySet<TaskDefinition>>();

/** Remembers what of a mapped group or loop is for others: the tasks in what its build function returned. */
export function exportFrom(group: GroupDefinition, result: unknown): void {
  const found = new Set<TaskDefinition>();
  const seen = new Set<object>();
  const pending: unknown[] = [result];
  while (pending.length > 0) {
    const each = pending.pop();
    if (typeof each !== 'object' || each === null || seen.has(each)) continue;
    seen.add(each);
    if (isTask(each)) found.add(each);
    else if (isGroup(each)) pending.push(each.result);
    else if (Array.isArray(each) || Object.getPrototypeOf(each) === Object.prototype) pending.push(...Object.values(each));
  }
  exported.set(group, found);
}

/** Throws HR_BAD_INPUT when the result of `upstream` is not to be seen from inside of `here`. */
export function checkVisible(where: string, upstream: TaskDefinition, here: GroupDefinition | undefined): void {
  const around = repeatedGroup(upstream.group);
  if (around === undefined || repeatedGroup(here) === around || exported.get(around)?.has(upstream) === true) return;
  throw new DagDefinitionError(
    'HR_BAD_INPUT',
    `${where}: task "${upstream.taskId}" is inside of ${around.loop === undefined ? 'the mapped group' : 'the loop'} "${around.spec.groupId}": ${
      around.loop === undefined
        ? 'return it from the build function of the group and take it from what group(…) answers with, where it has the type of all its results'
        : "outside of a loop only its result can be used, which loop(…) answers with; put what you need into the gate's done(…)"
    }`,
  );
}
