/** Ids of DAGs, tasks, connections and arguments: Airflow's alphabet, so that ids move over unchanged. */
import { DagDefinitionError, shown } from './definition-error.ts';

const ID = /^[\p{L}\p{N}_.~-]+$/u;
const MAX_ID_LENGTH = 250;
const ARGUMENT = /^[A-Za-z_$][\w$]*$/;

/** Throws HR_BAD_ID unless `id` is 1 to 250 letters, digits, `_`, `-`, `.` or `~`, not beginning with `__`. */
export function checkId(what: string, id: unknown): asserts id is string {
  if (typeof id !== 'string' || id.length > MAX_ID_LENGTH || !ID.test(id) || id.startsWith('__') || id === '.' || id === '..') {
    throw new DagDefinitionError(
      'HR_BAD_ID',
      `${shown(id)} cannot be the id of a ${what}: use 1 to ${MAX_ID_LENGTH} letters, digits, "_", "-", "." or "~", not beginning with "__"`,
    );
  }
}

/** Names that `task` functions are given anyway; `params` may be passed to get its type. */
const RESERVED = new Set(['dagId', 'runId', 'taskId', 'mapIndex', 'attempt', 'maxTries', 'logicalDate', 'interval', 'log', 'signal', 'connection']);

/** Throws HR_BAD_INPUT unless `name` can be destructured as an argument of a task function and is not one of the context's. */
export function checkArgumentName(taskId: string, name: string): void {
  if (RESERVED.has(name)) {
    throw new DagDefinitionError('HR_BAD_INPUT', `Task "${taskId}" has an input named "${name}", which every task function is given already: choose another name`);
  }
  if (!ARGUMENT.test(name) || name.startsWith('__')) {
    throw new DagDefinitionError('HR_BAD_INPUT', `Task "${taskId}" has an input named ${shown(name)}: use a plain identifier`);
  }
}
