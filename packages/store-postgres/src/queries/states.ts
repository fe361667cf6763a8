/** The states of what is alive and of the runs that are asked for. Each part has an index of its own. */
import type { RunStateRecord, StateStore, TaskStateRecord } from '@headrace/ports';
import type { Database } from '../database.ts';

const RUNS = `
  select id as "runKey", dag_id as "dagId", run_id as "runId", run_type as "runType", state as status from dag_run where state = 'running'
  union
  select id, dag_id, run_id, run_type, state from dag_run where id = any($1)`;

const COLUMNS = `t.id as "taskInstanceId", t.dag_run_id as "runKey", t.dag_id as "dagId", r.run_id as "runId", t.task_id as "taskId",
  t.map_index as "mapIndex", t.attempt, t.state as status`;

const TASKS = `
  select ${COLUMNS} from task_instance t join dag_run r on r.id = t.dag_run_id where t.state in ('queued', 'running', 'restarting')
  union
  select ${COLUMNS} from task_instance t join dag_run r on r.id = t.dag_run_id where t.dag_run_id = any($1)`;

export function createStateStore(database: Database): StateStore {
  return {
    async states(runKeys) {
      const reads = database.lane('reads');
      const runs = await reads.query<RunStateRecord>({ name: 'states of runs', text: RUNS, values: [runKeys] });
      const tasks = await reads.query<TaskStateRecord>({ name: 'states of tasks', text: TASKS, values: [runKeys] });
      return { runs: runs.rows, tasks: tasks.rows };
    },
  };
}
