/** The tasks of a run, as people see them. */
import type { TaskInstance } from '@headrace/api-contract';
import { formatTable } from './table.ts';
import { formatInstant, formatSeconds } from './times.ts';

export function taskTable(tasks: readonly TaskInstance[]): string {
  const rows = tasks.map((task) => [
    task.map_index === -1 ? task.task_id : `${task.task_id}[${task.map_index}]`,
    task.state ?? 'none',
    task.try_number,
    formatInstant(task.start_date),
    formatSeconds(task.duration),
    task.error === null ? (task.state === 'success' ? '' : task.reason) : `${task.error.name}: ${task.error.message.split('\n', 1)[0]}`,
  ]);
  return formatTable(['task', 'state', 'try', 'started', 'took', 'why'], rows);
}
