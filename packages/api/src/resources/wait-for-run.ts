/** Tells the state of a run until it has ended: a line of JSON each time, the last one with results of its tasks. As Airflow's. */
import { Readable } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';
import { WaitForRunQuery } from '@headrace/api-contract';
import type { RunRecord } from '@headrace/ports';
import { Type } from 'typebox';
import { keepScope } from '../http/request-scope.ts';
import { answers, path, permit } from '../http/route-schema.ts';
import type { ResourceContext, Routes } from './context.ts';
import { valueOfResult } from './xcom-value.ts';

const TASKS_AT_ONCE = 100;

export const waitForRunRoutes: Routes = async (app, context) => {
  app.get(
    '/dags/:dag_id/dagRuns/:dag_run_id/wait',
    {
      ...permit('read', 'run'),
      schema: {
        operationId: 'wait_dag_run_until_finished',
        tags: ['DagRun'],
        description: 'Lines of JSON (NDJSON), one each time that it looked: `{"state": "running"}`, at last with `results` by task.',
        params: path('dag_id', 'dag_run_id'),
        querystring: WaitForRunQuery,
        forms: ['application/x-ndjson'],
        response: answers(Type.String(), 'HR_DAG_NOT_FOUND', 'HR_RUN_NOT_FOUND'),
      },
    },
    async ({ params, query }, reply) => {
      const run = await context.lookup.run(params.dag_id, params.dag_run_id);
      const left = new AbortController();
      reply.raw.once('close', () => left.abort());
      const look = keepScope(() => context.deps.queries.run(run.dagId, run.runId));
      const results = keepScope(() => resultsOf(run, query.result ?? [], context));
      return reply
        .type('application/x-ndjson')
        .serializer(String)
        .send(Readable.from(linesOf(run, query, look, results, left.signal)) as never);
    },
  );
};

async function* linesOf(
  first: RunRecord,
  query: { readonly interval: number; readonly result?: readonly string[] },
  look: () => Promise<RunRecord | undefined>,
  results: () => Promise<Readonly<Record<string, unknown>>>,
  left: AbortSignal,
): AsyncGenerator<string> {
  for (let run: RunRecord | undefined = first; run !== undefined; run = await look()) {
    const hasEnded = run.status === 'success' || run.status === 'failed';
    const told = hasEnded && query.result !== undefined ? { results: await results() } : {};
    yield `${JSON.stringify({ state: run.status, ...told })}\n`;
    if (hasEnded) return;
    // Whoever asked has gone.
    if (!(await pause(query.interval * 1000, true, { signal: left }).catch(() => false))) return;
  }
}

/** By task; of a mapped task a list, in the order of its items. Tasks without a result are absent. */
async function resultsOf(
  { dagId, runId }: RunRecord,
  taskIds: readonly string[],
  { deps }: ResourceContext,
): Promise<Readonly<Record<string, unknown>>> {
  const results: Record<string, unknown> = {};
  for (const taskId of new Set(taskIds)) {
    const mapped: unknown[] = [];
    let cursor: string | undefined = '';
    while (cursor !== undefined) {
      const page = { limit: TASKS_AT_ONCE, offset: 0, orderBy: ['map_index'], cursor };
      const { items, next }: Awaited<ReturnType<typeof deps.queries.results>> = await deps.queries.results({ dagId, runId, taskId }, page);
      for (const { taskInstanceId, mapIndex } of items) {
        const value: unknown = JSON.parse((await valueOfResult(taskInstanceId, deps)) ?? 'null');
        if (mapIndex < 0) results[taskId] = value;
        else mapped.push(value);
      }
      cursor = next;
    }
    if (mapped.length > 0) results[taskId] = mapped;
  }
  return results;
}
