import { TaskExplanation } from '@headrace/api-contract';
import { compileDag, explain, restoreRun, type TaskState } from '@headrace/core';
import { presentState } from '../answers/task-instance.ts';
import { ApiProblem } from '../http/api-problem.ts';
import { answers, path, read } from '../http/route-schema.ts';
import type { Routes } from './context.ts';

/** Why a task instance is not running, by the same rules by which the scheduler decides. */
export const explainRoutes: Routes = async (app, { deps, lookup, versions }) => {
  app.get(
    '/dags/:dag_id/dagRuns/:dag_run_id/taskInstances/:task_id/explain',
    {
      ...read,
      schema: {
        operationId: 'explain_task_instance',
        tags: ['Task Instance'],
        params: path('dag_id', 'dag_run_id', 'task_id'),
        response: answers(TaskExplanation, 'HR_DAG_NOT_FOUND', 'HR_RUN_NOT_FOUND', 'HR_TASK_NOT_FOUND'),
      },
    },
    async ({ params: { dag_id, dag_run_id, task_id } }) => {
      const record = await lookup.run(dag_id, dag_run_id);
      const [loaded, version] = await Promise.all([deps.commands.loadRun(dag_id, dag_run_id), versions.get(dag_id, record.versionNumber)]);
      if (loaded === undefined || version === undefined)
        throw new ApiProblem('HR_RUN_NOT_FOUND', `DAG "${dag_id}" has no run "${dag_run_id}"`);
      const dag = compileDag(version.spec);
      const index = dag.indexOf(task_id);
      if (index === undefined) throw new ApiProblem('HR_TASK_NOT_FOUND', `DAG "${dag_id}" has no task "${task_id}" in this run's version`);
      const nothing: TaskState = { status: 'none', attempt: 0 };
      const nodes = loaded.tasks.flatMap(({ taskId, mapIndex, state }) => {
        const task = dag.indexOf(taskId);
        return task === undefined ? [] : [{ task, mapIndex, state }];
      });
      nodes.sort((a, b) => a.task - b.task || a.mapIndex - b.mapIndex);
      const run = restoreRun(dag, { status: loaded.status, nodes, progress: loaded.progress });
      const conditions = explain(dag, run, index, Date.now()).map(({ rule, passed, reason }) => ({ rule, passed, reason }));
      return { dag_id, dag_run_id, task_id, map_index: -1, state: presentState((run.tasks[index] ?? nothing).status), conditions };
    },
  );
};
