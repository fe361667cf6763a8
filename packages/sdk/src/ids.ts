/** Ids of DAGs, tasks and connections, and names of arguments. The alphabet is the core's, refused here already, where the stack shows the user's line. */
import { DagDefinitionError, shown } from './definition-error.ts';

const ID = /^[A-Za-z0-9_.-]{1,250}$/;
/** Ids become keys of objects and parts of paths; these would not stay what they are. */
const RESERVED_IDS: ReadonlySet<string> = new Set(['__proto__', 'prototype', 'constructor', '.', '..']);
const ARGUMENT = /^[A-Za-z_$][\w$]*$/;

/** Throws HR_BAD_ID unless `id` is 1 to 250 ASCII letters, digits, `_`, `-` or `.`. */
export function checkId(what: string, id: unknown): asserts id is string {
  if (typeof id !== 'string' || !ID.test(id)) {
    throw new DagDefinitionError(
      'HR_BAD_ID',
      `${shown(id)} cannot be the id of a ${what}: use 1 to 250 of the letters A-Z and a-z, digits, "_", "-" and "."`,
    );
  }
  if (RESERVED_IDS.has(id))
    throw new DagDefinitionError('HR_BAD_ID', `"${id}" cannot be the id of a ${what}: it is reserved; take another name`);
}

/** Names that `task` functions are given anyway; `params` may be passed to get its type. */
const RESERVED = new Set([
  'dagId',
  'runId',
  'taskId',
  'mapIndex',
  'attempt',
  'maxTries',
  'logicalDate',
  'interval',
  'log',
  'signal',
  'connection',
  'args',
  'latest',
  'partitionKey',
  'triggeringEvents',
  'emit',
  'wait',
]);

/** Throws HR_BAD_INPUT unless `name` can be destructured as an argument of a task function and is not one of the context's. */
export function checkArgumentName(taskId: string, name: string): void {
  if (RESERVED.has(name)) {
    throw new DagDefinitionError(
      'HR_BAD_INPUT',
      `Task "${taskId}" has an argument named "${name}", which every task function is given already: choose another name`,
    );
  }
  if (!ARGUMENT.test(name) || name.startsWith('__')) {
    throw new DagDefinitionError('HR_BAD_INPUT', `Task "${taskId}" has an argument named ${shown(name)}: use a plain identifier`);
  }
}
