/** Watches a run until it ends and tells each change of its tasks once. */
import { setTimeout as delay } from 'node:timers/promises';
import type { DagRun, TaskInstance } from '@headrace/api-contract';
import type { HeadraceClient } from '@headrace/client';
import { formatSeconds } from './output/times.ts';
import { allTaskInstances } from './task-instances.ts';

/** Quick at first, for short runs; then a person does not notice. */
const FIRST_LOOK_MS = 100;
const SLOWEST_LOOK_MS = 1000;

const QUIET = new Set(['none', 'scheduled', 'queued']);

/** Nothing that a person waits for has happened to it. */
export function isQuiet({ state }: Pick<TaskInstance, 'state'>): boolean {
  return QUIET.has(state ?? 'none');
}

export async function followRun(
  client: HeadraceClient,
  triggered: DagRun,
  tell: (line: string) => void,
): Promise<{ run: DagRun; tasks: TaskInstance[] }> {
  const { dag_id, dag_run_id } = triggered;
  const told = new Map<string, string>();
  for (let wait = FIRST_LOOK_MS; ; wait = Math.min(wait * 1.3, SLOWEST_LOOK_MS)) {
    // The run first: when it has ended, the task instances read after it are its last.
    const run = await client.run(dag_id, dag_run_id);
    const tasks = await allTaskInstances(client, dag_id, dag_run_id);
    for (const task of tasks) {
      const key = `${task.task_id}[${task.map_index}]`;
      const state = `${task.state ?? 'none'} ${task.try_number}`;
      if (told.get(key) === state) continue;
      told.set(key, state);
      if (!isQuiet(task)) tell(describeChange(task));
    }
    if (run.state === 'success' || run.state === 'failed') return { run, tasks };
    await delay(wait);
  }
}

export function describeChange(task: TaskInstance): string {
  const name = task.map_index === -1 ? task.task_id : `${task.task_id}[${task.map_index}]`;
  const again = task.try_number > 1 ? `try ${task.try_number}` : '';
  const error = task.error === null ? '' : `${task.error.name}: ${task.error.message.split('\n', 1)[0]}`;
  const took = task.end_date === null ? '' : formatSeconds(task.duration);
  return `${`  ${name.padEnd(28)} ${(task.state ?? '').padEnd(15)} ${[took, again, error].filter((part) => part !== '').join('  ')}`.trimEnd()}\n`;
}
