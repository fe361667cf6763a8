/** Backfills as the API needs them: made, listed, paused, cancelled. Nothing ever works on them. */
import {
  BackfillEndedError,
  BackfillNotFoundError,
  type BackfillRecord,
  BackfillRunningError,
  type BackfillStore,
  type ExistingRunRecord,
  type NewBackfill,
  UnknownOrderError,
} from '@headrace/ports';

export interface MemoryBackfills extends BackfillStore {
  readonly asked: NewBackfill[];
  readonly runsAtDates: ExistingRunRecord[];
}

export function memoryBackfills(now: number): MemoryBackfills {
  const asked: NewBackfill[] = [];
  const runsAtDates: ExistingRunRecord[] = [];
  const records: BackfillRecord[] = [];

  function change(backfillId: string, fields: Partial<BackfillRecord>): BackfillRecord {
    const index = records.findIndex((record) => record.backfillId === backfillId);
    const record = records[index];
    if (record === undefined) throw new BackfillNotFoundError(backfillId);
    if (record.completedAt !== undefined) throw new BackfillEndedError(backfillId);
    const changed = { ...record, ...fields };
    records[index] = changed;
    return changed;
  }

  return {
    asked,
    runsAtDates,
    async create(backfill) {
      const open = records.find((record) => record.dagId === backfill.dagId && record.completedAt === undefined);
      if (open !== undefined) throw new BackfillRunningError(backfill.dagId, open.backfillId);
      asked.push(backfill);
      const { entries: _, ...fields } = backfill;
      const record = { ...fields, backfillId: String(records.length + 1), paused: false, createdAt: now, updatedAt: now };
      records.push(record);
      return record;
    },
    get: async (backfillId) => records.find((record) => record.backfillId === backfillId),
    async list(dagId, { limit, offset, orderBy = [] }) {
      const unknown = orderBy.find((column) => column !== 'id' && column !== '-id');
      if (unknown !== undefined) throw new UnknownOrderError(unknown, ['id']);
      const items = records.filter((record) => record.dagId === dagId);
      return { items: items.slice(offset, offset + limit), total: items.length };
    },
    async runs(backfillId) {
      const entries = asked[Number(backfillId) - 1]?.entries ?? [];
      const items = entries.map(({ position, logicalDate }) => ({ position, logicalDate, state: 'waiting' as const }));
      return { items, total: items.length };
    },
    setPaused: async (backfillId, paused) => change(backfillId, { paused }),
    cancel: async (backfillId) => change(backfillId, { paused: true, completedAt: now, cancelledAt: now }),
    existing: async (_, dates) => runsAtDates.filter((run) => dates.includes(run.logicalDate)),
    advance: async () => ({ open: 0, created: [], toClear: [], completed: [] }),
    noteCleared: async () => {},
    cancelledRuns: async () => [],
  };
}
