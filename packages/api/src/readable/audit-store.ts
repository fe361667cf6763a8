/**
 * The audit log as the caller may see it: all of it, or what was done to the DAGs that were granted to it.
 *
 * RA1. Who may not read all of it sees no entry that is about no DAG: of users, connections, variables, logins.
 * RA2. Nor from where somebody came, or with which key: that is for whoever looks after users.
 * RA3. What shows whether the log is whole is for those who may read all of it.
 */
import { type AuditFilter, type AuditRecord, type AuditStore, auditText } from '@headrace/ports';
import { mayAll, mayRead, requireOnAll, visibleTo } from './may.ts';

export function readableAudit(store: AuditStore): AuditStore {
  return {
    append: (entry) => store.append(entry),
    async entries(filter, page) {
      if (mayAll('read', 'audit')) return store.entries(filter, page);
      const { items, ...list } = await store.entries(narrowed(filter), page);
      return { ...list, items: items.map(withoutWhereabouts) };
    },
    async entry(id) {
      const found = await store.entry(id);
      if (found === undefined || mayAll('read', 'audit')) return found;
      const { dag_id: dagId } = found.entry;
      return dagId !== undefined && mayRead('history', dagId) ? withoutWhereabouts(found) : undefined;
    },
    async after(id, filter, limit) {
      requireOnAll('read', 'audit');
      return store.after(id, filter, limit);
    },
    async chain() {
      requireOnAll('read', 'audit');
      return store.chain();
    },
  };
}

function narrowed(filter: AuditFilter): AuditFilter {
  return { ...filter, ofDags: visibleTo('read', 'history') ?? [] };
}

function withoutWhereabouts({ entry: { address: _, key_id: __, ...entry }, ...record }: AuditRecord): AuditRecord {
  return { ...record, entry, text: auditText(entry) };
}
