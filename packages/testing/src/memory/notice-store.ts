/** The outbox of notices. */
import {
  type ClaimedNotice,
  type NoticeDelivery,
  type NoticeFilter,
  type NoticeRecord,
  type NoticeStore,
  type Page,
  UnknownOrderError,
} from '@headrace/ports';
import type { MemoryDatabase } from './database.ts';
import { compareIds } from './order.ts';
import type { NoticeRow } from './rows.ts';
import { saveNotices } from './save-notices.ts';

export function createNoticeStore(db: MemoryDatabase): NoticeStore {
  return {
    tell: async (notices) => db.transaction(() => saveNotices(db, notices)),
    claim: async (_deliverer, limit, leaseMs) => db.transaction(() => claim(db, limit, leaseMs)),
    settle: async (deliveries) =>
      db.transaction(() => {
        for (const delivery of deliveries) settle(db, delivery);
      }),
    async dueIn() {
      const due = [...db.notices.rows()].filter(isPending).map((row) => row.nextAt);
      return due.length === 0 ? undefined : Math.max(0, Math.min(...due) - db.now());
    },
    async onNew(listener) {
      const stop = db.watch((changes) => {
        if (changes.some(({ table, before }) => table === db.notices.name && before === undefined)) queueMicrotask(listener);
      });
      return async () => stop();
    },
    async list(filter, page) {
      const found = [...db.notices.rows()].filter((row) => fits(row, filter)).sort(orderOf(page));
      return { items: found.slice(page.offset, page.offset + page.limit).map(recordOf), total: found.length };
    },
    async get(id) {
      const row = db.noticesById.first(id);
      return row && recordOf(row);
    },
    redeliver: async (id) =>
      db.transaction(() => {
        const row = db.noticesById.first(id);
        if (row === undefined) return false;
        db.notices.change(row.key, { state: 'pending', nextAt: db.now(), attempts: 0, deliveredAt: undefined });
        return true;
      }),
  };
}

function isPending(row: NoticeRow): boolean {
  return row.state === 'pending';
}

function claim(db: MemoryDatabase, limit: number, leaseMs: number): readonly ClaimedNotice[] {
  const now = db.now();
  const due = [...db.notices.rows()].filter((row) => isPending(row) && row.nextAt <= now);
  const chosen = due.sort((a, b) => a.nextAt - b.nextAt || compareIds(a.id, b.id)).slice(0, limit);
  return chosen
    .map((row) => db.notices.change(row.key, { attempts: row.attempts + 1, nextAt: now + leaseMs }))
    .map((row) => {
      const { id, target, payload, idempotencyKey, createdAt } = recordOf(row);
      return { id, target, payload, idempotencyKey, createdAt, attempt: row.attempts, ...versionOf(row) };
    })
    .sort((a, b) => compareIds(a.id, b.id));
}

function settle(db: MemoryDatabase, { id, attempt, outcome }: NoticeDelivery): void {
  const row = db.noticesById.first(id);
  if (row === undefined || row.state === 'delivered') return;
  const now = db.now();
  if (outcome.kind === 'delivered') {
    db.notices.change(row.key, { state: 'delivered', deliveredAt: now, lastError: undefined });
    return;
  }
  if (row.state !== 'pending' || row.attempts !== attempt) return;
  const lastError = outcome.error;
  if (outcome.kind === 'dead') db.notices.change(row.key, { state: 'dead', lastError });
  else db.notices.change(row.key, { nextAt: now + Math.round(outcome.afterMs), lastError });
}

function fits(row: NoticeRow, { states, dagId, dagIds, runId, event }: NoticeFilter): boolean {
  const { payload } = recordOf(row);
  return (
    (states === undefined || states.includes(row.state)) &&
    (dagId === undefined || payload.dagId === dagId) &&
    (dagIds === undefined || (typeof payload.dagId === 'string' && dagIds.includes(payload.dagId))) &&
    (runId === undefined || payload.runId === runId) &&
    (event === undefined || payload.event === event)
  );
}

type Compare = (a: NoticeRow, b: NoticeRow) => number;

const ORDERS: Readonly<Record<string, Compare>> = {
  id: (a, b) => compareIds(a.id, b.id),
  created_at: (a, b) => compareIds(a.id, b.id),
  next_at: (a, b) => a.nextAt - b.nextAt,
};

/** @throws UnknownOrderError */
function orderOf({ orderBy = [] }: Page): Compare {
  const terms = orderBy.map((term): Compare => {
    const descending = term.startsWith('-');
    const compare = ORDERS[descending ? term.slice(1) : term];
    if (compare === undefined) throw new UnknownOrderError(term, Object.keys(ORDERS));
    return descending ? (a, b) => compare(b, a) : compare;
  });
  return (a, b) => terms.reduce((so, term) => so || term(a, b), 0) || compareIds(a.id, b.id);
}

function versionOf({ versionId }: NoticeRow): { readonly versionId?: string } {
  return versionId === undefined ? {} : { versionId };
}

function recordOf(row: NoticeRow): NoticeRecord {
  const payload = row.payload as Readonly<Record<string, unknown>>;
  return {
    id: row.id,
    key: row.key,
    // Any short text will do that differs for every notice and stays the same for one.
    idempotencyKey: `notice-${row.id.padStart(8, '0')}`,
    event: String(payload.event),
    target: row.target,
    payload,
    state: row.state,
    attempts: row.attempts,
    createdAt: row.createdAt,
    ...versionOf(row),
    ...(typeof payload.dagId === 'string' ? { dagId: payload.dagId } : {}),
    ...(typeof payload.runId === 'string' ? { runId: payload.runId } : {}),
    ...(row.state === 'pending' ? { nextAt: row.nextAt } : {}),
    ...(row.lastError === undefined ? {} : { lastError: row.lastError }),
    ...(row.deliveredAt === undefined ? {} : { deliveredAt: row.deliveredAt }),
  };
}
