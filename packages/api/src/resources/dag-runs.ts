import {
  DagRun,
  DagRunCollection,
  DagRunListQuery,
  DagRunPatch,
  DagRunPatchQuery,
  DagRunsBatch,
  TriggerDagRun,
} from '@headrace/api-contract';
import type { Listed, RunRecord } from '@headrace/ports';
import { Type } from 'typebox';
import { presentDagRun, presentDagRuns } from '../answers/dag-run.ts';
import { ApiProblem } from '../http/api-problem.ts';
import { markReplayed } from '../http/idempotent-requests.ts';
import { answers, answersAs, path, permit } from '../http/route-schema.ts';
import type { Routes } from './context.ts';
import { runBatchFilter, runFilter } from './filters.ts';
import { ANY } from './lookup.ts';
import { batchPageOf, listFacts, pageOf } from './page.ts';
import { callerOf, idempotencyOf, toTriggerRequest } from './trigger.ts';

const tags = ['DagRun'];

export const dagRunRoutes: Routes = async (app, { deps, lookup, versions }) => {
  const { queries, commands, runCommands } = deps;
  const runPath = path('dag_id', 'dag_run_id');

  app.get(
    '/dags/:dag_id/dagRuns',
    {
      ...permit('read', 'run'),
      schema: {
        operationId: 'get_dag_runs',
        tags,
        params: path('dag_id'),
        querystring: DagRunListQuery,
        response: answers(DagRunCollection, 'HR_UNKNOWN_ORDER', 'HR_INVALID_CURSOR', 'HR_DAG_NOT_FOUND'),
      },
    },
    async ({ params, query }) => {
      return present(params.dag_id, await queries.runs(runFilter(params.dag_id, query), pageOf(query)));
    },
  );

  app.post(
    '/dags/:dag_id/dagRuns/list',
    {
      ...permit('read', 'run'),
      schema: {
        operationId: 'get_list_dag_runs_batch',
        tags,
        params: path('dag_id'),
        body: DagRunsBatch,
        response: answers(DagRunCollection, 'HR_UNKNOWN_ORDER', 'HR_INVALID_CURSOR', 'HR_DAG_NOT_FOUND'),
      },
    },
    async ({ params, body }) => {
      return present(params.dag_id, await queries.runs(runBatchFilter(params.dag_id, body), batchPageOf(body)));
    },
  );

  app.delete(
    '/dags/:dag_id/dagRuns/:dag_run_id',
    {
      ...permit('edit', 'run'),
      schema: {
        operationId: 'delete_dag_run',
        tags,
        params: runPath,
        response: answersAs(204, Type.Null(), 'HR_DAG_NOT_FOUND', 'HR_RUN_NOT_FOUND', 'HR_RUN_LIVE'),
      },
    },
    async ({ params }, reply) => {
      const run = await lookup.run(params.dag_id, params.dag_run_id);
      const answer = await commands.deleteRun(run.dagId, run.runId);
      if (answer === 'live') throw new ApiProblem('HR_RUN_LIVE', `Run "${run.runId}" is still running: cancel it before you delete it`);
      return reply.code(204).send(null);
    },
  );

  /** What is listed shows that its DAG is there; only where nothing is, it is looked up. */
  async function present(dagId: string, listed: Listed<RunRecord>) {
    if (listed.items.length === 0 && dagId !== ANY) await lookup.dag(dagId);
    return { dag_runs: await presentDagRuns(listed.items, versions), ...listFacts(listed) };
  }

  app.post(
    '/dags/:dag_id/dagRuns',
    {
      config: { ...permit('operate', 'run').config, idempotency: 'own' },
      schema: {
        operationId: 'trigger_dag_run',
        tags,
        params: path('dag_id'),
        body: TriggerDagRun,
        response: answers(
          DagRun,
          'HR_DAG_NOT_FOUND',
          'HR_RUN_EXISTS',
          'HR_INVALID_PARAMS',
          'HR_RUN_TYPE_NOT_ALLOWED',
          'HR_IDEMPOTENCY_KEY_REUSED',
        ),
      },
    },
    async (request, reply) => {
      const dag = await lookup.dag(request.params.dag_id);
      const idempotency = idempotencyOf(request);
      const asked = await toTriggerRequest(dag, request.body, callerOf(request), deps.validateParams);
      const { runId, replayed, run } = await commands.trigger({ ...asked, ...(idempotency === undefined ? {} : { idempotency }) });
      if (replayed === true) markReplayed(reply);
      return presentDagRun(run ?? (await lookup.run(dag.dagId, runId)), versions);
    },
  );

  app.get(
    '/dags/:dag_id/dagRuns/:dag_run_id',
    {
      ...permit('read', 'run'),
      schema: { operationId: 'get_dag_run', tags, params: runPath, response: answers(DagRun, 'HR_DAG_NOT_FOUND', 'HR_RUN_NOT_FOUND') },
    },
    async ({ params }) => presentDagRun(await lookup.run(params.dag_id, params.dag_run_id), versions),
  );

  app.patch(
    '/dags/:dag_id/dagRuns/:dag_run_id',
    {
      ...permit('operate', 'run'),
      schema: {
        operationId: 'patch_dag_run',
        tags,
        params: runPath,
        querystring: DagRunPatchQuery,
        body: DagRunPatch,
        response: answers(DagRun, 'HR_DAG_NOT_FOUND', 'HR_RUN_NOT_FOUND', 'HR_RUN_FINISHED', 'HR_RUN_BUSY'),
      },
    },
    async ({ params, query, body, principal }) => {
      const run = await lookup.run(params.dag_id, params.dag_run_id);
      const asked = (field: 'state' | 'note'): boolean => query.update_mask?.includes(field) ?? true;
      const state = asked('state') ? (body.state ?? undefined) : undefined;
      if (asked('note') && body.note !== undefined) await commands.setNote(run.runKey, body.note);
      if (state === 'failed') {
        const answer = await runCommands.cancelRun(run.dagId, run.runId, principal?.name);
        if (answer === 'already_finished')
          throw new ApiProblem('HR_RUN_FINISHED', `Run "${run.runId}" has ended as ${run.status}: there is nothing to cancel`);
      }
      if (state === 'success') await runCommands.markRun(run.dagId, run.runId, 'success', principal?.name);
      if (state === 'queued') await runCommands.clear(run.dagId, { runId: run.runId }, {}, principal?.name);
      return presentDagRun(await lookup.run(run.dagId, run.runId), versions);
    },
  );
};
