import { DagRun, DagRunCollection, DagRunListQuery, DagRunPatch, DagRunPatchQuery, TriggerDagRun } from '@headrace/api-contract';
import type { Range, RunFilter } from '@headrace/ports';
import { presentDagRun } from '../answers/dag-run.ts';
import { toInstant } from '../answers/date-times.ts';
import { ApiProblem } from '../http/api-problem.ts';
import { answers, path, permit } from '../http/route-schema.ts';
import type { Routes } from './context.ts';
import { ANY } from './lookup.ts';
import { pageOf } from './page.ts';
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
        response: answers(DagRunCollection, 'HR_UNKNOWN_ORDER', 'HR_DAG_NOT_FOUND'),
      },
    },
    async ({ params, query }) => {
      if (params.dag_id !== ANY) await lookup.dag(params.dag_id);
      const { items, total } = await queries.runs(filterOf(params.dag_id, query), pageOf(query));
      return { dag_runs: await Promise.all(items.map((run) => presentDagRun(run, versions))), total_entries: total };
    },
  );

  app.post(
    '/dags/:dag_id/dagRuns',
    {
      ...permit('operate', 'run'),
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
    async (request) => {
      const dag = await lookup.dag(request.params.dag_id);
      const idempotency = idempotencyOf(request);
      const asked = await toTriggerRequest(dag, request.body, callerOf(request), deps.validateParams);
      const { runId } = await commands.trigger({ ...asked, ...(idempotency === undefined ? {} : { idempotency }) });
      return presentDagRun(await lookup.run(dag.dagId, runId), versions);
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

function filterOf(dagId: string, query: DagRunListQuery): RunFilter {
  const entries: [keyof RunFilter, unknown][] = [
    ['dagId', dagId === ANY ? undefined : dagId],
    ['statuses', query.state],
    ['runTypes', query.run_type],
    ['runIdPattern', query.run_id_pattern],
    ['runAfter', rangeOf(query, 'run_after')],
    ['logicalDate', rangeOf(query, 'logical_date')],
    ['startedAt', rangeOf(query, 'start_date')],
    ['endedAt', rangeOf(query, 'end_date')],
  ];
  return Object.fromEntries(entries.filter(([, value]) => value !== undefined));
}

function rangeOf(query: DagRunListQuery, name: 'run_after' | 'logical_date' | 'start_date' | 'end_date'): Range | undefined {
  const bounds = (['gte', 'gt', 'lte', 'lt'] as const).flatMap((bound) => {
    const instant = toInstant(query[`${name}_${bound}`]);
    return instant === undefined ? [] : [[bound, instant] as const];
  });
  return bounds.length === 0 ? undefined : Object.fromEntries(bounds);
}
