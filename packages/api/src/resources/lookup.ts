/** Finds what an address names, or says which part of it does not exist. */
import type { DagRecord, QueryStore, RunRecord, TaskInstanceRecord } from '@headrace/ports';
import { ApiProblem } from '../http/api-problem.ts';

/** In place of a DAG's or a run's id: any. */
export const ANY = '~';

export class Lookup {
  readonly #queries: QueryStore;

  constructor(queries: QueryStore) {
    this.#queries = queries;
  }

  async dag(dagId: string): Promise<DagRecord> {
    const dag = await this.#queries.dag(dagId);
    if (dag === undefined) throw new ApiProblem('HR_DAG_NOT_FOUND', `There is no DAG "${dagId}"`);
    return dag;
  }

  async run(dagId: string, runId: string): Promise<RunRecord> {
    const run = await this.#queries.run(dagId, runId);
    if (run !== undefined) return run;
    await this.dag(dagId);
    throw new ApiProblem('HR_RUN_NOT_FOUND', `DAG "${dagId}" has no run "${runId}"`);
  }

  /** What a list is of that may be of all DAGs or all runs; undefined: of all DAGs. */
  async parent(dagId: string, runId: string): Promise<DagRecord | RunRecord | undefined> {
    if (dagId === ANY) return undefined;
    return runId === ANY ? this.dag(dagId) : this.run(dagId, runId);
  }

  async taskInstance(dagId: string, runId: string, taskId: string, mapIndex = -1): Promise<TaskInstanceRecord> {
    const found = await this.#queries.taskInstance(dagId, runId, taskId, mapIndex);
    if (found !== undefined) return found;
    const run = await this.run(dagId, runId);
    const index = mapIndex === -1 ? '' : ` with map index ${mapIndex}`;
    const why = run.status === 'queued' ? ': the run has not started yet' : '';
    throw new ApiProblem('HR_TASK_INSTANCE_NOT_FOUND', `Run "${runId}" of DAG "${dagId}" has no task instance "${taskId}"${index}${why}`);
  }

  /** One try of a task instance; tries count from 1. */
  async try(record: TaskInstanceRecord, tryNumber: number): Promise<TaskInstanceRecord> {
    const tries = await this.#queries.tries(record.taskInstanceId);
    const found = tries.find((one) => one.attempt === tryNumber);
    if (found !== undefined) return found;
    const known = tries.map((one) => one.attempt).join(', ');
    throw new ApiProblem('HR_TRY_NOT_FOUND', `Task instance "${record.taskId}" has no try ${tryNumber}; it has ${known}`);
  }
}
