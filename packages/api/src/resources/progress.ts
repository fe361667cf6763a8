/** How far running task instances are. Ours. */
import { type TaskProgress, TaskProgressCollection } from '@headrace/api-contract';
import { progressEstimate } from '@headrace/core';
import type { ProgressRecord } from '@headrace/ports';
import { dateTime } from '../answers/date-times.ts';
import { answers, path, permit } from '../http/route-schema.ts';
import type { Routes } from './context.ts';

const tags = ['Progress'];

export const progressRoutes: Routes = async (app, { deps: { progress }, lookup }) => {
  app.get(
    '/dags/:dag_id/dagRuns/:dag_run_id/progress',
    {
      ...permit('read', 'run'),
      schema: {
        operationId: 'get_run_progress',
        tags,
        params: path('dag_id', 'dag_run_id'),
        response: answers(TaskProgressCollection, 'HR_DAG_NOT_FOUND', 'HR_RUN_NOT_FOUND'),
      },
    },
    async ({ params: { dag_id: dagId, dag_run_id: runId } }) => {
      const found = await progress.ofRun(dagId, runId);
      if (found.length === 0) await lookup.run(dagId, runId);
      return { progress: found.map(present) };
    },
  );

  app.get(
    '/dags/:dag_id/dagRuns/:dag_run_id/taskInstances/:task_id/progress',
    {
      ...permit('read', 'run'),
      schema: {
        operationId: 'get_task_progress',
        tags,
        params: path('dag_id', 'dag_run_id', 'task_id'),
        response: answers(TaskProgressCollection, 'HR_DAG_NOT_FOUND', 'HR_RUN_NOT_FOUND'),
      },
    },
    async ({ params: { dag_id: dagId, dag_run_id: runId, task_id: taskId } }) => {
      const found = await progress.ofRun(dagId, runId, taskId);
      if (found.length === 0) await lookup.run(dagId, runId);
      return { progress: found.map(present) };
    },
  );
};

function present(record: ProgressRecord): TaskProgress {
  const { rowsPerSecond, bytesPerSecond, fraction, remainingMs } = progressEstimate(record, record.toldAt - record.beganAt);
  return {
    task_id: record.taskId,
    map_index: record.mapIndex,
    phase: record.phase,
    rows: record.rows ?? null,
    bytes: record.bytes ?? null,
    total_rows: record.totalRows ?? null,
    total_bytes: record.totalBytes ?? null,
    rows_per_second: rowsPerSecond ?? null,
    bytes_per_second: bytesPerSecond ?? null,
    fraction: fraction ?? null,
    remaining_seconds: remainingMs === undefined ? null : remainingMs / 1_000,
    began_at: dateTime(record.beganAt),
    told_at: dateTime(record.toldAt),
    // Clocks of two machines: never less than nothing.
    age_seconds: Math.max(0, record.readAt - record.toldAt) / 1_000,
  };
}
