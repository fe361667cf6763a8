import { Task, TaskCollection, TaskListQuery } from '@headrace/api-contract';
import { presentTasks } from '../answers/task.ts';
import { ApiProblem } from '../http/api-problem.ts';
import { answers, path, permit } from '../http/route-schema.ts';
import type { Routes } from './context.ts';

const tags = ['Task'];

/** The tasks of a DAG's newest version. */
export const taskRoutes: Routes = async (app, { lookup }) => {
  app.get(
    '/dags/:dag_id/tasks',
    {
      ...permit('read', 'dag'),
      schema: {
        operationId: 'get_tasks',
        tags,
        params: path('dag_id'),
        querystring: TaskListQuery,
        response: answers(TaskCollection, 'HR_DAG_NOT_FOUND'),
      },
    },
    async ({ params, query }) => {
      const tasks = presentTasks((await lookup.dag(params.dag_id)).spec);
      return { tasks: tasks.toSorted(inOrder(query.order_by)), total_entries: tasks.length };
    },
  );

  app.get(
    '/dags/:dag_id/tasks/:task_id',
    {
      ...permit('read', 'dag'),
      schema: {
        operationId: 'get_task',
        tags,
        params: path('dag_id', 'task_id'),
        response: answers(Task, 'HR_DAG_NOT_FOUND', 'HR_TASK_NOT_FOUND'),
      },
    },
    async ({ params }) => {
      const { spec } = await lookup.dag(params.dag_id);
      const task = presentTasks(spec).find((one) => one.task_id === params.task_id);
      if (task === undefined) throw new ApiProblem('HR_TASK_NOT_FOUND', `DAG "${params.dag_id}" has no task "${params.task_id}"`);
      return task;
    },
  );
};

/** By the column, then by id. */
function inOrder(orderBy: string): (a: Task, b: Task) => number {
  const descending = orderBy.startsWith('-');
  const column = (descending ? orderBy.slice(1) : orderBy) as keyof Task;
  const compare = (a: unknown, b: unknown): number => {
    if (a === b) return 0;
    return (typeof a === 'number' && typeof b === 'number' ? a < b : String(a) < String(b)) ? -1 : 1;
  };
  return (a, b) => compare(a[column], b[column]) * (descending ? -1 : 1) || compare(a.task_id, b.task_id);
}
