/**
 * The DAG that is being built. `dag()` opens it, tasks register with it while its build function runs, then it is closed.
 *
 * 1. Building is synchronous, so there is at most one open builder per nesting of `dag()` calls.
 * 2. A task belongs to the DAG in whose build function it was made, and to the groups in whose build functions it was, for ever.
 */
import type { AssetSpec, NoticeTarget } from '@headrace/core';
import type { GroupDefinition, NoticeHook, TaskDefinition } from './definition.ts';
import { DagDefinitionError } from './definition-error.ts';
import type { Notifier } from './notices/notify.ts';
import type { TaskDefaults } from './options/task-options.ts';

export class DagBuilder {
  readonly dagId: string;
  readonly tasks = new Map<string, TaskDefinition>();
  readonly groups = new Map<string, GroupDefinition>();
  readonly assets = new Map<string, AssetSpec>();
  readonly hooks = new Map<string, NoticeHook>();
  readonly #atEnd: (() => void)[] = [];
  #defaults: readonly TaskDefaults[];
  #group: GroupDefinition | undefined;

  constructor(dagId: string, defaults: readonly TaskDefaults[]) {
    this.dagId = dagId;
    this.#defaults = defaults;
  }

  /** What can be known only of the whole DAG: run when its build function has returned. */
  atEnd(check: () => void): void {
    this.#atEnd.push(check);
  }

  /** Runs what `atEnd` was given. */
  finish(): void {
    for (const check of this.#atEnd) check();
  }

  /** In order of precedence: those of the innermost group first. */
  get defaults(): readonly TaskDefaults[] {
    return this.#defaults;
  }

  /** The innermost group that is being built. */
  get group(): GroupDefinition | undefined {
    return this.#group;
  }

  /** An id, with those of the groups around it. */
  idHere(id: string): string {
    return this.#group === undefined ? id : `${this.#group.spec.groupId}.${id}`;
  }

  addTask(task: TaskDefinition): void {
    this.#checkFree('HR_DUPLICATE_TASK', task.taskId);
    this.tasks.set(task.taskId, task);
  }

  addGroup(group: GroupDefinition): void {
    this.#checkFree('HR_DUPLICATE_GROUP', group.spec.groupId);
    this.groups.set(group.spec.groupId, group);
  }

  #checkFree(code: 'HR_DUPLICATE_TASK' | 'HR_DUPLICATE_GROUP', id: string): void {
    const holder = this.tasks.has(id) ? 'task' : this.groups.has(id) ? 'group' : undefined;
    if (holder !== undefined)
      throw new DagDefinitionError(code, `DAG "${this.dagId}" already has a ${holder} "${id}": give one of them another id`);
  }

  /** Assets are the same wherever they are named; one that is only named takes what another place says about it. */
  addAsset(spec: AssetSpec): void {
    const known = this.assets.get(spec.name);
    if (known === undefined || isBare(known)) this.assets.set(spec.name, spec);
    else if (!isBare(spec) && JSON.stringify(spec) !== JSON.stringify(known)) {
      throw new DagDefinitionError(
        'HR_DUPLICATE_ASSET',
        `DAG "${this.dagId}" says two things about the asset "${spec.name}": define it once, and import it from there`,
      );
    }
  }

  /** Whom a notice goes to, with the function that it may need. Throws HR_DUPLICATE_HOOK. */
  tell({ target, hook }: Notifier): NoticeTarget {
    if (target.kind === 'code' && hook !== undefined) {
      const known = this.hooks.get(target.hook);
      if (known !== undefined && known !== hook) {
        throw new DagDefinitionError(
          'HR_DUPLICATE_HOOK',
          `DAG "${this.dagId}" has two functions for notices named "${target.hook}": give one of them another name`,
        );
      }
      this.hooks.set(target.hook, hook);
    }
    return target;
  }

  /** Throws HR_FOREIGN_TASK unless the task was made while this DAG was built. */
  checkOwn(user: string, task: TaskDefinition): void {
    if (this.tasks.get(task.taskId) === task) return;
    throw new DagDefinitionError(
      'HR_FOREIGN_TASK',
      `${user} of DAG "${this.dagId}" is wired to task "${task.taskId}" of another DAG: wire tasks within one DAG only; make the task inside this DAG's build function`,
    );
  }

  /** Builds what is inside of a group. Answers with the tasks that were made, and what `build` returned. */
  within<R>(
    group: GroupDefinition,
    defaults: TaskDefaults,
    build: () => R,
  ): { readonly tasks: readonly TaskDefinition[]; readonly result: R } {
    const outer = { group: this.#group, defaults: this.#defaults };
    this.#group = group;
    this.#defaults = [defaults, ...this.#defaults];
    try {
      return this.recording(`group "${group.spec.groupId}"`, build);
    } finally {
      this.#group = outer.group;
      this.#defaults = outer.defaults;
    }
  }

  /** Answers with the tasks that `build` makes. Throws HR_ASYNC_BUILD. */
  recording<R>(what: string, build: () => R): { readonly tasks: readonly TaskDefinition[]; readonly result: R } {
    const before = this.tasks.size;
    const result = build();
    refuseAsync(what, result);
    return { tasks: [...this.tasks.values()].slice(before), result };
  }
}

function isBare(asset: AssetSpec): boolean {
  return Object.keys(asset).length === 1;
}

let open: DagBuilder | undefined;

/** Runs `build` with `builder` open. */
export function building(builder: DagBuilder, build: () => unknown): void {
  const outer = open;
  open = builder;
  let result: unknown;
  try {
    result = build();
  } finally {
    open = outer;
  }
  refuseAsync(`DAG "${builder.dagId}"`, result);
  builder.finish();
}

/** The DAG being built. Throws HR_OUTSIDE_DAG when there is none. */
export function openDag(what: string): DagBuilder {
  if (open === undefined)
    throw new DagDefinitionError(
      'HR_OUTSIDE_DAG',
      `${what} was made outside of a DAG: make it inside the build function, dag(id, options, () => { … here … })`,
    );
  return open;
}

function refuseAsync(what: string, result: unknown): void {
  if (!isThenable(result)) return;
  // Its failure, if it comes, is a consequence of the mistake reported here.
  result.then(undefined, () => undefined);
  throw new DagDefinitionError(
    'HR_ASYNC_BUILD',
    `The build function of ${what} is async: a graph is built at once, without waiting; do what takes time inside a task`,
  );
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function';
}
