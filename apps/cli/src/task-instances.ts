/** The task instances of a run, page after page. */
import type { TaskInstance } from '@headrace/api-contract';
import type { HeadraceClient } from '@headrace/client';

const PAGE = 100;

/** Of one run, in the order in which they started. */
export async function allTaskInstances(
  client: HeadraceClient,
  dagId: string,
  runId: string,
  filter: { readonly task_group_id?: string } = {},
): Promise<TaskInstance[]> {
  const found: TaskInstance[] = [];
  for (let total = 1; found.length < total; ) {
    const page = await client.taskInstances(dagId, runId, { ...filter, limit: PAGE, offset: found.length, order_by: 'id' });
    found.push(...page.task_instances);
    total = page.task_instances.length === 0 ? 0 : page.total_entries;
  }
  const start = (task: TaskInstance): string => task.start_date ?? '9';
  return found.sort((a, b) => (start(a) < start(b) ? -1 : start(a) > start(b) ? 1 : 0));
}
