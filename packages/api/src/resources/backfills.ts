import {
  Backfill,
  BackfillCollection,
  BackfillListQuery,
  BackfillPost,
  BackfillRunCollection,
  BackfillRunListQuery,
  DryRunBackfillCollection,
} from '@headrace/api-contract';
import type { BackfillEntry } from '@headrace/core';
import { BackfillNotFoundError, type BackfillRecord } from '@headrace/ports';
import { dateTime, dateTimeOrNull } from '../answers/date-times.ts';
import { answers, path, permit } from '../http/route-schema.ts';
import { askedBackfill } from './ask-backfill.ts';
import type { Routes } from './context.ts';
import { pageOf } from './page.ts';
import { callerOf } from './trigger.ts';

const tags = ['Backfill'];
const OF_BODY = { names: [{ kind: 'dag', at: 'body.dag_id' }] } as const;
const CREATE_PROBLEMS = ['HR_DAG_NOT_FOUND', 'HR_RUN_TYPE_NOT_ALLOWED', 'HR_BACKFILL_REFUSED', 'HR_INVALID_PARAMS'] as const;

export const backfillRoutes: Routes = async (app, { deps, lookup }) => {
  const { backfills } = deps;
  const byId = path('backfill_id');

  async function find(id: number): Promise<BackfillRecord> {
    const found = await backfills.get(String(id));
    if (found === undefined) throw new BackfillNotFoundError(String(id));
    return found;
  }

  app.get(
    '/backfills',
    {
      ...permit('read', 'backfill', { names: [{ kind: 'dag', at: 'query.dag_id' }] }),
      schema: {
        operationId: 'list_backfills',
        tags,
        querystring: BackfillListQuery,
        response: answers(BackfillCollection, 'HR_DAG_NOT_FOUND', 'HR_UNKNOWN_ORDER'),
      },
    },
    async ({ query }) => {
      await lookup.dag(query.dag_id);
      const { items, total } = await backfills.list(query.dag_id, pageOf(query));
      return { backfills: items.map(presentBackfill), total_entries: total };
    },
  );

  app.post(
    '/backfills',
    {
      ...permit('operate', 'backfill', OF_BODY),
      schema: {
        operationId: 'create_backfill',
        tags,
        body: BackfillPost,
        response: answers(Backfill, ...CREATE_PROBLEMS, 'HR_BACKFILL_RUNNING'),
      },
    },
    async (request) => {
      const { body } = request;
      const dag = await lookup.dag(body.dag_id);
      const asked = await askedBackfill(dag, body, deps);
      const { user } = callerOf(request);
      const version = body.run_on_latest_version ? {} : { versionId: dag.versionId };
      return presentBackfill(await backfills.create({ ...asked, ...version, ...(user === undefined ? {} : { user }) }));
    },
  );

  app.post(
    '/backfills/dry_run',
    {
      ...permit('operate', 'backfill', OF_BODY),
      schema: {
        operationId: 'create_backfill_dry_run',
        tags,
        body: BackfillPost,
        response: answers(DryRunBackfillCollection, ...CREATE_PROBLEMS),
      },
    },
    async ({ body }) => presentDryRun((await askedBackfill(await lookup.dag(body.dag_id), body, deps)).entries),
  );

  app.get(
    '/backfills/:backfill_id',
    {
      ...permit('read', 'backfill'),
      schema: { operationId: 'get_backfill', tags, params: byId, response: answers(Backfill, 'HR_BACKFILL_NOT_FOUND') },
    },
    async ({ params }) => presentBackfill(await find(params.backfill_id)),
  );

  for (const [name, change] of [
    ['pause', (id: string) => backfills.setPaused(id, true)],
    ['unpause', (id: string) => backfills.setPaused(id, false)],
    ['cancel', (id: string) => backfills.cancel(id)],
  ] as const) {
    app.put(
      `/backfills/:backfill_id/${name}`,
      {
        ...permit('operate', 'backfill'),
        schema: {
          operationId: `${name}_backfill`,
          tags,
          params: byId,
          response: answers(Backfill, 'HR_BACKFILL_NOT_FOUND', 'HR_BACKFILL_ENDED'),
        },
      },
      async ({ params }) => presentBackfill(await change(String(params.backfill_id))),
    );
  }
};

/** Ours, beside Airflow's: what became of each date. */
export const backfillRunRoutes: Routes = async (app, { deps: { backfills } }) => {
  app.get(
    '/backfills/:backfill_id/runs',
    {
      ...permit('read', 'backfill'),
      schema: {
        operationId: 'list_backfill_runs',
        tags,
        params: path('backfill_id'),
        querystring: BackfillRunListQuery,
        response: answers(BackfillRunCollection, 'HR_BACKFILL_NOT_FOUND'),
      },
    },
    async ({ params, query }) => {
      const id = String(params.backfill_id);
      if ((await backfills.get(id)) === undefined) throw new BackfillNotFoundError(id);
      const { items, total } = await backfills.runs(id, pageOf({ ...query, order_by: [] }));
      return {
        backfill_runs: items.map((run) => ({
          logical_date: dateTime(run.logicalDate),
          partition_key: run.partitionKey ?? null,
          state: run.state,
          reason: run.reason ?? null,
          dag_run_id: run.runId ?? null,
        })),
        total_entries: total,
      };
    },
  );
};

function presentBackfill(backfill: BackfillRecord): Backfill {
  return {
    id: Number(backfill.backfillId),
    dag_id: backfill.dagId,
    dag_display_name: backfill.dagId,
    from_date: dateTime(backfill.from),
    to_date: dateTime(backfill.to),
    dag_run_conf: backfill.params,
    is_paused: backfill.paused,
    reprocess_behavior: backfill.reprocess,
    max_active_runs: backfill.maxActiveRuns,
    created_at: dateTime(backfill.createdAt),
    completed_at: dateTimeOrNull(backfill.completedAt),
    updated_at: dateTime(backfill.updatedAt),
    is_cancelled: backfill.cancelledAt !== undefined,
  };
}

/** In the order of work. As in Airflow only what would be run is in `backfills`. */
function presentDryRun(entries: readonly BackfillEntry[]): DryRunBackfillCollection {
  const run: DryRunBackfillCollection['backfills'] = [];
  const skipped: DryRunBackfillCollection['skipped'] = [];
  for (const { logicalDate, intervalStart, partitionKey, action } of entries) {
    const logical_date = dateTime(logicalDate);
    if (action.kind === 'skip') skipped.push({ logical_date, dag_run_id: action.runId, reason: action.reason });
    else {
      run.push({
        logical_date,
        partition_key: partitionKey ?? null,
        partition_date: partitionKey === undefined ? null : dateTime(intervalStart),
        action: action.kind,
        dag_run_id: action.kind === 'clear' ? action.runId : null,
      });
    }
  }
  return { backfills: run, total_entries: run.length, skipped };
}
