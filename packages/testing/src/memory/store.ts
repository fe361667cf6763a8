/** The store in memory: every port of a store, over one database. For tests and simulations. */
import type {
  AccessStore,
  AssetStore,
  AttemptStore,
  AuditStore,
  BackfillStore,
  CatalogStore,
  Clock,
  CommandStore,
  ConnectionStore,
  DataReportStore,
  DeadlineStore,
  IdempotencyStore,
  LineageStore,
  NoticeStore,
  PoolStore,
  ProgressStore,
  RetentionStore,
  RunEvents,
  SchedulerStore,
  ScheduleStore,
  StateStore,
  VariableStore,
  WaitStore,
} from '@headrace/ports';
import { createAccessStore } from './access-store.ts';
import { createAssetStore } from './asset-store.ts';
import { createAttemptStore } from './attempt-store.ts';
import { createAuditStore } from './audit-store.ts';
import { createBackfillStore } from './backfill-store.ts';
import { createCatalogStore } from './catalog-store.ts';
import { createCommandStore } from './command-store.ts';
import { createConnectionStore } from './connection-store.ts';
import { createDataReportStore } from './data-report-store.ts';
import { MemoryDatabase } from './database.ts';
import { createDeadlineStore } from './deadline-store.ts';
import { createIdempotencyStore } from './idempotency-store.ts';
import { createLineageStore } from './lineage-store.ts';
import { createNoticeStore } from './notice-store.ts';
import { createPoolStore } from './pool-store.ts';
import { createProgressStore } from './progress-store.ts';
import { createRetentionStore } from './retention-store.ts';
import { createRunEvents } from './run-events.ts';
import { createScheduleStore } from './schedule-store.ts';
import { createSchedulerStore } from './scheduler-store.ts';
import { createStateStore } from './state-store.ts';
import { createVariableStore } from './variable-store.ts';
import { createWaitStore } from './wait-store.ts';

export interface MemoryStore {
  readonly db: MemoryDatabase;
  readonly scheduler: SchedulerStore;
  readonly attempts: AttemptStore;
  readonly events: RunEvents;
  readonly assets: AssetStore;
  readonly catalog: CatalogStore;
  readonly commands: CommandStore;
  readonly notices: NoticeStore;
  readonly deadlines: DeadlineStore;
  readonly pools: PoolStore;
  readonly backfills: BackfillStore;
  readonly connections: ConnectionStore;
  readonly variables: VariableStore;
  readonly progress: ProgressStore;
  readonly dataReports: DataReportStore;
  readonly lineage: LineageStore;
  readonly schedules: ScheduleStore;
  readonly states: StateStore;
  readonly retention: RetentionStore;
  readonly waits: WaitStore;
  readonly access: AccessStore;
  readonly audit: AuditStore;
  readonly idempotency: IdempotencyStore;
}

export function createMemoryStore(clock: Pick<Clock, 'now'>): MemoryStore {
  const db = new MemoryDatabase(clock);
  return {
    db,
    scheduler: createSchedulerStore(db),
    attempts: createAttemptStore(db),
    events: createRunEvents(db),
    assets: createAssetStore(db),
    catalog: createCatalogStore(db),
    commands: createCommandStore(db),
    notices: createNoticeStore(db),
    deadlines: createDeadlineStore(db),
    pools: createPoolStore(db),
    waits: createWaitStore(db),
    backfills: createBackfillStore(db),
    connections: createConnectionStore(db),
    variables: createVariableStore(db),
    progress: createProgressStore(db),
    dataReports: createDataReportStore(db),
    lineage: createLineageStore(db),
    schedules: createScheduleStore(db),
    states: createStateStore(db),
    retention: createRetentionStore(db),
    access: createAccessStore(db),
    audit: createAuditStore(db),
    idempotency: createIdempotencyStore(db),
  };
}
