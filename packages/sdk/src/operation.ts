/** How every kind of task comes into being: `task` and the data plane's builders all end here. */
import type { TaskKind } from '@headrace/core';
import { connection, connectionsIn } from './connection.ts';
import { openDag } from './dag-builder.ts';
import { DEFINITION_VERSION, type Reference, TASK_BRAND, type TaskContext, type TaskDefinition } from './definition.ts';
import { DagDefinitionError, shown } from './definition-error.ts';
import { checkArgumentName, checkId } from './ids.ts';
import { type CommonTaskOptions, resolveTaskOptions } from './task-options.ts';

export interface OperationParts {
  readonly taskId: string;
  readonly options?: CommonTaskOptions;
  /** Argument name → the task whose result it is. */
  readonly inputs?: Readonly<Record<string, TaskDefinition>>;
  /** Data for the executor. May hold references, functions and connections; the connections are declared for the task by being here. */
  readonly operation: Readonly<Record<string, unknown>>;
  /** Connections that are not in `operation`. */
  readonly connections?: readonly string[];
}

/**
 * Makes an `extract`, `load`, `transform` or `export` task of the DAG being built. `Result` is what its executor answers with.
 * Throws DagDefinitionError: HR_OUTSIDE_DAG, HR_BAD_ID, HR_DUPLICATE_TASK, HR_FOREIGN_TASK, HR_BAD_INPUT, HR_BAD_OPTION, HR_BAD_DURATION.
 */
export function defineOperation<Result>(kind: Exclude<TaskKind, 'task'>, parts: OperationParts): TaskDefinition<Result> {
  return registerTask<Result>(kind, { ...parts, connections: [...(parts.connections ?? []), ...connectionsIn(parts.operation)] });
}

export interface TaskParts<Result> extends Omit<OperationParts, 'operation'> {
  /** Further arguments, which `run` resolves. */
  readonly references?: Readonly<Record<string, Reference<unknown>>>;
  readonly operation?: Readonly<Record<string, unknown>>;
  readonly run?: (context: TaskContext & Record<string, unknown>) => Result | Promise<Result>;
}

/** Adds a task of any kind to the DAG being built. */
export function registerTask<Result>(kind: TaskKind, parts: TaskParts<Result>): TaskDefinition<Result> {
  const { taskId, options = {}, inputs = {} } = parts;
  checkId('task', taskId);
  const builder = openDag(`Task "${taskId}"`);
  for (const [name, upstream] of Object.entries(inputs)) {
    checkArgumentName(taskId, name);
    checkUpstream(taskId, `input "${name}"`, upstream);
    builder.checkOwn(`Task "${taskId}"`, upstream);
  }
  for (const name of Object.keys(parts.references ?? {})) checkArgumentName(taskId, name);
  const after = options.after === undefined ? [] : isTask(options.after) ? [options.after] : options.after;
  for (const upstream of after) {
    checkUpstream(taskId, 'after', upstream);
    builder.checkOwn(`Task "${taskId}"`, upstream);
  }
  const definedAt = callerPosition();
  const definition: TaskDefinition<Result> = {
    [TASK_BRAND]: DEFINITION_VERSION,
    taskId,
    kind,
    options: resolveTaskOptions(taskId, kind, options, builder.defaults),
    inputs: { ...inputs },
    after: new Set(after),
    connections: declaredConnections(parts.connections, options.connections),
    ...(parts.run === undefined ? {} : { run: parts.run }),
    ...(parts.operation === undefined ? {} : { operation: parts.operation }),
    ...(definedAt === undefined ? {} : { definedAt }),
  };
  builder.add(definition);
  return definition;
}

export function isTask(value: unknown): value is TaskDefinition {
  return typeof value === 'object' && value !== null && typeof (value as Partial<TaskDefinition>)[TASK_BRAND] === 'number';
}

function checkUpstream(taskId: string, what: string, value: unknown): asserts value is TaskDefinition {
  if (!isTask(value)) throw new DagDefinitionError('HR_BAD_INPUT', `Task "${taskId}", ${what}: ${shown(value)} is not a task`);
}

function declaredConnections(own: readonly string[] = [], options: CommonTaskOptions['connections'] = []): readonly string[] {
  const ids = options.map((each) => (typeof each === 'string' ? connection(each).connectionId : each.connectionId));
  return [...new Set([...own, ...ids])].sort();
}

/** More frames than the SDK's own above the user's call. */
const STACK_DEPTH = 12;

/** The stack of a task's definition, unparsed: `file:line:column` lines, which the loader maps to the user's source. */
function callerPosition(): string | undefined {
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = STACK_DEPTH;
  const { stack } = new Error();
  Error.stackTraceLimit = limit;
  return stack;
}
