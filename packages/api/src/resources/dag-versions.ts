/** Versions of DAGs and their source, as Airflow gives them, and what differs between two of them, which is ours. */
import { DagSource, DagSourceQuery, DagVersion, DagVersionCollection, DagVersionDiff, DagVersionListQuery } from '@headrace/api-contract';
import { diffSpecs } from '@headrace/core';
import type { VersionRecord } from '@headrace/ports';
import { diffCode } from '../answers/code-diff.ts';
import { dateTime } from '../answers/date-times.ts';
import { dagVersionUuid } from '../answers/identifiers.ts';
import { originalsOf, partsOf } from '../answers/source-files.ts';
import { BUNDLE_NAME } from '../answers/version-book.ts';
import { acceptedForm } from '../http/accepted-form.ts';
import { ApiProblem } from '../http/api-problem.ts';
import { answers, path, permit } from '../http/route-schema.ts';
import type { Routes } from './context.ts';
import { ANY } from './lookup.ts';
import { pageOf } from './page.ts';

const tags = ['DagVersion'];

export const dagVersionRoutes: Routes = async (app, { deps: { dagVersions }, lookup }) => {
  app.get(
    '/dags/:dag_id/dagVersions',
    {
      ...permit('read', 'dag'),
      schema: {
        operationId: 'get_dag_versions',
        tags,
        params: path('dag_id'),
        querystring: DagVersionListQuery,
        response: answers(DagVersionCollection, 'HR_DAG_NOT_FOUND', 'HR_UNKNOWN_ORDER'),
      },
    },
    async ({ params: { dag_id }, query }) => {
      if (dag_id !== ANY) await lookup.dag(dag_id);
      // All DAGs come from one folder: it is the only bundle name there is.
      if (query.bundle_name !== undefined && query.bundle_name !== BUNDLE_NAME) return { dag_versions: [], total_entries: 0 };
      const filter = {
        ...(dag_id === ANY ? {} : { dagId: dag_id }),
        ...(query.version_number === undefined ? {} : { number: query.version_number }),
        ...(query.bundle_version === undefined ? {} : { bundleHash: query.bundle_version }),
      };
      const { items, total } = await dagVersions.list(filter, pageOf(query));
      return { dag_versions: items.map(present), total_entries: total };
    },
  );

  app.get(
    '/dags/:dag_id/dagVersions/:version_number',
    {
      ...permit('read', 'dag'),
      schema: {
        operationId: 'get_dag_version',
        tags,
        params: path('dag_id', 'version_number'),
        response: answers(DagVersion, 'HR_DAG_NOT_FOUND', 'HR_VERSION_NOT_FOUND'),
      },
    },
    async ({ params: { dag_id, version_number } }) => {
      await lookup.dag(dag_id);
      const { items } = await dagVersions.list({ dagId: dag_id, number: version_number }, { limit: 1, offset: 0 });
      const [version] = items;
      if (version === undefined) throw noVersion(dag_id, version_number);
      return present(version);
    },
  );
};

export const dagSourceRoutes: Routes = async (app, { deps: { dagVersions }, lookup }) => {
  app.get(
    '/dagSources/:dag_id',
    {
      ...permit('read', 'dag'),
      schema: {
        operationId: 'get_dag_source',
        tags: ['DagSource'],
        description: 'The file that defines the DAG: JSON, or plain text by the Accept header.',
        params: path('dag_id'),
        querystring: DagSourceQuery,
        response: answers(DagSource, 'HR_DAG_NOT_FOUND', 'HR_VERSION_NOT_FOUND', 'HR_NOT_ACCEPTABLE'),
      },
    },
    async ({ params: { dag_id }, query, headers }, reply): Promise<DagSource> => {
      const form = acceptedForm('The source of a DAG', headers.accept, ['application/json', 'text/plain']);
      const { versionNumber } = await lookup.dag(dag_id);
      const number = query.version_number ?? versionNumber;
      const version = await dagVersions.load(dag_id, number);
      if (version === undefined) throw noVersion(dag_id, number);
      const content = (originalsOf(version) ?? partsOf(version)).get(version.file) ?? null;
      if (form === 'application/json') return { content, dag_id, version_number: number, dag_display_name: dag_id };
      // The schema describes the JSON form.
      return reply
        .type('text/plain; charset=utf-8')
        .serializer(String)
        .send((content ?? '') as never);
    },
  );
};

export const dagVersionDiffRoutes: Routes = async (app, { deps: { dagVersions }, lookup }) => {
  app.get(
    '/dags/:dag_id/versions/:version_number/diff/:other_number',
    {
      ...permit('read', 'dag'),
      schema: {
        operationId: 'diff_dag_versions',
        tags,
        params: path('dag_id', 'version_number', 'other_number'),
        response: answers(DagVersionDiff, 'HR_DAG_NOT_FOUND', 'HR_VERSION_NOT_FOUND'),
      },
    },
    async ({ params: { dag_id, version_number, other_number } }) => {
      await lookup.dag(dag_id);
      const [before, after] = await Promise.all([load(dag_id, version_number), load(dag_id, other_number)]);
      const { tasks, edges, schedule, dag } = diffSpecs(before.spec, after.spec);
      return {
        dag_id,
        before: version_number,
        after: other_number,
        tasks: {
          added: [...tasks.added],
          removed: [...tasks.removed],
          changed: tasks.changed.map(({ taskId, fields }) => ({ task_id: taskId, fields: [...fields] })),
        },
        edges: { added: [...edges.added], removed: [...edges.removed] },
        schedule: [...schedule],
        dag: [...dag],
        code: [...diffCode(before, after)],
      };
    },
  );

  async function load(dagId: string, number: number) {
    const version = await dagVersions.load(dagId, number);
    if (version === undefined) throw noVersion(dagId, number);
    return version;
  }
};

function noVersion(dagId: string, number: number): ApiProblem {
  return new ApiProblem('HR_VERSION_NOT_FOUND', `DAG "${dagId}" has no version ${number}`);
}

function present({ versionId, dagId, number, bundleHash, createdAt }: VersionRecord): DagVersion {
  return {
    id: dagVersionUuid(versionId),
    version_number: number,
    dag_id: dagId,
    dag_display_name: dagId,
    bundle_name: BUNDLE_NAME,
    bundle_version: bundleHash,
    bundle_url: null,
    created_at: dateTime(createdAt),
  };
}
