/** The audit log: appended in batches by one statement, whose lock of the chain's one row makes one chain of all processes. */
import { type AuditEntry, type AuditFilter, type AuditRecord, type AuditStore, auditText } from '@headrace/ports';
import { Batcher } from '../batcher.ts';
import type { Database } from '../database.ts';
import { Conditions } from '../queries/conditions.ts';
import { type ListQuery, list, one } from '../queries/list.ts';

interface Row {
  readonly id: string;
  readonly hash: string;
  readonly entry: string;
}

const ENTRIES: ListQuery<Row, AuditRecord> = {
  columns: 'a.id, a.hash, a.entry',
  from: 'audit_event a',
  order: {
    id: 'a.id',
    event_log_id: 'a.id',
    when: { neverNull: 'a.at_ms' },
    dttm: { neverNull: 'a.at_ms' },
    event: { neverNull: 'a.action' },
    owner: 'a.actor',
    dag_id: 'a.dag_id',
    task_id: 'a.task_id',
    run_id: 'a.run_id',
    map_index: 'a.map_index',
  },
  key: 'a.id',
  item: recordOf,
};

export function createAuditStore(database: Database): AuditStore {
  const reads = () => database.lane('reads');
  const appended = new Batcher<string, undefined>('audit_append', database.metrics, async (texts) => {
    await database.lane('work').query({ name: 'audit append', text: 'select audit_append($1::text[])', values: [texts] });
    return texts.map(() => undefined);
  });
  return {
    append: (entry) => appended.call(auditText(entry)),
    entries: (filter, page) => list(reads(), ENTRIES, conditionsOf(filter), page),
    entry: (id) => one(reads(), ENTRIES, new Conditions().add('a.id = ?', id)),
    async after(id, filter, limit) {
      const conditions = conditionsOf(filter).add('a.id > ?::bigint', id);
      const { rows } = await reads().query<Row>(
        `select a.id, a.hash, a.entry from audit_event a${conditions.sql} order by a.id limit $${conditions.values.length + 1}`,
        [...conditions.values, limit],
      );
      return rows.map(recordOf);
    },
    async chain() {
      const { rows } = await reads().query('select head_id, head_hash, anchor_id, anchor_hash from audit_chain');
      const [{ head_id, head_hash, anchor_id, anchor_hash }] = rows as [Record<string, string>];
      return { headId: String(head_id), headHash: String(head_hash), anchorId: String(anchor_id), anchorHash: String(anchor_hash) };
    },
  };
}

function conditionsOf(filter: AuditFilter): Conditions {
  const conditions = new Conditions();
  if (filter.ofDags !== undefined) conditions.require('a.dag_id is not null').visible('a.dag_id', filter.ofDags);
  return conditions
    .add('a.actor = ?', filter.actor)
    .like('a.actor', filter.actorPattern)
    .anyOf('a.action', filter.actions)
    .add('a.action <> all(?)', filter.notActions)
    .like('a.action', filter.actionPattern)
    .anyOf('a.outcome', filter.outcomes)
    .add('a.object_kind = ?', filter.object)
    .add('a.object_id = ?', filter.objectId)
    .add('a.dag_id = ?', filter.dagId)
    .like('a.dag_id', filter.dagPattern)
    .add('a.run_id = ?', filter.runId)
    .like('a.run_id', filter.runPattern)
    .add('a.task_id = ?', filter.taskId)
    .like('a.task_id', filter.taskPattern)
    .add('a.map_index = ?', filter.mapIndex)
    .add('a.at_ms >= ?::bigint', filter.from)
    .add('a.at_ms < ?::bigint', filter.until);
}

function recordOf({ id, hash, entry }: Row): AuditRecord {
  return { id, hash, text: entry, entry: JSON.parse(entry) as AuditEntry };
}
