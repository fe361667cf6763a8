/** What waits, for the scheduler's duty, for callers of webhooks and for people. */
import type { WaitFilter, WaitRecord, WaitStore } from '@headrace/ports';
import type { Database, Queryable } from '../database.ts';
import { Conditions } from '../queries/conditions.ts';
import { type ListQuery, list, one } from '../queries/list.ts';
import { closeAbandoned, endWaits } from './end-waits.ts';
import { assetWaits, dueWaits, waitsStanding, watchedRuns } from './open-waits.ts';
import { WAIT_COLUMNS, WAIT_COUNTS, WAIT_FROM, type WaitRow, waitRecordOf } from './wait-row.ts';

const WAITS: ListQuery<WaitRow, WaitRecord> = {
  columns: WAIT_COLUMNS,
  from: WAIT_FROM,
  order: { id: 'w.id', entered_at: 'w.entered_at', created_at: 'w.entered_at', timeout_at: 'w.timeout_at' },
  key: 'w.id',
  item: waitRecordOf,
};

export function createWaitStore(database: Database): WaitStore {
  const work = () => database.lane('work');
  const reads = () => database.lane('reads');
  return {
    standing: () => waitsStanding(work()),
    due: (limit) => dueWaits(work(), limit),
    assetWaits: (afterId, limit) => assetWaits(work(), afterId, limit),
    watchedRuns: (filter, limit) => watchedRuns(work(), filter, limit),
    endWaits: (endings) => endWaits(work(), endings),
    closeAbandoned: (limit) => closeAbandoned(work(), limit),
    byToken: (tokenHash) => byToken(work(), tokenHash),
    waits: (filter, page) => list(reads(), WAITS, conditionsOf(filter), page),
  };
}

function byToken(db: Queryable, tokenHash: string): Promise<WaitRecord | undefined> {
  return one(db, WAITS, new Conditions().add('w.token_hash = ?', tokenHash));
}

function conditionsOf(filter: WaitFilter): Conditions {
  const conditions = new Conditions()
    .add('r.dag_id = ?', filter.dagId)
    .add('r.dag_id = any(?)', filter.dagIds)
    .add('r.run_id = ?', filter.runId)
    .add('t.task_id = ?', filter.taskId)
    .add('t.map_index = ?', filter.mapIndex)
    .add('w.try_number = ?', filter.tryNumber)
    .add('w.kind = any(?)', filter.kinds)
    .add('t.state = any(?)', filter.taskStatuses)
    .add(`(w.condition -> 'form' -> 'assignees' @> to_jsonb(?::text) or w.condition -> 'form' -> 'assignees' = '[]')`, filter.assignee);
  conditions
    .like('r.dag_id', filter.dagIdPattern)
    .like('t.task_id', filter.taskIdPattern)
    .like(`w.condition -> 'form' ->> 'subject'`, filter.subjectPattern)
    .like(`w.condition -> 'form' ->> 'body'`, filter.bodyPattern)
    .add('w.username = any(?)', filter.users)
    .range('w.entered_at', filter.enteredAt);
  if (filter.open === true) conditions.require(`(${WAIT_COUNTS})`);
  if (filter.open === false) conditions.require(`not (${WAIT_COUNTS})`);
  return conditions;
}
