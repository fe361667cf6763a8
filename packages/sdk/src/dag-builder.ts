/**
 * The DAG that is being built. `dag()` opens it, tasks register with it while its build function runs, then it is closed.
 *
 * 1. Building is synchronous, so there is at most one open builder per nesting of `dag()` calls.
 * 2. A task belongs to the DAG in whose build function it was made, for ever.
 */
import type { TaskDefinition } from './definition.ts';
import { DagDefinitionError } from './definition-error.ts';
import type { TaskDefaults } from './task-options.ts';

export class DagBuilder {
  readonly dagId: string;
  /** In order of precedence. */
  readonly defaults: readonly TaskDefaults[];
  readonly tasks = new Map<string, TaskDefinition>();

  constructor(dagId: string, defaults: readonly TaskDefaults[]) {
    this.dagId = dagId;
    this.defaults = defaults;
  }

  add(task: TaskDefinition): void {
    if (this.tasks.has(task.taskId)) {
      throw new DagDefinitionError(
        'HR_DUPLICATE_TASK',
        `DAG "${this.dagId}" already has a task "${task.taskId}": give one of them another id`,
      );
    }
    this.tasks.set(task.taskId, task);
  }

  /** Throws HR_FOREIGN_TASK unless the task was made while this DAG was built. */
  checkOwn(user: string, task: TaskDefinition): void {
    if (this.tasks.get(task.taskId) === task) return;
    throw new DagDefinitionError(
      'HR_FOREIGN_TASK',
      `${user} of DAG "${this.dagId}" is wired to task "${task.taskId}" of another DAG: wire tasks within one DAG only; make the task inside this DAG's build function`,
    );
  }
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
  if (isThenable(result)) {
    // Its failure, if it comes, is a consequence of the mistake reported here.
    result.then(undefined, () => undefined);
    throw new DagDefinitionError(
      'HR_ASYNC_BUILD',
      `The build function of DAG "${builder.dagId}" is async: a graph is built at once, without waiting; do what takes time inside a task`,
    );
  }
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

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function';
}
