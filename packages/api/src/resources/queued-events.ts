/** Events that wait on the queues of DAGs for others to come. */
import { QueuedEvent, QueuedEventCollection, QueuedEventQuery } from '@headrace/api-contract';
import type { QueuedEventFilter } from '@headrace/ports';
import { Type } from 'typebox';
import { presentQueuedEvents } from '../answers/asset.ts';
import { toInstant } from '../answers/date-times.ts';
import { ApiProblem } from '../http/api-problem.ts';
import { answers, path, permit } from '../http/route-schema.ts';
import type { Routes } from './context.ts';
import { findAsset } from './find-asset.ts';

const tags = ['Asset'];
const NOTHING = { ...answers(Type.Null(), 'HR_QUEUED_EVENT_NOT_FOUND'), 204: Type.Null() };

export const queuedEventRoutes: Routes = async (app, { deps: { assets }, lookup }) => {
  async function filterOf(place: { dag_id?: string; asset_id?: number }, { before }: { before?: string }): Promise<QueuedEventFilter> {
    if (place.dag_id !== undefined) await lookup.dag(place.dag_id);
    if (place.asset_id !== undefined) await findAsset(assets, { assetId: String(place.asset_id) });
    const instant = toInstant(before);
    return {
      ...(place.dag_id === undefined ? {} : { dagId: place.dag_id }),
      ...(place.asset_id === undefined ? {} : { assetId: String(place.asset_id) }),
      ...(instant === undefined ? {} : { before: instant }),
    };
  }

  /** As Airflow answers: what is not there is not found, also in a list. */
  function nothing({ dagId, assetId }: QueuedEventFilter): ApiProblem {
    const where = [...(dagId === undefined ? [] : [`of DAG "${dagId}"`]), ...(assetId === undefined ? [] : [`of asset ${assetId}`])];
    return new ApiProblem('HR_QUEUED_EVENT_NOT_FOUND', `There is no queued event ${where.join(' ')}`);
  }

  async function list(filter: QueuedEventFilter): Promise<QueuedEventCollection> {
    const queued = presentQueuedEvents(await assets.queuedEvents(filter));
    if (queued.length === 0) throw nothing(filter);
    return { queued_events: queued, total_entries: queued.length };
  }

  async function drop(filter: QueuedEventFilter): Promise<void> {
    if ((await assets.dropQueuedEvents(filter)) === 0) throw nothing(filter);
  }

  app.get(
    '/assets/:asset_id/queuedEvents',
    {
      ...permit('read', 'asset'),
      schema: {
        operationId: 'get_asset_queued_events',
        tags,
        params: path('asset_id'),
        querystring: QueuedEventQuery,
        response: answers(QueuedEventCollection, 'HR_ASSET_NOT_FOUND', 'HR_QUEUED_EVENT_NOT_FOUND'),
      },
    },
    async ({ params, query }) => list(await filterOf(params, query)),
  );

  app.delete(
    '/assets/:asset_id/queuedEvents',
    {
      ...permit('operate', 'asset'),
      schema: {
        operationId: 'delete_asset_queued_events',
        tags,
        params: path('asset_id'),
        querystring: QueuedEventQuery,
        response: NOTHING,
      },
    },
    async ({ params, query }, reply) => {
      await drop(await filterOf(params, query));
      return reply.code(204).send(null);
    },
  );

  app.get(
    '/dags/:dag_id/assets/queuedEvents',
    {
      ...permit('read', 'asset'),
      schema: {
        operationId: 'get_dag_asset_queued_events',
        tags,
        params: path('dag_id'),
        querystring: QueuedEventQuery,
        response: answers(QueuedEventCollection, 'HR_DAG_NOT_FOUND', 'HR_QUEUED_EVENT_NOT_FOUND'),
      },
    },
    async ({ params, query }) => list(await filterOf(params, query)),
  );

  app.delete(
    '/dags/:dag_id/assets/queuedEvents',
    {
      ...permit('operate', 'asset'),
      schema: {
        operationId: 'delete_dag_asset_queued_events',
        tags,
        params: path('dag_id'),
        querystring: QueuedEventQuery,
        response: NOTHING,
      },
    },
    async ({ params, query }, reply) => {
      await drop(await filterOf(params, query));
      return reply.code(204).send(null);
    },
  );

  app.get(
    '/dags/:dag_id/assets/:asset_id/queuedEvents',
    {
      ...permit('read', 'asset'),
      schema: {
        operationId: 'get_dag_asset_queued_event',
        tags,
        params: path('dag_id', 'asset_id'),
        querystring: QueuedEventQuery,
        response: answers(QueuedEvent, 'HR_DAG_NOT_FOUND', 'HR_ASSET_NOT_FOUND', 'HR_QUEUED_EVENT_NOT_FOUND'),
      },
    },
    async ({ params, query }) => {
      const filter = await filterOf(params, query);
      const [queued] = presentQueuedEvents(await assets.queuedEvents(filter));
      if (queued === undefined) throw nothing(filter);
      return queued;
    },
  );

  app.delete(
    '/dags/:dag_id/assets/:asset_id/queuedEvents',
    {
      ...permit('operate', 'asset'),
      schema: {
        operationId: 'delete_dag_asset_queued_event',
        tags,
        params: path('dag_id', 'asset_id'),
        querystring: QueuedEventQuery,
        response: NOTHING,
      },
    },
    async ({ params, query }, reply) => {
      await drop(await filterOf(params, query));
      return reply.code(204).send(null);
    },
  );
};
