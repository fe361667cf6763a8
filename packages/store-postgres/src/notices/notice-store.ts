/** The outbox of notices. */
import type { Listed, NoticeFilter, NoticeRecord, NoticeStore, Page } from '@headrace/ports';
import type { Database, Queryable } from '../database.ts';
import { listen } from '../listener.ts';
import { Conditions } from '../queries/conditions.ts';
import { type ListQuery, list, one } from '../queries/list.ts';
import { transaction } from '../transaction.ts';
import { claimNotices, noticesDueIn, settleNotices } from './deliveries.ts';
import { NOTICE_COLUMNS, type NoticeRow, noticeOf } from './notice-row.ts';
import { NOTICES, saveNotices } from './save-notices.ts';

const LIST: ListQuery<NoticeRow, NoticeRecord> = {
  columns: NOTICE_COLUMNS,
  from: 'notice n',
  order: { id: 'n.id', created_at: 'n.id', next_at: 'n.next_at' },
  key: 'n.id',
  item: noticeOf,
};

/** Its tries begin anew: what it was given up for may be mended. */
const REDELIVER = `
  update notice set state = 'pending', next_at = now(), attempts = 0, delivered_at = null, deliverer = null
  where id = $1
  returning id`;

export function createNoticeStore(database: Database): NoticeStore {
  const work = () => database.lane('work');
  const reads = () => database.lane('reads');
  return {
    tell: (notices) => saveNotices(work(), notices),
    claim: (deliverer, limit, leaseMs) => claimNotices(work(), deliverer, limit, leaseMs),
    settle: (deliveries) => settleNotices(work(), deliveries),
    dueIn: () => noticesDueIn(work()),
    onNew: (listener) => listen(database, NOTICES, { onPayload: () => listener(), onGap: () => listener() }),

    list: (filter, page) => listNotices(reads(), filter, page),
    get: (id) => one(reads(), LIST, new Conditions().add('n.id = ?::bigint', id)),
    redeliver: (id) =>
      transaction(work(), async (client) => {
        const { rows } = await client.query(REDELIVER, [id]);
        if (rows.length > 0) await client.query('select pg_notify($1, $2)', [NOTICES, '']);
        return rows.length > 0;
      }),
  };
}

function listNotices(db: Queryable, { states, dagId, dagIds, runId, event }: NoticeFilter, page: Page): Promise<Listed<NoticeRecord>> {
  const conditions = new Conditions()
    .add('n.state = any(?::text[])', states)
    .add('n.dag_id = ?', dagId)
    .add('n.dag_id = any(?)', dagIds)
    .add('n.run_id = ?', runId)
    .add('n.event = ?', event);
  return list(db, LIST, conditions, page);
}
