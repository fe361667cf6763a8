/** The audit log, in memory. */
import {
  type AuditEntry,
  type AuditFilter,
  type AuditRecord,
  type AuditStore,
  auditHash,
  auditText,
  FIRST_HASH,
  FORGET_AUDIT,
  isVisible,
  type RetentionResult,
  type RetentionStep,
  UnknownOrderError,
} from '@headrace/ports';
import type { MemoryDatabase } from './database.ts';
import { likePattern } from './like-pattern.ts';

interface Anchor {
  readonly id: string;
  readonly hash: string;
}

const made = new WeakMap<MemoryDatabase, ReturnType<typeof makeTables>>();

function makeTables(db: MemoryDatabase) {
  return {
    entries: db.table<AuditRecord>('audit_event'),
    chain: db.table<{ readonly head: Anchor; readonly anchor: Anchor }>('audit_chain'),
  };
}

/** The log and retention share them. */
function tablesOf(db: MemoryDatabase): ReturnType<typeof makeTables> {
  const known = made.get(db) ?? makeTables(db);
  made.set(db, known);
  return known;
}

const NOTHING: Anchor = { id: '0', hash: FIRST_HASH };

function chainOf(db: MemoryDatabase) {
  return tablesOf(db).chain.get('only') ?? { head: NOTHING, anchor: NOTHING };
}

function append(db: MemoryDatabase, entry: AuditEntry): void {
  const { entries, chain } = tablesOf(db);
  const { head, anchor } = chainOf(db);
  const id = String(Number(head.id) + 1);
  const text = auditText(entry);
  const hash = auditHash(head.hash, id, text);
  entries.insert(id, { id, hash, text, entry: JSON.parse(text) as AuditEntry });
  chain.put('only', { head: { id, hash }, anchor });
}

type Key = (record: AuditRecord) => string | number | undefined;

const ORDERS: Readonly<Record<string, Key>> = {
  id: ({ id }) => Number(id),
  event_log_id: ({ id }) => Number(id),
  when: ({ entry }) => entry.at,
  dttm: ({ entry }) => entry.at,
  event: ({ entry }) => entry.action,
  owner: ({ entry }) => entry.actor,
  dag_id: ({ entry }) => entry.dag_id,
  task_id: ({ entry }) => entry.task_id,
  run_id: ({ entry }) => entry.run_id,
  map_index: ({ entry }) => entry.map_index,
};

export function createAuditStore(db: MemoryDatabase): AuditStore {
  const { entries } = tablesOf(db);
  const found = (filter: AuditFilter) => [...entries.rows()].filter(({ entry }) => fits(entry, filter));
  return {
    append: async (entry) => db.transaction(() => append(db, entry)),
    async entries(filter, { limit, offset, orderBy = [] }) {
      const all = found(filter).sort(comparison(orderBy));
      return { items: all.slice(offset, offset + limit), total: all.length };
    },
    entry: async (id) => entries.get(id),
    after: async (id, filter, limit) =>
      found(filter)
        .filter((one) => Number(one.id) > Number(id))
        .slice(0, limit),
    async chain() {
      const { head, anchor } = chainOf(db);
      return { headId: head.id, headHash: head.hash, anchorId: anchor.id, anchorHash: anchor.hash };
    },
  };
}

/** Of retention: the oldest go, and the log tells of it. */
export function forgetAudit(db: MemoryDatabase, { before, dryRun = false }: RetentionStep): RetentionResult {
  const { entries, chain } = tablesOf(db);
  const { head } = chainOf(db);
  const old = [...entries.rows()].filter(({ id }) => id !== head.id);
  const last = old.findLast(({ entry }) => entry.at < before);
  if (last === undefined) return { removed: { audit: 0 } };
  const gone = old.filter(({ id }) => Number(id) <= Number(last.id));
  if (dryRun) return { removed: { audit: gone.length } };
  const parameters = { through: last.id, hash: last.hash };
  append(db, { at: db.now(), actor_kind: 'housekeeping', action: FORGET_AUDIT, object: 'audit', outcome: 'allowed', parameters });
  chain.put('only', { ...chainOf(db), anchor: { id: last.id, hash: last.hash } });
  for (const { id } of gone) entries.delete(id);
  return { removed: { audit: gone.length } };
}

function fits(entry: AuditEntry, filter: AuditFilter): boolean {
  const is = <T>(wanted: T | undefined, value: T | undefined) => wanted === undefined || wanted === value;
  const like = (pattern: string | undefined, value: string | undefined) =>
    pattern === undefined || (value !== undefined && likePattern(pattern).test(value));
  return (
    is(filter.actor, entry.actor) &&
    like(filter.actorPattern, entry.actor) &&
    (filter.actions?.includes(entry.action) ?? true) &&
    !(filter.notActions?.includes(entry.action) ?? false) &&
    like(filter.actionPattern, entry.action) &&
    (filter.outcomes?.includes(entry.outcome) ?? true) &&
    is(filter.object, entry.object) &&
    is(filter.objectId, entry.object_id) &&
    (filter.ofDags === undefined || (entry.dag_id !== undefined && isVisible(filter.ofDags, entry.dag_id))) &&
    is(filter.dagId, entry.dag_id) &&
    like(filter.dagPattern, entry.dag_id) &&
    is(filter.runId, entry.run_id) &&
    like(filter.runPattern, entry.run_id) &&
    is(filter.taskId, entry.task_id) &&
    like(filter.taskPattern, entry.task_id) &&
    is(filter.mapIndex, entry.map_index) &&
    (filter.from === undefined || entry.at >= filter.from) &&
    (filter.until === undefined || entry.at < filter.until)
  );
}

/** What is missing comes last; ended by the id, in the direction of the term before it. */
function comparison(orderBy: readonly string[]): (a: AuditRecord, b: AuditRecord) => number {
  const last = orderBy.at(-1)?.startsWith('-') === true ? '-id' : 'id';
  const terms = [...orderBy, last].map((term) => {
    const descending = term.startsWith('-');
    const name = descending ? term.slice(1) : term;
    const key = Object.hasOwn(ORDERS, name) ? ORDERS[name] : undefined;
    if (key === undefined) throw new UnknownOrderError(name, Object.keys(ORDERS).sort());
    return (a: AuditRecord, b: AuditRecord): number => {
      const [x, y] = [key(a), key(b)];
      if (x === undefined || y === undefined) return Number(x === undefined) - Number(y === undefined);
      return (x < y ? -1 : x > y ? 1 : 0) * (descending ? -1 : 1);
    };
  });
  return (a, b) => terms.reduce((order, term) => order || term(a, b), 0);
}
