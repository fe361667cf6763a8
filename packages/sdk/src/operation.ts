/** How every kind of task comes into being: `task` and the data plane's builders all end here. */
import type { TaskKind } from '@headrace/core';
import { assetParts } from './assets/asset.ts';
import { connection, connectionsIn } from './connection.ts';
import { openDag } from './dag-builder.ts';
import {
  DEFINITION_VERSION,
  type FlowOptions,
  type MappedDefinition,
  type Reference,
  TASK_BRAND,
  type TaskDefinition,
} from './definition.ts';
import { DagDefinitionError, shown } from './definition-error.ts';
import { checkOwnMapping, checkVisible } from './flow/repetition.ts';
import { isTask, lastTasks } from './flow/wiring.ts';
import { checkArgumentName, checkId } from './ids.ts';
import { type CommonTaskOptions, resolveTaskOptions } from './options/task-options.ts';
import type { TaskContext } from './task-context.ts';
import { variablesIn } from './variable.ts';

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
  readonly mapped?: MappedDefinition;
  readonly flow?: Omit<FlowOptions, 'outlets' | 'inlets'>;
  readonly run?: (context: TaskContext & Record<string, unknown>) => Result | Promise<Result>;
}

/** Adds a task of any kind to the DAG being built. */
export function registerTask<Result>(kind: TaskKind, parts: TaskParts<Result>): TaskDefinition<Result> {
  const { options = {}, inputs = {}, mapped } = parts;
  checkId('task', parts.taskId);
  const builder = openDag(`Task "${parts.taskId}"`);
  const taskId = builder.idHere(parts.taskId);
  checkId('task', taskId);
  const where = `Task "${taskId}"`;
  for (const [name, upstream] of Object.entries(inputs)) {
    checkArgumentName(taskId, name);
    if (!isTask(upstream)) throw new DagDefinitionError('HR_BAD_INPUT', `${where}, input "${name}": ${shown(upstream)} is not a task`);
    builder.checkOwn(where, upstream);
    checkVisible(`${where}, input "${name}"`, upstream, builder.group);
  }
  for (const name of Object.keys(parts.references ?? {})) checkArgumentName(taskId, name);
  for (const { argument } of mapped?.over ?? []) checkArgumentName(taskId, argument);
  const after = [
    ...(options.after === undefined ? [] : lastTasks(`${where}, after`, options.after)),
    ...(mapped?.over ?? []).flatMap(({ items }) => (isTask(items) ? [items] : [])),
  ];
  for (const upstream of after) builder.checkOwn(where, upstream);
  for (const { items } of mapped?.over ?? []) if (isTask(items)) checkVisible(`${where}, each`, items, builder.group);
  const flow = flowOptions(where, parts, builder);
  const definedAt = callerPosition();
  const definition: TaskDefinition<Result> = {
    [TASK_BRAND]: DEFINITION_VERSION,
    taskId,
    kind,
    options: resolveTaskOptions(taskId, kind, options, builder.defaults, (notifier) => builder.tell(notifier)),
    inputs: { ...inputs },
    after: new Set(after),
    connections: [
      ...declaredConnections(parts.connections, options.connections),
      ...[...variablesIn([parts.references, parts.operation])].sort(),
    ],
    ...(parts.run === undefined ? {} : { run: parts.run }),
    ...(parts.operation === undefined ? {} : { operation: parts.operation }),
    ...(mapped === undefined ? {} : { mapped }),
    ...(builder.group === undefined ? {} : { group: builder.group }),
    ...(flow === undefined ? {} : { flow }),
    ...(definedAt === undefined ? {} : { definedAt }),
  };
  checkOwnMapping(where, definition);
  builder.addTask(definition);
  return definition;
}

/** What it is to the flow of its run; undefined for a task that is nothing particular. */
function flowOptions(where: string, parts: TaskParts<unknown>, builder: ReturnType<typeof openDag>): FlowOptions | undefined {
  const known = (kind: 'outlets' | 'inlets') =>
    (parts.options?.[kind] ?? []).map((each) => {
      const asset = assetParts(`${where}, ${kind}`, each);
      for (const notifier of asset.notifiers) builder.tell(notifier);
      builder.addAsset(asset.spec);
      return asset.spec;
    });
  const [outlets, inlets] = [known('outlets'), known('inlets')];
  const flow: FlowOptions = {
    ...parts.flow,
    ...(outlets.length === 0 ? {} : { outlets }),
    ...(inlets.length === 0 ? {} : { inlets }),
  };
  return Object.keys(flow).length === 0 ? undefined : flow;
}

function declaredConnections(own: readonly string[] = [], options: CommonTaskOptions['connections'] = []): readonly string[] {
  const ids = options.map((each) => (typeof each === 'string' ? connection(each).connectionId : each.connectionId));
  return [...new Set([...own, ...ids])].sort();
}

/** More frames than the SDK's own above the user's call. */
const STACK_DEPTH = 16;

/** The stack of a task's definition, unparsed: `file:line:column` lines, which the loader maps to the user's source. */
function callerPosition(): string | undefined {
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = STACK_DEPTH;
  const { stack } = new Error();
  Error.stackTraceLimit = limit;
  return stack;
}
