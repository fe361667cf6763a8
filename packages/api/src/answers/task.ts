/** The tasks of a DAG as the API shows them. */
import type { Task } from '@headrace/api-contract';
import type { DagSpec, TaskSpec } from '@headrace/core';
import { timeDelta } from './date-times.ts';

/** Variables are declared beside connections. */
const VARIABLE = 'variable:';

/** All tasks of the DAG, each with who comes after it. */
export function presentTasks(spec: DagSpec): Task[] {
  const downstream = new Map<string, string[]>(spec.tasks.map((task) => [task.taskId, []]));
  for (const task of spec.tasks) for (const source of task.upstream) downstream.get(source)?.push(task.taskId);
  return spec.tasks.map((task) => presentTask(task, downstream.get(task.taskId) ?? [], spec.owners[0] ?? null));
}

function presentTask(task: TaskSpec, downstream: string[], owner: string | null): Task {
  return {
    task_id: task.taskId,
    task_display_name: task.taskId,
    owner,
    start_date: null,
    end_date: null,
    trigger_rule: task.triggerRule,
    depends_on_past: false,
    wait_for_downstream: false,
    retries: task.retries.max,
    queue: task.queue,
    pool: task.pool,
    pool_slots: task.poolSlots,
    execution_timeout: timeDelta(task.executionTimeoutMs),
    retry_delay: timeDelta(task.retries.delayMs),
    retry_exponential_backoff: task.retries.backoff === 'exponential' ? 2 : 0,
    priority_weight: task.priorityWeight,
    weight_rule: 'absolute',
    ui_color: null,
    ui_fgcolor: null,
    template_fields: [],
    downstream_task_ids: downstream,
    doc_md: task.doc ?? null,
    operator_name: task.kind,
    params: {},
    class_ref: { module_path: '@headrace/sdk', class_name: task.kind },
    is_mapped: false,
    extra_links: [],
    connections: task.connections.filter((id) => !id.startsWith(VARIABLE)),
    variables: task.connections.flatMap((id) => (id.startsWith(VARIABLE) ? [id.slice(VARIABLE.length)] : [])),
  };
}
