/** What can be wired to what: tasks, groups, and lists of both. */
import { GROUP_BRAND, type GroupDefinition, TASK_BRAND, type TaskDefinition } from '../definition.ts';
import { DagDefinitionError, shown } from '../definition-error.ts';

/** A group of tasks, as `group` answers with it. */
export interface Group<Result = unknown> {
  readonly [GROUP_BRAND]: GroupMembers;
  readonly groupId: string;
  /** What its build function returned. */
  readonly result: Result;
}

export interface GroupMembers {
  readonly definition: GroupDefinition;
  /** Also those of groups inside it. */
  readonly tasks: readonly TaskDefinition[];
}

/** Tasks that something comes after, or that come after something. */
export type Wire = TaskDefinition | Group;
export type Wires = Wire | readonly Wire[];

/** A group whose build function returned a task: as an input it stands for that task. */
export type ResultGroup<Task extends TaskDefinition = TaskDefinition> = Group<Task>;

export function isTask(value: unknown): value is TaskDefinition {
  return typeof value === 'object' && value !== null && typeof (value as Partial<TaskDefinition>)[TASK_BRAND] === 'number';
}

export function isGroup(value: unknown): value is Group {
  return typeof value === 'object' && value !== null && GROUP_BRAND in value;
}

/** The task whose result a value stands for as an input; undefined where it stands for none. */
export function taskOf(value: unknown): TaskDefinition | undefined {
  if (isTask(value)) return value;
  return isGroup(value) && isTask(value.result) ? value.result : undefined;
}

/** The tasks after which it is done: of a group those that no other of it comes after. Throws HR_BAD_INPUT. */
export function lastTasks(where: string, wires: Wires): readonly TaskDefinition[] {
  return each(where, wires, (tasks) => {
    const followed = new Set(tasks.filter((task) => !isTeardown(task)).flatMap((task) => [...upstreamOf(task)]));
    // What comes after a group need not wait for it to be tidied up.
    return tasks.filter((task) => !isTeardown(task) && !followed.has(task));
  });
}

/** The tasks with which it begins: of a group those that come after no other of it. Throws HR_BAD_INPUT. */
export function firstTasks(where: string, wires: Wires): readonly TaskDefinition[] {
  return each(where, wires, (tasks) => {
    const own = new Set(tasks);
    return tasks.filter((task) => ![...upstreamOf(task)].some((upstream) => own.has(upstream)));
  });
}

function each(
  where: string,
  wires: Wires,
  ofGroup: (tasks: readonly TaskDefinition[]) => readonly TaskDefinition[],
): readonly TaskDefinition[] {
  const list: readonly unknown[] = Array.isArray(wires) ? wires : [wires];
  return [
    ...new Set(
      list.flatMap((wire) => {
        if (isTask(wire)) return [wire];
        if (isGroup(wire)) return ofGroup(wire[GROUP_BRAND].tasks);
        throw new DagDefinitionError('HR_BAD_INPUT', `${where}: ${shown(wire)} is neither a task nor a group`);
      }),
    ),
  ];
}

/** All tasks directly upstream of it. */
export function upstreamOf(task: TaskDefinition): ReadonlySet<TaskDefinition> {
  return new Set([...Object.values(task.inputs), ...task.after]);
}

export function isTeardown(task: TaskDefinition): boolean {
  return task.flow?.role === 'teardown';
}

/** The innermost group, from `group` outwards, that is mapped or a loop. */
export function repeatedGroup(group: GroupDefinition | undefined): GroupDefinition | undefined {
  for (let around = group; around !== undefined; around = around.parent) {
    if (around.mapped !== undefined || around.loop !== undefined) return around;
  }
  return undefined;
}
