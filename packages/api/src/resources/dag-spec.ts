/** A DAG as the scheduler has it, which is ours: what a change is compared with before it goes live. */
import { DagSpecDocument, DagSpecQuery } from '@headrace/api-contract';
import { ApiProblem } from '../http/api-problem.ts';
import { answers, path, permit } from '../http/route-schema.ts';
import type { Routes } from './context.ts';

export const dagSpecRoutes: Routes = async (app, { deps: { dagVersions }, lookup }) => {
  app.get(
    '/dags/:dag_id/spec',
    {
      ...permit('read', 'dag'),
      schema: {
        operationId: 'get_dag_spec',
        tags: ['DagVersion'],
        params: path('dag_id'),
        querystring: DagSpecQuery,
        response: answers(DagSpecDocument, 'HR_DAG_NOT_FOUND', 'HR_VERSION_NOT_FOUND'),
      },
    },
    async ({ params: { dag_id }, query }) => {
      const dag = await lookup.dag(dag_id);
      const number = query.version_number ?? dag.versionNumber;
      const version = await dagVersions.load(dag_id, number);
      if (version === undefined) throw new ApiProblem('HR_VERSION_NOT_FOUND', `DAG "${dag_id}" has no version ${number}`);
      return { dag_id, version_number: number, bundle_hash: version.hash, spec: { ...version.spec } };
    },
  );
};
