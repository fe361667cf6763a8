/** What a command on task instances changed, or would change, as the API shows it. */
import type { TaskInstanceCollection } from '@headrace/api-contract';
import type { ChangeResult, TaskInstanceRecord } from '@headrace/ports';
import { presentTaskInstances } from '../answers/task-instance.ts';
import { ApiProblem } from '../http/api-problem.ts';
import type { ResourceContext } from './context.ts';

const READ_AT_ONCE = 1000;

/** Throws HR_RUN_NOT_FOUND. */
export function changed(
  { dagId, runId }: { readonly dagId: string; readonly runId?: string },
  result: ChangeResult | 'not_found',
): ChangeResult {
  if (result === 'not_found') throw new ApiProblem('HR_RUN_NOT_FOUND', `DAG "${dagId}" has no run "${runId ?? ''}"`);
  return result;
}

/** The task instances as they are now. */
export async function affectedInstances(
  dagId: string,
  { affected }: ChangeResult,
  { deps: { queries }, versions }: ResourceContext,
): Promise<TaskInstanceCollection> {
  const records: TaskInstanceRecord[] = [];
  for (const [runId, instances] of Map.groupBy(affected, (one) => one.runId))
    records.push(...(await recordsOf(dagId, runId, instances, queries)));
  return { task_instances: await presentTaskInstances(records, versions), total_entries: records.length };
}

async function recordsOf(
  dagId: string,
  runId: string,
  instances: ChangeResult['affected'],
  queries: ResourceContext['deps']['queries'],
): Promise<TaskInstanceRecord[]> {
  const keyOf = (taskId: string, mapIndex: number): string => `${mapIndex} ${taskId}`;
  const wanted = new Set(instances.map(({ taskId, mapIndex }) => keyOf(taskId, mapIndex)));
  const records: TaskInstanceRecord[] = [];
  for (let offset = 0, total = wanted.size; wanted.size > 0 && offset < total; offset += READ_AT_ONCE) {
    const page = await queries.taskInstances({ dagId, runId }, { limit: READ_AT_ONCE, offset, orderBy: ['id'] });
    records.push(...page.items.filter((record) => wanted.has(keyOf(record.taskId, record.mapIndex))));
    total = page.total;
  }
  return records;
}
