/** What people and programs do to DAGs and runs. */
import { type CommandStore, DagNotFoundError } from '@headrace/ports';
import type { Database } from '../database.ts';
import { tellDag } from '../notification.ts';
import { loadRuns } from '../scheduler/load-runs.ts';
import { transaction } from '../transaction.ts';
import { createdRuns } from './create-runs.ts';
import { deleteDag } from './delete-dag.ts';
import { deleteRun, deleteTaskInstance } from './delete-run.ts';
import { setFavorite } from './favorite.ts';
import { runIds } from './run-ids.ts';
import { saveCommand } from './save-command.ts';
import { setResult } from './set-result.ts';
import { trigger } from './trigger.ts';

/**
 * Parameters: DAG, paused. A DAG that goes on is planned at once, and a catch-up begins from now where the DAG says so. Whoever
 * un-pauses it takes the failures so far for mended.
 */
const SET_PAUSED = `
  update dag
  set paused = $2, paused_reason = case when $2 then paused_reason end, failed_runs = case when $2 then failed_runs else 0 end,
    active_since = case when paused and not $2 then now() else active_since end,
    next_due_at = case when paused and not $2 then now() else next_due_at end
  where dag_id = $1
  returning dag_id`;

export function createCommandStore(database: Database): CommandStore {
  const work = () => database.lane('work');
  const created = createdRuns(work, database.metrics);
  return {
    trigger: (request) => trigger(work(), created, request, database.metrics),
    saveCommand: (decision, command, version) => saveCommand(work(), decision, command, version),

    async latestVersion(dagId) {
      const { rows } = await work().query<{ version_id: string }>('select version_id from dag where dag_id = $1', [dagId]);
      return rows[0]?.version_id;
    },

    async setPaused(dagId, paused) {
      await transaction(work(), async (client) => {
        const { rows } = await client.query(SET_PAUSED, [dagId, paused]);
        if (rows.length === 0) throw new DagNotFoundError(dagId);
        await tellDag(client, dagId);
      });
    },

    async setNote(runKey, note) {
      await work().query('update dag_run set note = $2 where id = $1', [runKey, note]);
    },

    async setTaskNote(taskInstanceId, note) {
      await work().query('update task_instance set note = $2 where id = $1', [taskInstanceId, note]);
    },

    deleteRun: (dagId, runId) => deleteRun(work(), dagId, runId),
    deleteTaskInstance: (taskInstanceId) => deleteTaskInstance(work(), taskInstanceId),
    deleteDag: (dagId) => deleteDag(work(), dagId),
    setFavorite: (user, dagId, favorite) => setFavorite(work(), user, dagId, favorite),
    setResult: (taskInstanceId, change) => setResult(work(), taskInstanceId, change),
    runIds: (dagId, logicalDate) => runIds(work(), dagId, logicalDate),

    async loadRun(dagId, runId) {
      const { rows } = await work().query<{ id: string }>('select id from dag_run where dag_id = $1 and run_id = $2', [dagId, runId]);
      const [row] = rows;
      if (row === undefined) return undefined;
      const [run] = await loadRuns(work(), [row.id]);
      return run;
    },
  };
}
