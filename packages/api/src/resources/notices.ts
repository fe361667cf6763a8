/** The outbox of notices: what was told, what could not be, and having it delivered again. Ours. */
import { Notice, NoticeCollection, NoticeListQuery } from '@headrace/api-contract';
import type { NoticeRecord } from '@headrace/ports';
import { dateTime, dateTimeOrNull } from '../answers/date-times.ts';
import { ApiProblem } from '../http/api-problem.ts';
import { answers, path, permit } from '../http/route-schema.ts';
import type { Routes } from './context.ts';
import { pageOf } from './page.ts';

const tags = ['Notice'];

export const noticeRoutes: Routes = async (app, { deps: { notices } }) => {
  app.get(
    '/notices',
    {
      ...permit('read', 'notice'),
      schema: { operationId: 'get_notices', tags, querystring: NoticeListQuery, response: answers(NoticeCollection, 'HR_UNKNOWN_ORDER') },
    },
    async ({ query }) => {
      const filter = {
        ...(query.state === undefined ? {} : { states: query.state }),
        ...(query.dag_id === undefined ? {} : { dagId: query.dag_id }),
        ...(query.dag_run_id === undefined ? {} : { runId: query.dag_run_id }),
        ...(query.event === undefined ? {} : { event: query.event }),
      };
      const { items, total } = await notices.list(filter, pageOf(query));
      return { notices: items.map(present), total_entries: total };
    },
  );

  app.get(
    '/notices/:notice_id',
    {
      ...permit('read', 'notice'),
      schema: { operationId: 'get_notice', tags, params: path('notice_id'), response: answers(Notice, 'HR_NOTICE_NOT_FOUND') },
    },
    ({ params }) => find(params.notice_id),
  );

  app.post(
    '/notices/:notice_id/redeliver',
    {
      ...permit('operate', 'notice'),
      schema: { operationId: 'redeliver_notice', tags, params: path('notice_id'), response: answers(Notice, 'HR_NOTICE_NOT_FOUND') },
    },
    async ({ params }) => {
      if (!(await notices.redeliver(String(params.notice_id)))) throw unknown(params.notice_id);
      return find(params.notice_id);
    },
  );

  async function find(id: number): Promise<Notice> {
    const record = await notices.get(String(id));
    if (record === undefined) throw unknown(id);
    return present(record);
  }
};

function unknown(id: number): ApiProblem {
  return new ApiProblem('HR_NOTICE_NOT_FOUND', `There is no notice ${id}: delivered ones are forgotten after some weeks`);
}

function present(record: NoticeRecord): Notice {
  return {
    id: Number(record.id),
    key: record.key,
    idempotency_key: record.idempotencyKey,
    event: record.event,
    dag_id: record.dagId ?? null,
    dag_run_id: record.runId ?? null,
    target: { ...record.target },
    payload: record.payload,
    state: record.state,
    attempts: record.attempts,
    next_at: dateTimeOrNull(record.nextAt),
    last_error: record.lastError ?? null,
    created_at: dateTime(record.createdAt),
    delivered_at: dateTimeOrNull(record.deliveredAt),
  };
}
