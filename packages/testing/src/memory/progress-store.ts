/** How far running attempts are. */
import type { AttemptRef, ProgressStore, ToldProgress } from '@headrace/ports';
import type { MemoryDatabase } from './database.ts';
import type { TaskInstanceRow } from './rows.ts';

export function createProgressStore(db: MemoryDatabase): ProgressStore {
  const table = db.table<ToldProgress>('task_progress');
  const running = ({ taskInstanceId, attemptId }: AttemptRef): TaskInstanceRow | undefined => {
    const row = db.tasks.get(taskInstanceId);
    const { status } = row?.state ?? {};
    return row?.attemptId === attemptId && (status === 'running' || status === 'restarting') ? row : undefined;
  };
  return {
    save: async (told) =>
      db.transaction(() => {
        for (const one of told) if (running(one) !== undefined) table.put(one.taskInstanceId, one);
      }),
    forget: async (refs) =>
      db.transaction(() => {
        for (const { taskInstanceId, attemptId } of refs)
          if (table.get(taskInstanceId)?.attemptId === attemptId) table.delete(taskInstanceId);
      }),
    forgetEnded: async () =>
      db.transaction(() => {
        const ended = [...table.rows()].filter((one) => running(one) === undefined);
        for (const { taskInstanceId } of ended) table.delete(taskInstanceId);
        return ended.length;
      }),
    async ofRun(dagId, runId, taskId) {
      const found = [...table.rows()].flatMap((told) => {
        const row = running(told);
        const run = row === undefined ? undefined : db.runs.get(row.runKey);
        if (row === undefined || run?.dagId !== dagId || run.runId !== runId) return [];
        if (taskId !== undefined && row.taskId !== taskId) return [];
        return [{ ...told, taskId: row.taskId, mapIndex: row.mapIndex, readAt: db.now() }];
      });
      return found.sort((a, b) => (a.taskId < b.taskId ? -1 : a.taskId > b.taskId ? 1 : a.mapIndex - b.mapIndex));
    },
  };
}
